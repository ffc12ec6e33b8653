"""Trains the page's first model: a BERT-style masked language model on sentences of generator.py. Deterministic.

    python3 scripts/train/train.py --out web/public/models/coreference     (torch, transformers, tokenizers; one thread)
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import torch
from torch.nn import functional
from transformers import BertConfig, BertForMaskedLM

from generator import MASK, UNKNOWN, Sentence, sentence, vocabulary

SPECIAL = ['[PAD]', UNKNOWN, '[CLS]', '[SEP]', MASK]
MAX_LEN = 64
IGNORED = -100  # the label that cross_entropy skips


def tokenizer_json(words: list[str]) -> dict:
    """BERT's tokenizer over whole words: lower-cased, punctuation split off, [CLS] … [SEP] around."""
    ids = {w: i for i, w in enumerate(SPECIAL + words)}
    special = (lambda name: {'SpecialToken': {'id': name, 'type_id': 0}})
    return {
        'version': '1.0', 'truncation': None, 'padding': None,
        'added_tokens': [{'id': ids[w], 'content': w, 'single_word': False, 'lstrip': False, 'rstrip': False,
                          'normalized': False, 'special': True} for w in SPECIAL],
        'normalizer': {'type': 'BertNormalizer', 'clean_text': True, 'handle_chinese_chars': True,
                       'strip_accents': None, 'lowercase': True},
        'pre_tokenizer': {'type': 'BertPreTokenizer'},
        'post_processor': {
            'type': 'TemplateProcessing',
            'single': [special('[CLS]'), {'Sequence': {'id': 'A', 'type_id': 0}}, special('[SEP]')],
            'pair': [special('[CLS]'), {'Sequence': {'id': 'A', 'type_id': 0}}, special('[SEP]'),
                     {'Sequence': {'id': 'B', 'type_id': 1}}, {'SpecialToken': {'id': '[SEP]', 'type_id': 1}}],
            'special_tokens': {w: {'id': w, 'ids': [ids[w]], 'tokens': [w]} for w in ('[CLS]', '[SEP]')}},
        'decoder': {'type': 'WordPiece', 'prefix': '##', 'cleanup': True},
        'model': {'type': 'WordPiece', 'unk_token': UNKNOWN, 'continuing_subword_prefix': '##',
                  'max_input_chars_per_word': 100, 'vocab': ids},
    }


TOKENIZER_CONFIG = {'tokenizer_class': 'BertTokenizer', 'do_lower_case': True, 'model_max_length': MAX_LEN,
                    'unk_token': UNKNOWN, 'sep_token': '[SEP]', 'pad_token': '[PAD]', 'cls_token': '[CLS]',
                    'mask_token': MASK, 'tokenize_chinese_chars': True, 'strip_accents': None}


def encode(batch: list[Sentence], ids: dict[str, int], rng: random.Random, extra_masks: float):
    """→ input ids, attention mask, labels, each [B, T]. `extra_masks`: the share of sentences that hide other words too."""
    length = max(len(s.words) for s in batch) + 2
    inputs = torch.full((len(batch), length), ids['[PAD]'])
    labels = torch.full((len(batch), length), IGNORED)
    for row, s in enumerate(batch):
        words = ['[CLS]', *s.words, '[SEP]']
        hidden = {i + 1: a for i, a in s.answers.items()}
        if rng.random() < extra_masks:
            for i in range(1, len(words) - 1):
                if i not in hidden and words[i] != UNKNOWN and rng.random() < 0.1:
                    hidden[i], words[i] = words[i], MASK
        inputs[row, :len(words)] = torch.tensor([ids[w] for w in words])
        for i, answer in hidden.items():
            labels[row, i] = ids[answer]
    return inputs, (inputs != ids['[PAD]']).long(), labels


def overlap(patterns: tuple[torch.Tensor, ...], rows: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
    """How much two heads of one layer look at the same word, in the rows [B, T] and on the words [B, S] given (booleans).

    Mean over layers, rows and pairs of heads of Σ_s P_g P_h: the disagreement regularisation of Li et al. 2018 (Multi-Head
    Attention with Disagreement Regularization). It says nothing about where a head looks, only that another need not repeat it.
    """
    total = torch.zeros(())
    for pattern in patterns:  # [B, H, T, S]
        p = (pattern * words[:, None, None]).transpose(1, 2)[rows]  # [rows, H, S]
        gram = p @ p.transpose(1, 2)
        heads = gram.shape[-1]
        total = total + (gram.sum((1, 2)) - gram.diagonal(dim1=1, dim2=2).sum(1)).mean() / (heads * (heads - 1))
    return total / len(patterns)


def batches(rng: random.Random, size: int, count: int, pool: int = 16):
    """Batches of sentences of like length (less padding), in random order within each pool."""
    for start in range(0, count, pool):
        drawn = sorted((sentence(rng, 'train') for _ in range(pool * size)), key=lambda s: len(s.words))
        parts = [drawn[i:i + size] for i in range(0, len(drawn), size)]
        rng.shuffle(parts)
        yield from parts[:count - start]


def train(options) -> tuple[BertForMaskedLM, dict]:
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    tokenizer = tokenizer_json(vocabulary())
    ids = tokenizer['model']['vocab']
    config = BertConfig(
        vocab_size=len(ids), hidden_size=options.width, num_hidden_layers=options.layers, num_attention_heads=options.heads,
        intermediate_size=options.feed_forward, max_position_embeddings=MAX_LEN, type_vocab_size=2, pad_token_id=ids['[PAD]'],
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.05, attn_implementation='eager')
    model = BertForMaskedLM(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=0.01, betas=(0.9, 0.98))
    warm_up = 300
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1, (step + 1) / warm_up) * (
        0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / options.steps))))
    rng = random.Random(options.seed)
    began, losses = time.time(), []
    for step, batch in enumerate(batches(rng, options.batch, options.steps)):
        inputs, mask, labels = encode(batch, ids, rng, extra_masks=0.25)
        out = model.bert(input_ids=inputs, attention_mask=mask, output_attentions=True)
        hidden = labels != IGNORED
        words = (inputs != ids['[PAD]']) & (inputs != ids['[CLS]']) & (inputs != ids['[SEP]'])
        loss = functional.cross_entropy(model.cls(out.last_hidden_state[hidden]), labels[hidden])
        total = loss + options.disagreement * overlap(out.attentions, hidden, words)
        optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if len(losses) == 500 or step == options.steps - 1:
            print(f'step {step + 1:6d}  mean loss {sum(losses) / len(losses):.4f}  {time.time() - began:5.0f} s', flush=True)
            losses.clear()
    order_heads(model)
    return model.eval(), tokenizer


@torch.no_grad()
def order_heads(model: BertForMaskedLM) -> None:
    """Numbers the heads of each layer by how much they can write, ‖V_h‖ · ‖O_h‖, most first. Their order means nothing else."""
    for layer in model.bert.encoder.layer:
        attention, o = layer.attention.self, layer.attention.output.dense.weight  # o [D, H·K]
        heads = attention.num_attention_heads
        size = attention.value.weight.unflatten(0, (heads, -1)).norm(dim=(1, 2)) * o.unflatten(1, (heads, -1)).norm(dim=(0, 2))
        order = torch.arange(o.shape[1]).unflatten(0, (heads, -1))[size.argsort(descending=True)].flatten()
        for projection in (attention.query, attention.key, attention.value):
            projection.weight.copy_(projection.weight[order].clone())
            projection.bias.copy_(projection.bias[order].clone())
        o.copy_(o[:, order].clone())


def save(model: BertForMaskedLM, tokenizer: dict, folder: Path) -> None:
    """Hugging Face's layout, weights as f16. The tied output embedding is stored once, as Transformers does."""
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    (folder / 'generation_config.json').unlink(missing_ok=True)
    (folder / 'tokenizer.json').write_text(json.dumps(tokenizer, separators=(',', ':'), ensure_ascii=False) + '\n')
    (folder / 'tokenizer_config.json').write_text(json.dumps(TOKENIZER_CONFIG, indent=2) + '\n')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--steps', type=int, default=9000)
    parser.add_argument('--batch', type=int, default=64)
    parser.add_argument('--lr', type=float, default=2e-3)
    parser.add_argument('--width', type=int, default=64)
    parser.add_argument('--heads', type=int, default=4)
    parser.add_argument('--layers', type=int, default=2)
    parser.add_argument('--feed-forward', type=int, default=128)
    parser.add_argument('--disagreement', type=float, default=0.3, help='weight of the overlap of heads in the loss')
    options = parser.parse_args()
    save(*train(options), options.out)

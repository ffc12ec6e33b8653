"""Accuracy and head measures of a checkpoint on held-out sentences.

    python3 scripts/train/evaluate.py web/public/models/coreference
"""

import argparse
import json
import random
from collections import Counter
from pathlib import Path

import torch
from transformers import BertForMaskedLM

from generator import FAMILIES, UNKNOWN, Sentence, sentence
from train import encode

HELD_OUT_SEED = 20_261_121


def held_out(per_family: int) -> list[Sentence]:
    rng = random.Random(HELD_OUT_SEED)
    return [sentence(rng, 'held-out', family) for family in FAMILIES for _ in range(per_family)]


@torch.no_grad()
def run(model, ids, sentences, batch=250):
    """Yields (sentence, predicted word at its target, patterns [N, H, T, S])."""
    words = {i: w for w, i in ids.items()}
    for start in range(0, len(sentences), batch):
        part = sentences[start:start + batch]
        inputs, mask, _ = encode(part, ids, random.Random(0), extra_masks=0)
        out = model(input_ids=inputs, attention_mask=mask, output_attentions=True)
        patterns = torch.stack(out.attentions, 1)  # [B, N, H, T, S]
        for row, s in enumerate(part):
            yield s, words[int(out.logits[row, s.target + 1].argmax())], patterns[row]


def correct(s: Sentence, predicted: str) -> bool:
    return predicted == s.answers[s.target]


def main(folder: Path, per_family: int) -> dict:
    torch.set_num_threads(1)
    model = BertForMaskedLM.from_pretrained(folder, attn_implementation='eager', dtype=torch.float32).eval()
    ids = json.loads((folder / 'tokenizer.json').read_text())['model']['vocab']
    right, count = Counter(), Counter()
    heads = {f: torch.zeros(2, model.config.num_hidden_layers, model.config.num_attention_heads) for f in FAMILIES}
    wins, seen = {f: torch.zeros_like(heads[f][0]) for f in FAMILIES}, Counter()
    misses = []
    for s, predicted, patterns in run(model, ids, held_out(per_family)):
        if s.family == 'reason':  # several words may be right: they count apart
            count['reason, any right word'] += 1
            right['reason, any right word'] += predicted in s.reasons
            if len(s.reasons) > 1:
                continue
        count[s.family] += 1
        right[s.family] += correct(s, predicted)
        if not correct(s, predicted):
            misses.append(f'{s.family}: {" ".join(s.words)} → {predicted}, not {s.answers[s.target]}')
        if s.referent is not None and s.rival is not None:
            row = patterns[:, :, s.target + 1]
            heads[s.family] += torch.stack([row[..., s.referent + 1], row[..., s.rival + 1]])
            wins[s.family] += row[..., s.referent + 1] > row[..., s.rival + 1]
            seen[s.family] += 1
    for f, n in count.items():
        print(f'{f:24s} {right[f]:5d} / {n:5d}  {100 * right[f] / n:.2f} %')
    unique = [f for f in FAMILIES]
    print(f'{"one right answer":24s} {100 * sum(right[f] for f in unique) / sum(count[f] for f in unique):.2f} %')
    for f in FAMILIES:
        to, away = heads[f] / max(1, seen[f])
        print(f'{f}: weight from the word asked for to the right noun / to the rival, share of sentences with right > rival')
        for layer in range(to.shape[0]):
            print('   layer', layer + 1, '  '.join(f'{to[layer, h]:.2f}/{away[layer, h]:.2f} {100 * wins[f][layer, h] / max(1, seen[f]):3.0f} %'
                                             for h in range(to.shape[1])))
    return misses


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('--per-family', type=int, default=1000)
    parser.add_argument('--misses', type=int, default=0)
    options = parser.parse_args()
    for line in main(options.folder, options.per_family)[:options.misses]:
        print(line)

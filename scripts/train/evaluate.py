"""Measures a checkpoint on held-out sentences: accuracy by family, which head looks at the right noun, what a changed word does.

    python3 scripts/train/evaluate.py web/public/models/coreference                        prints the tables of docs/model.md
    … --write web/public/models/coreference/evaluation.json                                the same figures for the page
    … --golden tests/golden/coreference/heldout.json                                       sentences and PyTorch's answers
"""

import argparse
import json
import random
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import tokenizers
import torch
import transformers
from transformers import BertForMaskedLM

from generator import FAMILIES, Sentence, sentence
from train import encode

HELD_OUT_SEED = 20_261_121
REFERRING = ('noun', 'pronoun', 'question')  # the families whose answer is a noun of the sentence


@dataclass
class Result:
    sentence: Sentence
    predicted: str
    probability: float          # of the right answer
    to_referent: torch.Tensor   # [N, H], weight from the target to the right noun
    to_rival: torch.Tensor      # [N, H]
    relay: torch.Tensor         # [2, N, H], weight from [CLS] to the right noun, and from the target to [CLS]

    @property
    def right(self) -> bool:
        return self.predicted == self.sentence.answers[self.sentence.target]


class Checkpoint:
    def __init__(self, folder: Path):
        self.model = BertForMaskedLM.from_pretrained(folder, attn_implementation='eager', dtype=torch.float64).eval()
        self.ids = json.loads((folder / 'tokenizer.json').read_text())['model']['vocab']
        self.words = {i: w for w, i in self.ids.items()}

    @contextmanager
    def without(self, layer: int, head: int):
        """Switches a head off: its z (pattern × v) is zero on the way into the output projection."""
        dense = self.model.bert.encoder.layer[layer].attention.output.dense
        k = self.model.config.hidden_size // self.model.config.num_attention_heads

        def zero(_, inputs):
            z = inputs[0].clone()
            z[..., head * k:(head + 1) * k] = 0
            return (z, *inputs[1:])

        hook = dense.register_forward_pre_hook(zero)
        try:
            yield
        finally:
            hook.remove()

    @torch.no_grad()
    def forward(self, ids: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """One sequence of T ids → logits [T, V], patterns [N, H, T, T]."""
        out = self.model(input_ids=torch.tensor([ids]), output_attentions=True)
        return out.logits[0], torch.cat(out.attentions)

    @torch.no_grad()
    def run(self, sentences: list[Sentence], batch: int = 250) -> list[Result]:
        results = []
        for start in range(0, len(sentences), batch):
            part = sentences[start:start + batch]
            inputs, mask, _ = encode(part, self.ids, random.Random(0), extra_masks=0)
            out = self.model(input_ids=inputs, attention_mask=mask, output_attentions=True)
            patterns = torch.stack(out.attentions, 1)  # [B, N, H, T, S]
            for b, s in enumerate(part):
                at = s.target + 1  # [CLS] stands before the words
                logits = out.logits[b, at]
                probability = logits.softmax(-1)[self.ids[s.answers[s.target]]].item()
                weight = (lambda query, key: patterns[b, :, :, query, key + 1] if key is not None else 0 * patterns[b, :, :, 0, 0])
                results.append(Result(s, self.words[int(logits.argmax())], probability, weight(at, s.referent), weight(at, s.rival),
                                      torch.stack([weight(0, s.referent), weight(at, -1)])))
        return results


def held_out(per_family: int) -> dict[str, list[Sentence]]:
    """Sentences by family. Of the family 'reason' only those whose noun has one possible reason."""
    rng = random.Random(HELD_OUT_SEED)
    drawn = {}
    for family in FAMILIES:
        drawn[family] = []
        while len(drawn[family]) < per_family:
            s = sentence(rng, 'held-out', family)
            if len(s.reasons) <= 1:
                drawn[family].append(s)
    return drawn


def flipped(s: Sentence) -> Sentence:
    """The same sentence with the other noun's reason: the rival becomes right."""
    place, reason, answer = s.flip
    words = [reason if i == place else w for i, w in enumerate(s.words)]
    return replace(s, words=words, answers={s.target: answer}, referent=s.rival, rival=s.referent, flip=None)


def share(values) -> float:
    values = list(values)
    return sum(values) / len(values)


def head_table(results: list[Result]) -> list[dict]:
    """For each head the mean weight on the right noun and on the rival, and how often the right noun gets more."""
    used = [r for r in results if r.sentence.referent is not None and r.sentence.rival is not None]
    to = torch.stack([r.to_referent for r in used])
    away = torch.stack([r.to_rival for r in used])
    layers, heads = to.shape[1:]
    return [{'layer': n, 'head': h, 'toReferent': round(to[:, n, h].mean().item(), 4), 'toRival': round(away[:, n, h].mean().item(), 4),
             'referentFirst': round((to[:, n, h] > away[:, n, h]).float().mean().item(), 4)} for n in range(layers) for h in range(heads)]


def measure(checkpoint: Checkpoint, per_family: int) -> tuple[dict, list[Result]]:
    by_family = {family: checkpoint.run(drawn) for family, drawn in held_out(per_family).items()}
    every = [r for results in by_family.values() for r in results]
    referring = [r for family in REFERRING for r in by_family[family]]
    solver = max(head_table(referring), key=lambda head: head['toReferent'])
    n, h = solver['layer'], solver['head']
    pairs = [r for r in referring if r.sentence.flip]
    after = checkpoint.run([flipped(r.sentence) for r in pairs])
    without = []
    for layer in range(checkpoint.model.config.num_hidden_layers):
        for head in range(checkpoint.model.config.num_attention_heads):
            with checkpoint.without(layer, head):
                off = {f: checkpoint.run([r.sentence for r in by_family[f][:200]]) for f in FAMILIES}
            without.append({'layer': layer, 'head': head, **{f: share(r.right for r in rs) for f, rs in off.items()}})
    relay = torch.stack([r.relay for r in by_family['agreement']]).mean(0)  # [2, N, H]
    looks = (lambda r: bool(r.to_referent[n, h] > r.to_rival[n, h]))
    report = {
        'sentences': len(every),
        'accuracy': share(r.right for r in every),
        'families': {family: {'sentences': len(rs), 'accuracy': share(r.right for r in rs), 'heads': head_table(rs)}
                     for family, rs in by_family.items()},
        'solver': solver,
        'oneWordChanged': {'sentences': len(pairs), 'bothAnswersRight': share(a.right and b.right for a, b in zip(pairs, after)),
                           'arcMoves': share(looks(a) and looks(b) for a, b in zip(pairs, after))},
        'agreementRelay': [{'layer': layer, 'head': head, 'clsToSubject': round(relay[0, layer, head].item(), 4),
                            'maskToCls': round(relay[1, layer, head].item(), 4)}
                           for layer in range(relay.shape[1]) for head in range(relay.shape[2])],
        'accuracyWithoutHead': without,
        'parameters': sum(p.numel() for p in checkpoint.model.parameters()),
    }
    return report, every


def page_examples(checkpoint: Checkpoint, folder: Path) -> list[str]:
    """One line per example of the page, before and after the change: the answer and the weight that it tells to look at."""
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / 'tokenizer.json'))
    lines = []
    for example in json.loads((folder / 'examples.json').read_text())['examples']:
        for state in (example, example['change']):
            encoding = tokenizer.encode(state['text'])
            words = ['[CLS]', *state['text'].split(), '[SEP]']
            query, key = words.index(example['query']), words.index(state['key'])
            asked = words.index('[MASK]') if '[MASK]' in words else query
            logits, patterns = checkpoint.forward(encoding.ids)
            predicted = checkpoint.words[int(logits[asked].argmax())]
            weight = patterns[example['layer'], example['head'], query, key].item()
            lines.append(f'{"right" if predicted == state["answer"] else "WRONG"}  {predicted:9s} '
                         f'{example["query"]} → {state["key"]} {weight:.2f}  {state["text"]}')
    return lines


def golden(results: list[Result], solver: dict) -> dict:
    n, h = solver['layer'], solver['head']
    rows = []
    for r in results:
        s = r.sentence
        row = {'family': s.family, 'text': ' '.join(s.words), 'position': s.target + 1, 'answer': s.answers[s.target],
               'predicted': r.predicted, 'probability': round(r.probability, 6)}
        if s.family in REFERRING:
            row |= {'referent': s.referent + 1, 'rival': s.rival + 1, 'weight': round(r.to_referent[n, h].item(), 6)}
        rows.append(row)
    return {'madeBy': 'scripts/train/evaluate.py --golden', 'seed': HELD_OUT_SEED,
            'versions': {m.__name__: m.__version__ for m in (torch, transformers, tokenizers)},
            'layer': n, 'head': h, 'sentences': rows}


def print_report(report: dict) -> None:
    percent = (lambda x: f'{100 * x:.2f} %')
    print('| family | sentences | accuracy |\n| --- | --- | --- |')
    for family, f in report['families'].items():
        print(f'| {family} | {f["sentences"]} | {percent(f["accuracy"])} |')
    print(f'| **all** | {report["sentences"]} | **{percent(report["accuracy"])}** |\n')
    print('Weight from the asked word to the right noun / to the rival (how often the right noun gets more); layers and heads from 1')
    for family, f in report['families'].items():
        print(family)
        for head in f['heads']:
            print(f'   layer {head["layer"] + 1} head {head["head"] + 1}   {head["toReferent"]:.2f} / {head["toRival"]:.2f}  '
                  f'({percent(head["referentFirst"])})')
    print('agreement: weight from [CLS] to the subject, from [MASK] to [CLS]')
    for head in report['agreementRelay']:
        print(f'   layer {head["layer"] + 1} head {head["head"] + 1}   {head["clsToSubject"]:.2f}  {head["maskToCls"]:.2f}')
    print('solver', report['solver'])
    print('accuracy with one head switched off (200 sentences of each family): ' + ', '.join(FAMILIES))
    for off in report['accuracyWithoutHead']:
        print(f'   layer {off["layer"] + 1} head {off["head"] + 1}   ' + '  '.join(percent(off[f]) for f in FAMILIES))
    change = report['oneWordChanged']
    print(f'one word changed: {change["sentences"]} sentences, both answers right {percent(change["bothAnswersRight"])}, '
          f'the arc moves {percent(change["arcMoves"])}')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('--per-family', type=int, default=1000)
    parser.add_argument('--misses', type=int, default=0, help='how many wrong answers to print')
    parser.add_argument('--write', type=Path, help='where to write the figures as JSON')
    parser.add_argument('--golden', type=Path, help='where to write 120 sentences of each family with the answers')
    options = parser.parse_args()
    torch.set_num_threads(1)
    checkpoint = Checkpoint(options.folder)
    report, results = measure(checkpoint, options.per_family)
    print_report(report)
    if (options.folder / 'examples.json').exists():
        print(*page_examples(checkpoint, options.folder), sep='\n')
    for r in [r for r in results if not r.right][:options.misses]:
        s = r.sentence
        print(f'{s.family}: {" ".join(s.words)} → {r.predicted}, not {s.answers[s.target]}')
    if options.write:
        options.write.write_text(json.dumps(report, indent=1) + '\n')
    if options.golden:
        _, rows = measure(checkpoint, 120)
        body = json.dumps(golden(rows, report['solver']))
        options.golden.write_text(body.replace('{"family"', '\n {"family"') + '\n')

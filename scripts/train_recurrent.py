"""Trains torch.nn.GRU on the examples that scripts/train-recurrent.mjs has drawn, and writes its weights in float16.

How often each held-out answer is right is measured by how far back the answer stands: that is what a recurrent network forgets.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

INPUT, HIDDEN = 64, 100
IGNORED = -100


def padded(rows):
    length = max(len(row) for row, _ in rows)
    fill = lambda row, value: list(row) + [value] * (length - len(row))
    ids = torch.tensor([fill(ids, 0) for ids, _ in rows])
    return ids, torch.tensor([fill(labels, IGNORED) for _, labels in rows])


class Network(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.embed = nn.Embedding(vocab, INPUT)
        self.gru = nn.GRU(INPUT, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, vocab)

    def forward(self, ids):
        return self.head(self.gru(self.embed(ids))[0])


def accuracies(network, rows):
    """The part of the answers that is right: of all, and by distance from the letter to its first occurrence."""
    ids, labels = padded(rows)
    with torch.no_grad():
        right = network(ids).argmax(-1) == labels
    asked = labels != IGNORED
    distances = {}
    for row, (tokens, _) in enumerate(rows):
        for at, token in enumerate(tokens):
            if asked[row, at]:
                distances.setdefault(at - tokens.index(token), []).append(right[row, at].item())
    mean = lambda values: round(sum(values) / len(values), 4)
    return right[asked].float().mean().item(), {d: mean(v) for d, v in sorted(distances.items())}


def main():
    file, out = Path(sys.argv[1]), Path(sys.argv[2])
    given = json.loads(file.read_text())
    batch, examples = given["batchSize"], given["examples"]
    torch.manual_seed(1)
    torch.set_num_threads(1)
    network = Network(given["vocabSize"])
    count = len(examples) // batch
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=count)
    for step in range(count):
        ids, labels = padded(examples[step * batch : (step + 1) * batch])
        loss = functional.cross_entropy(network(ids).flatten(0, 1), labels.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % 500 == 0:
            print(
                step + 1,
                round(loss.item(), 4),
                accuracies(network, given["heldOut"])[0],
                flush=True,
            )
    network.half().float()  # as it ships
    accuracy, by_distance = accuracies(network, given["heldOut"])
    out.mkdir(parents=True, exist_ok=True)
    named = lambda name: name.removeprefix("gru.").replace(
        "embed.", "embed.token."
    )  # the package's names
    names = {named(name): p for name, p in network.state_dict().items()}
    save_file({name: p.half() for name, p in names.items()}, out / "model.safetensors")
    record = {
        "lesson": "copy",
        "steps": count,
        "batchSize": batch,
        "parameters": sum(p.numel() for p in network.parameters()),
        "heldOut": len(given["heldOut"]),
        "accuracy": round(accuracy, 4),
        "accuracyByDistance": by_distance,
    }
    (out / "evaluation.json").write_text(json.dumps(record, indent=2) + "\n")
    config = {"vocabSize": given["vocabSize"], "inputSize": INPUT, "hiddenSize": HIDDEN}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    print(json.dumps(record))


main()

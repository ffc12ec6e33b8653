"""What PyTorch answers to held-out sentences with the page's first model: makes tests/golden/coreference/heldout.json.

    node scripts/golden/coreference-sentences.mjs | python3 scripts/golden/coreference.py     (torch, transformers)

In float64, one sentence at a time, so that none is padded.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import BertForMaskedLM

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "web/public/models/coreference"
FILE = ROOT / "tests/golden/coreference/heldout.json"


@torch.no_grad()
def answer(model: BertForMaskedLM, ids: dict[str, int], row: dict, layer: int, head: int) -> None:
    """Adds what the model says in the row's position, how sure it is of the right answer, and the head's weight on the noun."""
    tokens = ["[CLS]", *row["text"].split(), "[SEP]"]
    out = model(input_ids=torch.tensor([[ids[token] for token in tokens]]), output_attentions=True)
    logits = out.logits[0, row["position"]]
    row["predicted"] = list(ids)[int(logits.argmax())]
    row["probability"] = round(logits.softmax(-1)[ids[row["answer"]]].item(), 6)
    if "referent" in row:
        row["weight"] = round(
            out.attentions[layer][0, head, row["position"], row["referent"]].item(), 6
        )


def main() -> None:
    golden = json.load(sys.stdin)
    model = BertForMaskedLM.from_pretrained(
        FOLDER, attn_implementation="eager", dtype=torch.float64
    ).eval()
    ids = json.loads((FOLDER / "tokenizer.json").read_text())["model"][
        "vocab"
    ]  # in the order of the ids
    for row in golden["sentences"]:
        answer(model, ids, row, golden["layer"], golden["head"])
    golden["madeBy"] = "scripts/golden/coreference.py"
    golden["versions"] = {module.__name__: module.__version__ for module in (torch, transformers)}
    FILE.write_text(json.dumps(golden).replace('{"family"', '\n {"family"') + "\n")


if __name__ == "__main__":
    main()

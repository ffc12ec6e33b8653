#!/usr/bin/env python3
"""Reads with Transformers what save_checkpoints.mjs saved, and compares: every tensor must be found, none be left over.

    python3 scripts/golden/compare_saved.py DIR
"""

import json
import sys
from pathlib import Path

import torch
import transformers

TOLERANCE = 5e-5  # as for whole models everywhere, absolute plus relative


def largest_share(folder):
    """The largest difference as a share of the tolerance."""
    config = json.loads((folder / "config.json").read_text())
    architecture = getattr(transformers, config["architectures"][0])
    model, info = architecture.from_pretrained(folder, output_loading_info=True)
    # A BertModel always gets a pooler, also from a body that was saved without one.
    info["missing_keys"] = {key for key in info["missing_keys"] if not key.startswith("pooler.dense.")}
    # The checkpoint of 2018 has a next-sentence head, though it is a BertForMaskedLM: saving keeps it.
    info["unexpected_keys"] = {key for key in info["unexpected_keys"] if not key.startswith("cls.seq_relationship.")}
    problems = {kind: keys for kind, keys in info.items() if keys}
    if problems:
        raise SystemExit(f"{folder.name}: {problems}")
    said = config.get("dtype", config.get("torch_dtype"))
    assert str(model.dtype) == f"torch.{said}", (folder.name, model.dtype, said)
    expected = json.loads((folder / "expected.json").read_text())
    with torch.no_grad():
        ids = torch.tensor(expected["inputIds"])
        output = model.double().eval()(input_ids=ids, output_hidden_states=True)
    actual = [output["last_hidden_state"] if "last_hidden_state" in output else output.hidden_states[-1]]
    if "logits" in output:
        actual.append(output.logits)
    shares = []
    for tensor, reference in zip(actual, expected["outputs"], strict=True):
        ours = torch.tensor(reference["data"], dtype=torch.float64).reshape(reference["dims"])
        shares.append(((tensor - ours).abs() / (TOLERANCE * (1 + ours.abs()))).max().item())
    return max(shares)


def main():
    transformers.logging.set_verbosity_error()
    folders = sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir())
    worst = 0.0
    for folder in folders:
        share = largest_share(folder)
        assert share <= 1, f"{folder.name}: {share} of the tolerance"  # NaN fails, too
        worst = max(worst, share)
        print(f"{folder.name:24} {share:.3f}")
    print(f"{len(folders)} folders agree; largest difference {worst:.3f} of the tolerance")


if __name__ == "__main__":
    main()

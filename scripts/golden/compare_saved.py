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


def value_of(value):
    """Ids as they stand, a tensor { data, dims } in float64."""
    if isinstance(value, list):
        return torch.tensor(value)
    return torch.tensor(value["data"], dtype=torch.float64).reshape(value["dims"])


def largest_share(folder):
    """The largest difference as a share of the tolerance."""
    config = json.loads((folder / "config.json").read_text())
    architecture = getattr(transformers, config["architectures"][0])
    # In float32, or Marian's positions, which no file holds, would be computed in the file's 16 bits.
    model, info = architecture.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    # A BertModel always gets a pooler, also from a body that was saved without one.
    info["missing_keys"] = {
        key for key in info["missing_keys"] if not key.startswith("pooler.dense.")
    }
    # The checkpoint of 2018 has a next-sentence head, though it is a BertForMaskedLM: saving keeps it.
    info["unexpected_keys"] = {
        key for key in info["unexpected_keys"] if not key.startswith("cls.seq_relationship.")
    }
    problems = {kind: keys for kind, keys in info.items() if keys}
    if problems:
        raise SystemExit(f"{folder.name}: {problems}")
    said = config.get("dtype", config.get("torch_dtype"))
    read = transformers.AutoConfig.from_pretrained(folder).dtype
    assert str(read) == f"torch.{said}", (folder.name, read, said)
    expected = json.loads((folder / "expected.json").read_text())
    with torch.no_grad():
        names = {
            "inputIds": "input_ids",
            "decoderInputIds": "decoder_input_ids",
            "pixelValues": "pixel_values",
        }
        given = {names[name]: value_of(value) for name, value in expected["inputs"].items()}
        model.double().eval()
        actual = [model.base_model(**given).last_hidden_state]
        output = model(**given)
    if "logits" in output:
        actual.append(output.logits)
    shares = []
    for tensor, reference in zip(actual, expected["outputs"], strict=True):
        ours = value_of(reference)
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

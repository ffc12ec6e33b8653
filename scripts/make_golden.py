#!/usr/bin/env python3
"""Makes the reference values in tests/golden: PyTorch and Transformers compute, this project is compared with them.

    python3 scripts/make_golden.py [--out DIR] [GROUP …]

Needs torch, transformers, tokenizers, safetensors and sentencepiece (tests/golden/README.md says how to get them); neither
building nor testing does. Seeds come from the cases' names, so the same versions give the same files.
"""

import argparse
import importlib
import platform
from pathlib import Path

import safetensors
import tokenizers
import torch
import transformers

from golden import (
    analyses,
    attention,
    bert,
    classifier_gradients,
    classifiers,
    differences,
    disagreement,
    edits,
    encoder,
    families,
    gradients,
    gru,
    listings,
    longformer,
    measures,
    multihead,
    other_attentions,
    patching,
    positions,
    seq2seq,
    tokenizer_files,
    transformer_xl,
    values,
    vision,
)

GROUPS = {
    "analyses": analyses,
    "values": values,
    "attention": attention,
    "multihead": multihead,
    "encoder": encoder,
    "listings": listings,
    "bert": bert,
    "classifiers": classifiers,
    "classifier_gradients": classifier_gradients,
    "families": families,
    "patching": patching,
    "edits": edits,
    "positions": positions,
    "measures": measures,
    "longformer": longformer,
    "seq2seq": seq2seq,
    "vision": vision,
    "gru": gru,
    "transformer_xl": transformer_xl,
    "gradients": gradients,
    "disagreement": disagreement,
    "differences": differences,
    "other_attentions": other_attentions,
    "tokenizers": tokenizer_files,
}

FAMILIES = {
    file.stem.removeprefix("family_"): importlib.import_module(f"golden.{file.stem}")
    for file in sorted((Path(__file__).parent / "golden").glob("family_*.py"))
}
GROUPS |= FAMILIES

WITH_CHECKPOINTS = (
    *FAMILIES,
    "analyses",
    "bert",
    "classifiers",
    "families",
    "patching",
    "edits",
    "longformer",
    "seq2seq",
    "tokenizers",
    "vision",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "groups", nargs="*", metavar="GROUP", choices=[[], *GROUPS], help=", ".join(GROUPS)
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent.parent / "tests" / "golden"
    )
    arguments = parser.parse_args()
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for name in arguments.groups or GROUPS:
        made = {
            "command": f"python3 scripts/make_golden.py {name}",
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
            "safetensors": safetensors.__version__,
            "python": platform.python_version(),
            "processor": platform.machine(),
        }
        module = GROUPS[name]
        group = module.make(arguments.out) if name in WITH_CHECKPOINTS else module.make()
        group.save(arguments.out, made)
        print(f"{name}: {group.summary()}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Random BERT checkpoints, as nobody chose them, with what Transformers computes: a soak test outside the repository.

    python3 scripts/golden/random_checkpoints.py DIR [--count 100] [--seed 1]
    scripts/lib/node-relaxed-simd.sh scripts/golden/compare_checkpoints.mjs DIR
"""

import argparse
import random
import sys
from pathlib import Path

import torch
import transformers

sys.path.insert(0, str(Path(__file__).parent.parent))

from golden.bert import Checkpoints  # noqa: E402
from golden.case import Group  # noqa: E402


def sizes(choose):
    heads, width = choose.randint(1, 6), choose.choice([1, 2, 3, 4, 5, 7, 8, 11, 16, 24, 32])
    return {"hidden_size": heads * width, "num_attention_heads": heads, "num_hidden_layers": choose.randint(1, 5),
            "intermediate_size": choose.randint(1, 4 * heads * width), "vocab_size": choose.randint(2, 300),
            "max_position_embeddings": choose.randint(1, 80), "type_vocab_size": choose.randint(1, 4),
            "hidden_act": choose.choice(["gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu"]),
            "layer_norm_eps": choose.choice([1e-12, 1e-7, 1e-5, 1e-3])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, metavar="DIR")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()

    choose = random.Random(arguments.seed)
    group = Group("random", "Random checkpoints of the BERT family, three batches each.")
    checkpoints = Checkpoints(group, arguments.out)
    for number in range(arguments.count):
        name = f"seed{arguments.seed}_{number:04}"
        options = sizes(choose)
        architecture = choose.choice(["BertForMaskedLM", "BertModel", "BertModel without pooler"])
        # An early checkpoint's config leaves layer_norm_eps out.
        older = architecture == "BertForMaskedLM" and choose.random() < 0.3
        dtype = choose.choice([torch.float32, torch.float32, torch.float16, torch.bfloat16])
        checkpoints.add(name, f"{architecture}, {dtype}, {'older names, ' if older else ''}{options}", architecture,
                        dtype=dtype, older=older, **options)
        for run in range(3):
            length = choose.randint(1, options["max_position_embeddings"])
            batch = choose.randint(1, 4)
            lengths = tuple(choose.randint(1, length) for _ in range(batch)) if choose.random() < 0.6 else None
            checkpoints.batch(f"{name}_{run}", f"B {batch}, T {length}, lengths {lengths}", name, B=batch, T=length,
                              lengths=lengths, left=choose.random() < 0.3, types=choose.random() < 0.5)
    group.save(arguments.out, {"command": " ".join(sys.argv), "torch": torch.__version__,
                               "transformers": transformers.__version__})
    print(f"{arguments.count} checkpoints, {len(group.cases)} batches in {arguments.out}; PyTorch's float32 uses at most "
          f"{max(case['torchFloat32'] for case in group.cases)} of the tolerance")


if __name__ == "__main__":
    main()

"""Golden cases and the files that hold them: one JSON manifest and one safetensors file per group.

A case says what to run (kind, config, options), on what (inputs, parameters) and what must come out (expected).
Every expected value is computed in float64 from float32 inputs and rounded once, so the reference has no
rounding of its own; the same computation in float32 is only used to record how far PyTorch's own float32 is.
"""

import json
import math
import zlib
from pathlib import Path

import torch
from safetensors.torch import save_file

LAYER_TOLERANCE = {"absolute": 1e-5, "relative": 1e-5}
MODEL_TOLERANCE = {"absolute": 5e-5, "relative": 5e-5}

TOLERANCES = {
    "attention": LAYER_TOLERANCE,
    "attention_layer": LAYER_TOLERANCE,
    "activation": LAYER_TOLERANCE,
    "layer_norm": LAYER_TOLERANCE,
    "rms_norm": LAYER_TOLERANCE,
    "rotary": LAYER_TOLERANCE,
    "sinusoidal": LAYER_TOLERANCE,
    "position_bias": LAYER_TOLERANCE,
    "listing": LAYER_TOLERANCE,
    "measures": LAYER_TOLERANCE,
    "weight_norms": LAYER_TOLERANCE,
    "rollout": LAYER_TOLERANCE,
    "recurrent": LAYER_TOLERANCE,
    "model": MODEL_TOLERANCE,
    "segments": MODEL_TOLERANCE,
    "pictures": {"absolute": 1e-6, "relative": 1e-6},  # the same bytes, resized as PIL rounds
    "embedding": MODEL_TOLERANCE,
    "generation": {"absolute": 0.5, "relative": 0.0},  # of ids: they must be equal
}


class Random:
    """Seeded values that float32 holds exactly, given as float64. The seed is a checksum of a name."""

    def __init__(self, name):
        self.seed = zlib.crc32(name.encode())
        self.generator = torch.Generator().manual_seed(self.seed)

    def normal(self, *shape, std=1.0, mean=0.0):
        values = torch.randn(*shape, generator=self.generator, dtype=torch.float32) * std + mean
        return values.double()

    def integers(self, low, high, *shape):
        return torch.randint(low, high, shape, generator=self.generator, dtype=torch.int32)

    def bits(self, *shape, probability=0.5):
        return torch.rand(*shape, generator=self.generator) < probability

    def linear(self, out_features, in_features, gain=1.0):
        """A weight [out, in] that keeps the size of its input, times gain."""
        return self.normal(out_features, in_features, std=gain * in_features**-0.5)


def cast(tensors, dtype):
    """Floating-point tensors as dtype; integers and booleans stay."""
    return {name: t.to(dtype) if t.is_floating_point() else t for name, t in tensors.items()}


def stored(name, tensor):
    """The tensor as the file holds it; refuses an input that float32 would round."""
    if tensor.dtype == torch.bool:
        return tensor.to(torch.uint8).contiguous()
    if tensor.is_floating_point():
        rounded = tensor.to(torch.float32)
        if not torch.equal(rounded.to(tensor.dtype), tensor):
            raise ValueError(f"{name}: not exact in float32")
        return rounded.contiguous()
    return tensor.contiguous()


def share_of_tolerance(actual, expected, tolerance):
    """max |a − e| / (absolute + relative · |e|), infinities of the same sign being equal."""
    actual, expected = actual.double(), expected.double()
    error = torch.where(actual == expected, 0.0, (actual - expected).abs())
    finite = torch.where(expected.isinf(), 0.0, expected.abs())
    if error.numel() == 0:
        return 0.0
    return (error / (tolerance["absolute"] + tolerance["relative"] * finite)).max().item()


def readable(value, depth=0):
    """JSON in which whatever fits a line of 120 characters stands on one."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(line) + depth <= 120 or not isinstance(value, (dict, list)) or not value:
        return line
    indent = "\n" + " " * (depth + 1)
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {readable(item, depth + 1)}" for key, item in value.items()]
        return "{" + indent + f",{indent}".join(parts) + "\n" + " " * depth + "}"
    if not any(isinstance(item, (dict, list)) for item in value):
        return "[" + indent + filled_lines(value, 118 - depth, indent) + "\n" + " " * depth + "]"
    return (
        "["
        + indent
        + f",{indent}".join(readable(item, depth + 1) for item in value)
        + "\n"
        + " " * depth
        + "]"
    )


def filled_lines(items, width, indent):
    """Numbers and strings, comma-separated, as many to a line as fit."""
    lines, current = [], ""
    for item in items:
        text = json.dumps(item, ensure_ascii=False) + ", "
        if current and len(current) + len(text) > width:
            lines.append(current.rstrip())
            current = ""
        current += text
    return indent.join([*lines, current.removesuffix(", ")])


class Group:
    """The cases of one manifest, e.g. tests/golden/attention.json and attention.safetensors."""

    def __init__(self, name, about):
        self.name = name
        self.about = about
        self.cases = []
        self.tensors = {}
        self.checkpoints = {}

    def add(
        self,
        name,
        kind,
        about,
        compute,
        *,
        inputs,
        parameters=None,
        config=None,
        options=None,
        checkpoint=None,
        load=None,
        listing=None,
        valid=None,
        seed=None,
        steps=None,
    ):
        """Computes and keeps a case.

        compute(inputs, parameters) → {name: tensor}, called with float64 and float32 tensors.
        options name tensors of inputs as strings 'tensor:NAME'. valid names the input [B, T] whose zeros mark
        positions that are not compared. checkpoint: the name of one in self.checkpoints instead of parameters; compute
        then gets load(dtype), the model. listing: the preset of the package that must compute the same.
        steps: of a generation, what is suppressed or forced, for each new token.
        """
        if any(case["name"] == name for case in self.cases):
            raise ValueError(f"{self.name}/{name}: there are two")
        parameters = parameters or {}
        tolerance = TOLERANCES[kind]
        expected, in_float32 = (
            compute(cast(inputs, dtype), load(dtype) if load else cast(parameters, dtype))
            for dtype in (torch.float64, torch.float32)
        )
        for key, value in expected.items():
            if value.isnan().any():
                raise ValueError(f"{self.name}/{name}: {key} holds NaN")
            if value.dtype != torch.float64:
                raise ValueError(f"{self.name}/{name}: {key} is {value.dtype}")

        for section, tensors in (("inputs", inputs), ("parameters", parameters)):
            for key, value in tensors.items():
                self.tensors[f"{name}/{section}/{key}"] = stored(f"{name}/{section}/{key}", value)
        for key, value in expected.items():
            self.tensors[f"{name}/expected/{key}"] = value.to(torch.float32).contiguous()

        shares = [
            share_of_tolerance(in_float32[key], value.float(), tolerance)
            for key, value in expected.items()
        ]
        if not math.isfinite(max(shares)):
            raise ValueError(
                f"{self.name}/{name}: PyTorch's float32 is NaN or infinite where its float64 is not"
            )
        case = {
            "name": name,
            "kind": kind,
            "about": about,
            "seed": seed,
            "config": config,
            "checkpoint": checkpoint,
            "listing": listing,
            "options": options or {},
            "steps": steps,
            "valid": valid,
            "inputs": list(inputs),
            "parameters": list(parameters),
            "expected": list(expected),
            "tolerance": tolerance,
            "torchFloat32": float(f"{max(shares):.2g}"),
        }
        self.cases.append({key: value for key, value in case.items() if value is not None})

    def summary(self):
        worst = max(self.cases, key=lambda case: case["torchFloat32"])
        return (
            f"{len(self.cases)} cases; PyTorch's float32 uses at most {worst['torchFloat32']} of the tolerance "
            f"({worst['name']})"
        )

    def save(self, folder: Path, made):
        manifest = {"group": self.name, "about": self.about, "made": made}
        if self.checkpoints:
            manifest["checkpoints"] = self.checkpoints
        manifest["cases"] = self.cases
        (folder / f"{self.name}.json").write_text(readable(manifest) + "\n", encoding="utf-8")
        # Each tensor gets memory of its own: safetensors refuses shared storage.
        path = folder / f"{self.name}.safetensors"
        save_file({key: value.clone() for key, value in self.tensors.items()}, path)
        path.chmod(0o644)

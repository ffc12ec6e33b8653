"""Edits of activations, made by PyTorch forward hooks; js/core/forward-types.ts Intervention says what they mean. Cases for BERT."""

import math
from dataclasses import dataclass, field

from golden.case import Random
from golden.hooks import hook

# What each axis of an activation is; bhqk: [B, H, T, S].
AXES = {
    "q": "bhqi",
    "k": "bhki",
    "v": "bhki",
    "q_global": "bhqi",
    "k_global": "bhki",
    "v_global": "bhki",
    "scores": "bhqk",
    "masked_scores": "bhqk",
    "pattern": "bhqk",
    "z": "bhqi",
}
SELECTORS = {"b": "batch", "h": "head", "q": "query", "k": "key", "i": "index"}


@dataclass
class Edit:
    """op on the part of activation `at` that `select` names.

    value: a number, or the shape of a random tensor; other: in its place, the input whose ids give the run to patch in.
    """

    at: str
    op: str
    select: dict = field(default_factory=dict)
    value: float | tuple | None = None
    other: str | None = None

    @property
    def axes(self):
        return AXES.get(self.at.rsplit(".", 1)[-1], "bqi") if "attn." in self.at else "bqi"

    def tensor_name(self):
        return f"value at {self.at}"

    def described(self, inputs):
        """As options name it; a tensor value becomes an input of the case."""
        data = {"at": self.at, **self.select, "op": self.op}
        if self.other:
            return data | {"from": f"run:{self.other}"}
        if isinstance(self.value, tuple):
            inputs[self.tensor_name()] = Random(self.tensor_name()).normal(*self.value)
            return data | {"value": f"tensor:{self.tensor_name()}"}
        return data if self.value is None else data | {"value": self.value}

    def apply(self, x, inputs, others):
        """A copy of x with the edit made."""
        x = x.clone()
        at = tuple(self.select.get(SELECTORS[axis], slice(None)) for axis in self.axes)
        value = (
            inputs[self.tensor_name()].to(x.dtype) if isinstance(self.value, tuple) else self.value
        )
        if self.other:
            value = others[self.other][self.at][at]
        if self.op == "zero":
            x[at] = 0
        elif self.op == "set":
            x[at] = value
        elif self.op == "add":
            x[at] = x[at] + value
        elif self.op == "scale":
            x[at] = (x[at] * value).where(x[at] > -math.inf, x[at])  # masked stays masked
        elif self.op == "mean":
            kept = [axis for axis in self.axes if SELECTORS[axis] not in self.select]
            position = "q" if "q" in self.axes else "k"
            averaged = [kept.index(axis) for axis in ("b", position) if axis in kept]
            x[at] = x[at].mean(dim=averaged, keepdim=True) if averaged else x[at]
        return x


def edit(model, edits, inputs, others=None):
    """Hooks the edits into the model; others: {name of an edit's run: its activations}. Returns what takes them off again."""
    waiting = {each.at for each in edits}

    def produced(name, x):
        for each in edits:
            if each.at == name:
                waiting.discard(name)
                x = each.apply(x, inputs, others)
        return x

    remove = hook(model, len(next(iter(inputs.values()))), produced)

    def finish():
        remove()
        if waiting:
            raise ValueError(f"no hook for {waiting}")

    return finish


def reference(run, edits):
    """compute() of a case: the model with its edits, which must make a difference."""

    def compute(inputs, model):
        before = run(model, inputs).hidden_states[-1]
        finish = edit(model, edits, inputs)
        output = run(model, inputs)
        finish()
        last = output.hidden_states[-1]
        if (last - before).abs().max() < 1e-2:
            raise ValueError(f"{edits} change nothing")
        return {"lastHiddenState": last, "logits": output.logits} | {
            f"attentions.{index}": pattern for index, pattern in enumerate(output.attentions)
        }

    return compute


def cases():
    """(name, about, edits)"""
    one = "blocks.1.attn."
    return [
        (
            "pattern_zero_head",
            "one head's pattern is zero",
            [Edit(f"{one}pattern", "zero", {"head": 1})],
        ),
        (
            "pattern_zero_key",
            "nobody attends to key 0 of layer 0; rows are not renormalised",
            [Edit("blocks.0.attn.pattern", "zero", {"key": 0})],
        ),
        (
            "pattern_set_row",
            "query 3 of head 2 in sequence 1 gets a pattern of its own",
            [Edit(f"{one}pattern", "set", {"batch": 1, "head": 2, "query": 3}, (7,))],
        ),
        (
            "pattern_mean",
            "one head's pattern becomes its mean over batch and queries",
            [Edit(f"{one}pattern", "mean", {"head": 0})],
        ),
        (
            "scores_add",
            "2.5 is added to the scores of key 4, before the softmax",
            [Edit("blocks.0.attn.scores", "add", {"key": 4}, 2.5)],
        ),
        (
            "masked_scores_set",
            "one masked score is set",
            [
                Edit(
                    "blocks.0.attn.masked_scores",
                    "set",
                    {"batch": 0, "head": 1, "query": 2, "key": 5},
                    3.0,
                )
            ],
        ),
        (
            "z_scale",
            "z of one head is tripled",
            [Edit("blocks.0.attn.z", "scale", {"head": 2}, 3.0)],
        ),
        (
            "z_scale_tensor",
            "z of head 0 times a tensor",
            [Edit("blocks.0.attn.z", "scale", {"head": 0}, (2, 7, 12))],
        ),
        (
            "q_zero",
            "queries of one head are zero: a uniform pattern",
            [Edit(f"{one}q", "zero", {"head": 0})],
        ),
        (
            "v_mean",
            "values of layer 0 become their mean over batch and keys",
            [Edit("blocks.0.attn.v", "mean")],
        ),
        (
            "k_scale",
            "one feature of every key of a head",
            [Edit("blocks.0.attn.k", "scale", {"head": 1, "index": 3}, -1.5)],
        ),
        ("out_zero", "a whole attention output", [Edit("blocks.0.attn.out", "zero")]),
        (
            "resid_set",
            "one position of the stream is set",
            [Edit("blocks.0.resid_post", "set", {"batch": 0, "query": 2}, (36,))],
        ),
        (
            "resid_pre_add",
            "a steering vector on every position",
            [Edit("blocks.1.resid_pre", "add", {"index": 7}, 1.25)],
        ),
        (
            "resid_mid_scale",
            "the stream between attention and feed-forward",
            [Edit("blocks.0.resid_mid", "scale", {"query": 0}, 0.5)],
        ),
        (
            "mlp_post_zero",
            "one neuron is switched off",
            [Edit("blocks.1.mlp.post", "zero", {"index": 11})],
        ),
        (
            "mlp_pre_set",
            "a neuron is held before its activation",
            [Edit("blocks.0.mlp.pre", "set", {"index": 4}, 2.0)],
        ),
        (
            "mlp_out_mean",
            "a feed-forward output becomes its mean",
            [Edit("blocks.0.mlp.out", "mean")],
        ),
        (
            "embed_zero",
            "a token's embedding is zero, its position stays",
            [Edit("embed", "zero", {"query": 4})],
        ),
        (
            "last_resid",
            "the last block's output",
            [Edit("blocks.1.resid_post", "add", {"batch": 1}, 0.75)],
        ),
        (
            "several",
            "three edits in one pass",
            [
                Edit("blocks.0.attn.pattern", "zero", {"head": 0}),
                Edit("blocks.0.mlp.out", "scale", {}, 0.25),
                Edit(f"{one}z", "zero", {"query": 1}),
            ],
        ),
        (
            "same_place",
            "two edits of one activation, in their order",
            [
                Edit("blocks.0.attn.z", "add", {"head": 0}, 1.0),
                Edit("blocks.0.attn.z", "scale", {"head": 0}, 2.0),
            ],
        ),
    ]

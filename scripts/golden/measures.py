"""Scores of heads, weight norms and attention rollout, each from its definition, in double precision by plain loops."""

import math

import torch
from torch.nn import functional as F

from golden.case import Group, Random

ABOUT = (
    "Scores of attention heads and attention rollout (Abnar & Zuidema 2020) as plain loops over their definitions; weight "
    "norms (Kobayashi et al. 2020): the vectors A[t, s] v_s W_O of each head, whose sum over keys and heads is "
    "nn.functional's attention and linear layer without its bias."
)


def patterns(random, layers, B, H, T, S=None, allowed=None, sharpness=2.0):
    """Random attention weights that float32 holds exactly, as {attentions.l: [B, H, T, S]}; allowed [B, T, S]."""
    made = {}
    for layer in range(layers):
        scores = random.normal(B, H, T, S or T, std=sharpness)
        if allowed is not None:
            scores = scores.masked_fill(~allowed[:, None], -math.inf)
        pattern = scores.softmax(-1).nan_to_num(0.0)  # a row that may attend to nothing
        made[f"attentions.{layer}"] = pattern.float().double()
    return made


def attentions_of(inputs):
    return [
        inputs[name] for name in sorted(name for name in inputs if name.startswith("attentions."))
    ]


def mean(values):
    return sum(values) / len(values) if values else math.nan


def scores(inputs):
    """Every measure [N, H] of js/analysis/measures.ts."""
    layers = attentions_of(inputs)
    B, H, T, S = layers[0].shape
    is_self = T == S
    ids = inputs.get("inputIds")
    valid = inputs.get("attentionMask", torch.ones(B, T)).bool()
    special = inputs.get("specialTokens", torch.zeros(B, T)).bool()
    can = torch.stack(layers).ne(0).any(0).any(1)  # [B, T, S]
    norms = weight_norms(inputs) if "v.0" in inputs else None
    result = {}

    def put(name, layer, head, values):
        result.setdefault(name, torch.zeros(len(layers), H, dtype=layers[0].dtype))[layer, head] = (
            mean(values)
        )

    for layer, A in enumerate(layers):
        for head in range(H):
            rows = [
                (b, t)
                for b in range(B)
                for t in range(T)
                if valid[b, t] and not special[b, t] and A[b, head, t].abs().sum() > 0
            ]
            bits = {
                (b, t): -sum(p * math.log2(p) for p in A[b, head, t].tolist() if p > 0)
                for b, t in rows
            }
            put("entropyBits", layer, head, list(bits.values()))
            put(
                "entropy",
                layer,
                head,
                [bits[b, t] / math.log2(can[b, t].sum()) for b, t in rows if can[b, t].sum() > 1],
            )
            if norms:
                put(
                    "weightNorm",
                    layer,
                    head,
                    [norms[f"weightNorms.{layer}"][b, head, t].sum() for b, t in rows],
                )
            if not is_self:
                put("firstToken", layer, head, [A[b, head, t, 0] for b, t in rows])
                continue
            begin = [valid[b].tolist().index(True) for b in range(B)]
            later = [(b, t) for b, t in rows if t > begin[b]]
            put("firstToken", layer, head, [A[b, head, t, begin[b]] for b, t in later])
            put(
                "previousToken",
                layer,
                head,
                [A[b, head, t, t - 1] for b, t in later if valid[b, t - 1]],
            )
            put(
                "nextToken",
                layer,
                head,
                [
                    A[b, head, t, t + 1]
                    for b, t in rows
                    if t + 1 < T and valid[b, t + 1] and can[b, t, t + 1]
                ],
            )
            put(
                "distance",
                layer,
                head,
                [sum(A[b, head, t, s] * abs(t - s) for s in range(S)) for b, t in rows],
            )
            if ids is None:
                continue
            same = {
                (b, t): [
                    s
                    for s in range(S)
                    if s != t and valid[b, s] and can[b, t, s] and ids[b, s] == ids[b, t]
                ]
                for b, t in rows
            }
            put(
                "sameToken",
                layer,
                head,
                [A[b, head, t, s].sum() for (b, t), s in same.items() if s],
            )
            before = {
                (b, t): [s + 1 for s in range(t) if valid[b, s] and ids[b, s] == ids[b, t]]
                for b, t in rows
            }
            put(
                "induction",
                layer,
                head,
                [A[b, head, t, s].sum() for (b, t), s in before.items() if s],
            )
    return result


def weight_norms(inputs):
    """‖A[t, s] v_s W_O‖ [B, H, T, S] of every layer; the vectors must add up to the layer's output."""
    result = {}
    for layer, A in enumerate(attentions_of(inputs)):
        v, weight = inputs[f"v.{layer}"], inputs.get(f"out.{layer}")
        B, H, T, S = A.shape
        v = v.repeat_interleave(H // v.shape[1], dim=1)  # [B, H, S, K]
        per_head = (
            weight.unflatten(1, (H, -1)).transpose(0, 1) if weight is not None else None
        )  # [H, D, K]
        f = torch.einsum("bhsk,hdk->bhsd", v, per_head) if weight is not None else v
        added = A[..., None] * f[:, :, None]  # [B, H, T, S, D]
        if weight is not None:
            out = F.linear((A @ v).transpose(1, 2).flatten(2), weight)
            torch.testing.assert_close(added.sum((1, 3)), out, rtol=1e-5, atol=1e-5)
        result[f"weightNorms.{layer}"] = added.norm(dim=-1)
    return result


def rollout(inputs, heads="mean", residual=0.5, layers=None):
    """Abnar & Zuidema 2020, section 3."""
    steps = []
    for A in attentions_of(inputs)[:layers]:
        one = {"mean": A.mean(1), "max": A.amax(1), "min": A.amin(1)}[heads]
        mixed = (1 - residual) * one + residual * torch.eye(A.shape[-1], dtype=A.dtype)
        total = mixed.sum(-1, keepdim=True)
        steps.append(torch.where(total > 0, mixed / total, 0.0))
    product = steps[0]
    for step in steps[1:]:
        product = step @ product
    return {"rollout": product}


def causal(B, T, lengths=None):
    allowed = torch.ones(T, T, dtype=torch.bool).tril().expand(B, T, T)
    return allowed & padding(B, T, lengths)[:, None].bool() if lengths else allowed


def padding(B, T, lengths):
    return (torch.arange(T) < torch.tensor(lengths)[:, None]).int()


def make():
    group = Group("measures", ABOUT)

    def add(kind, name, about, inputs, compute, **options):
        random = Random(f"measures/{name}")
        group.add(
            name,
            kind,
            about,
            lambda i, _: compute(i, **options),
            inputs=inputs(random),
            options=options,
            seed=random.seed,
        )

    def ids(random, B, T, low=4):
        return {"inputIds": random.integers(0, low, B, T)}

    def projections(random, layers, B, G, S, K, D, H):
        made = {}
        for layer in range(layers):
            made[f"v.{layer}"] = random.normal(B, G, S, K)
            if D:
                made[f"out.{layer}"] = random.linear(D, H * K)
        return made

    add(
        "measures",
        "both_ways",
        "a batch without padding; repeated ids, some of them adjacent",
        lambda r: patterns(r, 2, 2, 3, 9) | ids(r, 2, 9),
        scores,
    )
    add(
        "measures",
        "causal",
        "causal weights: entropy over the keys that a query may see",
        lambda r: patterns(r, 3, 2, 2, 8, allowed=causal(2, 8)) | ids(r, 2, 8),
        scores,
    )
    add(
        "measures",
        "padding",
        "padding after the tokens, and special tokens that are no queries",
        lambda r: (
            patterns(
                r, 2, 3, 2, 7, allowed=padding(3, 7, (7, 4, 2))[:, None].bool().expand(3, 7, 7)
            )
            | ids(r, 3, 7)
            | {
                "attentionMask": padding(3, 7, (7, 4, 2)),
                "specialTokens": torch.tensor([[1, 0, 0, 0, 0, 0, 1]] * 3, dtype=torch.uint8),
            }
        ),
        scores,
    )
    add(
        "measures",
        "padding_left",
        "padding before the tokens, causal: rows that may attend to nothing; the first token is the "
        "first that is no padding",
        lambda r: (
            patterns(
                r, 2, 2, 2, 8, allowed=causal(2, 8) & padding(2, 8, (8, 5)).flip(1)[:, None].bool()
            )
            | ids(r, 2, 8)
            | {"attentionMask": padding(2, 8, (8, 5)).flip(1)}
        ),
        scores,
    )
    add(
        "measures",
        "cross",
        "T ≠ S: what cross-attention has",
        lambda r: patterns(r, 2, 2, 2, 5, 7),
        scores,
    )
    add("measures", "no_ids", "without ids", lambda r: patterns(r, 1, 1, 2, 6), scores)
    add(
        "measures",
        "sharp",
        "one-hot weights: entropy 0",
        lambda r: patterns(r, 1, 1, 2, 6, sharpness=400.0) | ids(r, 1, 6),
        scores,
    )
    add(
        "measures",
        "weight_norm",
        "with weight × ‖v‖, grouped queries",
        lambda r: patterns(r, 2, 2, 4, 6) | ids(r, 2, 6) | projections(r, 2, 2, 2, 6, 3, 10, 4),
        scores,
    )

    add(
        "weight_norms",
        "norms",
        "K 5, D 12",
        lambda r: patterns(r, 2, 2, 3, 6) | projections(r, 2, 2, 3, 6, 5, 12, 3),
        weight_norms,
    )
    add(
        "weight_norms",
        "norms_grouped",
        "four heads on one of values",
        lambda r: (
            patterns(r, 1, 1, 4, 5, allowed=causal(1, 5)) | projections(r, 1, 1, 1, 5, 4, 16, 4)
        ),
        weight_norms,
    )
    add(
        "weight_norms",
        "norms_no_projection",
        "no output projection: ‖A v‖",
        lambda r: patterns(r, 1, 2, 2, 4) | projections(r, 1, 2, 2, 4, 3, 0, 2),
        weight_norms,
    )
    add(
        "weight_norms",
        "norms_cross",
        "T ≠ S",
        lambda r: patterns(r, 1, 2, 2, 3, 5) | projections(r, 1, 2, 2, 5, 4, 8, 2),
        weight_norms,
    )

    add(
        "rollout",
        "rollout",
        "three layers, the paper's",
        lambda r: patterns(r, 3, 2, 4, 7),
        rollout,
    )
    add(
        "rollout",
        "rollout_causal",
        "causal",
        lambda r: patterns(r, 4, 2, 2, 6, allowed=causal(2, 6)),
        rollout,
    )
    add(
        "rollout",
        "rollout_max",
        "the largest weight of the heads, a residual of 0.2",
        lambda r: patterns(r, 3, 1, 3, 6),
        rollout,
        heads="max",
        residual=0.2,
    )
    add(
        "rollout",
        "rollout_min",
        "the smallest, and no residual",
        lambda r: patterns(r, 2, 1, 3, 5),
        rollout,
        heads="min",
        residual=0.0,
    )
    add(
        "rollout",
        "rollout_two_layers",
        "the first two of three layers",
        lambda r: patterns(r, 3, 1, 2, 5),
        rollout,
        layers=2,
    )
    add(
        "rollout",
        "rollout_dead_rows",
        "rows that may attend to nothing",
        lambda r: patterns(
            r, 2, 1, 2, 5, allowed=causal(1, 5) & padding(1, 5, (3,)).flip(1)[:, None].bool()
        ),
        rollout,
    )
    return group

"""One multi-head attention layer with learned projections: torch.nn.MultiheadAttention."""

import torch
from torch import nn

from golden.case import Group, Random
from golden.reference import agree, multi_head

ABOUT = (
    "out and pattern: torch.nn.MultiheadAttention, average_attn_weights=False; q, k, v, scores and z: the same "
    "equations in PyTorch, once their output equals that of nn.MultiheadAttention. mask and keyMask: 1 = may attend, "
    "the opposite of PyTorch's attn_mask and key_padding_mask. Fully masked rows, NaN in PyTorch, are zeros."
)


def attention_config(d_model, num_heads, **changes):
    """Every field of js/core/config-types.ts AttentionLayerConfig; a masked value of −∞ is left out, JSON cannot say it."""
    bias = changes.get("bias", True)
    return {
        "dModel": d_model,
        "numHeads": num_heads,
        "dHead": d_model // num_heads,
        "bias": bias,
        "outBias": bias,
        "outProjection": True,
        "fused": False,
        "sharedHeads": False,
        "scaleBy": "d_head",
        "normalisation": "softmax",
        "causal": False,
    } | changes


def attention_parameters(random, config, prefix=""):
    """Random values under this project's names; q and k a little larger, so that patterns are far from uniform."""
    d, inner = config["dModel"], config["numHeads"] * config["dHead"]
    names = ["qkv_proj"] if config["fused"] else ["q_proj", "k_proj", "v_proj"]
    rows = 3 * inner if config["fused"] else inner
    parameters = {}
    for name in names:
        parameters[f"{prefix}{name}.weight"] = random.linear(rows, d, gain=1.4)
        if config["bias"]:
            parameters[f"{prefix}{name}.bias"] = random.normal(rows, std=0.3)
    if config["outProjection"]:
        parameters[f"{prefix}out_proj.weight"] = random.linear(d, inner)
        if config["outBias"]:
            parameters[f"{prefix}out_proj.bias"] = random.normal(d, std=0.3)
    return parameters


def in_pytorch(config, parameters):
    """The same layer as nn.MultiheadAttention."""
    layer = nn.MultiheadAttention(
        config["dModel"], config["numHeads"], bias=config["bias"], batch_first=True
    )
    fused = {
        kind: parameters[f"qkv_proj.{kind}"]
        if config["fused"]
        else torch.cat([parameters[f"{name}_proj.{kind}"] for name in "qkv"])
        for kind in (["weight", "bias"] if config["bias"] else ["weight"])
    }
    state = {f"in_proj_{kind}": value for kind, value in fused.items()}
    state |= {name: value for name, value in parameters.items() if name.startswith("out_proj")}
    layer.to(state["in_proj_weight"].dtype).load_state_dict(state)
    return layer.eval()


def reference(config, options, *, pytorch):
    def compute(inputs, parameters):
        query = inputs["query"]
        key = inputs.get("key", query)
        value = inputs.get("value", key)
        batch, queries, keys = query.shape[0], query.shape[1], key.shape[1]
        allowed = torch.ones(batch, config["numHeads"], queries, keys, dtype=torch.bool)
        if options.get("causal", config["causal"]):
            allowed &= torch.ones(queries, keys, dtype=torch.bool).tril()
        if "mask" in inputs:
            mask = inputs["mask"].bool()
            allowed &= mask.unsqueeze(1) if mask.dim() == 3 else mask
        unpadded = allowed
        if "keyMask" in inputs:
            allowed = allowed & inputs["keyMask"].bool()[:, None, None, :]

        names = multi_head(
            query,
            key,
            value,
            parameters,
            config["numHeads"],
            allowed=allowed,
            temperature=options.get("temperature", 1.0),
        )
        if pytorch:
            with torch.no_grad():
                out, pattern = in_pytorch(config, parameters)(
                    query,
                    key,
                    value,
                    average_attn_weights=False,
                    attn_mask=~unpadded.flatten(0, 1),
                    key_padding_mask=~inputs["keyMask"].bool() if "keyMask" in inputs else None,
                )
            alive = allowed.any(dim=-1, keepdim=True)
            pattern = torch.where(alive, pattern, 0.0)
            # A row that is NaN in one head is NaN in PyTorch's output; there the zeros of `names` stand.
            out = torch.where(alive.all(dim=1), out, names["out"])
            agree("nn.MultiheadAttention output", names["out"], out)
            agree("nn.MultiheadAttention pattern", names["pattern"], pattern)
            names |= {"out": out, "pattern": pattern}
        return {"output": names["out"]} | names

    return compute


def make():
    group = Group("multihead", ABOUT)

    def add(
        name,
        about,
        d_model=12,
        heads=3,
        B=2,
        T=5,
        S=None,
        sources="q",
        masks=None,
        pytorch=True,
        options=None,
        **changes,
    ):
        """sources: 'q' self-attention, 'qk' key = value from elsewhere, 'qkv' three different sources."""
        random = Random(f"multihead/{name}")
        config = attention_config(d_model, heads, **changes)
        S = S or T
        inputs = {"query": random.normal(B, T, d_model)}
        if sources != "q":
            inputs["key"] = random.normal(B, S, d_model)
        if sources == "qkv":
            inputs["value"] = random.normal(B, S, d_model)
        inputs |= masks(random) if masks else {}
        group.add(
            name,
            "attention_layer",
            about,
            reference(config, options or {}, pytorch=pytorch),
            inputs=inputs,
            parameters=attention_parameters(random, config),
            config=config,
            options=options,
            seed=random.seed,
        )

    for fused in (False, True):
        kind = "fused" if fused else "separate"
        for bias in (True, False):
            add(
                f"self_{kind}{'' if bias else '_no_bias'}",
                f"self-attention, {kind} projections, bias {bias}",
                fused=fused,
                bias=bias,
            )
            add(
                f"cross_{kind}{'' if bias else '_no_bias'}",
                f"cross-attention, S = 8, {kind} projections, bias {bias}",
                fused=fused,
                bias=bias,
                sources="qk",
                S=8,
            )
        add(
            f"three_sources_{kind}",
            f"query, key and value from three sources, {kind} projections",
            fused=fused,
            sources="qkv",
            S=4,
        )
    add("one_head", "one head as wide as D", heads=1)
    add("many_heads", "K = 1: as many heads as D", d_model=6, heads=6)
    add("odd_sizes", "D 35, H 5, K 7, T 11", d_model=35, heads=5, T=11)
    add("one_query", "T = 1, S = 6", T=1, S=6, sources="qk")
    add("one_key", "S = 1", S=1, sources="qk")
    add("one_token", "B = T = S = 1", B=1, T=1)
    add("wide", "D 64, H 4, T 40: longer than a tile", d_model=64, heads=4, B=1, T=40)

    def padding(*lengths):
        return lambda r: {"keyMask": torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]}

    add("key_padding", "key padding at the end: 5 and 3 keys of 5", masks=padding(5, 3))
    add(
        "key_padding_left",
        "key padding at the beginning",
        masks=lambda r: {"keyMask": torch.arange(5) >= torch.tensor([2, 0])[:, None]},
    )
    add(
        "key_padding_cross",
        "cross-attention with padded keys",
        sources="qkv",
        S=7,
        masks=padding(7, 2),
    )
    add(
        "key_padding_all",
        "sequence 1 has no key at all: rows of zeros, so out is out_proj's bias",
        masks=padding(5, 0),
    )
    add("causal", "causal by the config", causal=True)
    add("causal_option", "causal by the option, config not causal", options={"causal": True})
    add(
        "causal_padding",
        "causal and key padding",
        options={"causal": True},
        masks=padding(5, 2),
        fused=True,
    )
    add(
        "mask",
        "a boolean mask [T, S]",
        masks=lambda r: {"mask": r.bits(5, 5) | torch.eye(5, dtype=torch.bool)},
    )
    add(
        "mask_batch",
        "a boolean mask [B, T, S]",
        masks=lambda r: {"mask": r.bits(2, 5, 5) | torch.eye(5, dtype=torch.bool)},
    )
    add(
        "mask_heads",
        "a boolean mask [B, H, T, S]",
        masks=lambda r: {"mask": r.bits(2, 3, 5, 5) | torch.eye(5, dtype=torch.bool)},
    )

    def dead_rows(r):
        mask = r.bits(5, 5) | torch.eye(5, dtype=torch.bool)
        mask[1] = False
        return {"mask": mask} | padding(5, 3)(r)

    add("mask_dead_row", "row 1 of the mask is empty, and key padding", masks=dead_rows)
    add(
        "temperature",
        "temperature 0.5 (nn.MultiheadAttention has none: plain PyTorch)",
        pytorch=False,
        options={"temperature": 0.5},
    )
    add(
        "narrow_heads",
        "K ≠ D / H: 3 heads of 5 with D 16 (plain PyTorch)",
        d_model=16,
        dHead=5,
        pytorch=False,
    )
    add(
        "wide_heads_fused",
        "K ≠ D / H: 2 heads of 9 with D 7, fused (plain PyTorch)",
        d_model=7,
        heads=2,
        dHead=9,
        fused=True,
        pytorch=False,
    )
    add(
        "bias_only_out",
        "no bias for q, k, v but one for out (plain PyTorch)",
        bias=False,
        outBias=True,
        pytorch=False,
    )
    add(
        "bias_not_out",
        "bias for q, k, v but none for out (plain PyTorch)",
        bias=True,
        outBias=False,
        pytorch=False,
    )
    add(
        "no_out_projection",
        "out is the heads side by side (plain PyTorch)",
        outProjection=False,
        pytorch=False,
    )
    return group

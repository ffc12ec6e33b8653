"""The five published listings, written down in PyTorch from their description, not from this project's layers.

Each function computes one listing with every intermediate; make() says how this project's configs express it.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from golden.case import Group, Random
from golden.encoder import model_config, norm_parameters
from golden.multihead import attention_config, attention_parameters
from golden.reference import agree

ABOUT = (
    "The five published attention listings in plain PyTorch. Listing 5 masks before it divides by √D; its "
    "masked scores are recorded as this project defines them: −1e20 in place of the scaled score."
)


def fused_one_head(x, parameters, prefix=""):
    """Listing 1: one linear D → 3D, one head as wide as D, scores q kᵀ / √D, no output projection."""
    qkv = F.linear(x, parameters[f"{prefix}qkv_proj.weight"], parameters[f"{prefix}qkv_proj.bias"])
    q, k, v = qkv.split(x.shape[-1], dim=-1)
    scores = q @ k.transpose(1, 2) / math.sqrt(x.shape[-1])
    pattern = scores.softmax(dim=-1)
    out = pattern @ v
    heads = {
        "q": q,
        "k": k,
        "v": v,
        "scores": scores,
        "masked_scores": scores,
        "pattern": pattern,
        "z": out,
    }
    return {name: value.unsqueeze(1) for name, value in heads.items()} | {"out": out}


def fused_encoder(inputs, parameters, num_layers=2):
    """Listing 1's encoder: x ← LayerNorm(Linear(SA(x) + x)), each layer with weights of its own."""
    x, names = inputs["inputsEmbeds"], {}
    for index in range(num_layers):
        prefix = f"blocks.{index}."
        attention = fused_one_head(x, parameters, f"{prefix}attn.")
        names[f"attentions.{index}"] = attention["pattern"]
        names |= {f"{prefix}resid_pre": x} | {
            f"{prefix}attn.{name}": attention[name] for name in ("z", "out")
        }
        names[f"{prefix}resid_mid"] = attention["out"] + x
        mixed = F.linear(
            attention["out"] + x,
            parameters[f"{prefix}linear.weight"],
            parameters[f"{prefix}linear.bias"],
        )
        x = F.layer_norm(
            mixed,
            x.shape[-1:],
            parameters[f"{prefix}norm1.weight"],
            parameters[f"{prefix}norm1.bias"],
        )
        names[f"{prefix}resid_post"] = x
    return {"lastHiddenState": x} | names


def projected_heads(x, parameters, num_heads, *, softmax):
    """Listings 2 and 4: q, k, v and out projections with bias, scale 1/√K; softmax or weights = scores / √K."""
    batch, length, d_model = x.shape
    width = d_model // num_heads
    q, k, v = (
        F.linear(x, parameters[f"{name}_proj.weight"], parameters[f"{name}_proj.bias"])
        .view(batch, length, num_heads, width)
        .transpose(1, 2)
        for name in "qkv"
    )
    scores = torch.einsum("bhtk,bhsk->bhts", q, k) / math.sqrt(width)
    pattern = scores.softmax(dim=-1) if softmax else scores
    z = torch.einsum("bhts,bhsk->bhtk", pattern, v)
    joined = z.transpose(1, 2).reshape(batch, length, d_model)
    out = F.linear(joined, parameters["out_proj.weight"], parameters["out_proj.bias"])
    return {
        "q": q,
        "k": k,
        "v": v,
        "scores": scores,
        "masked_scores": scores,
        "pattern": pattern,
        "z": z,
        "out": out,
    }


def shared_heads(query, key, value, parameters, num_heads, mask=None):
    """Listing 5: each head's slice of values, keys and query goes through the same K × K projection without bias."""
    batch, queries, d_model = query.shape
    width = d_model // num_heads

    def project(x, name):
        slices = x.reshape(batch, x.shape[1], num_heads, width)
        return F.linear(slices, parameters[f"{name}_proj.weight"])

    q, k, v = project(query, "q"), project(key, "k"), project(value, "v")
    energy = torch.einsum("nqhd,nkhd->nhqk", q, k)
    masked = energy if mask is None else energy.masked_fill(~mask.bool(), -1e20)
    pattern = torch.softmax(masked / math.sqrt(d_model), dim=3)
    z = torch.einsum("nhqk,nkhd->nqhd", pattern, v)
    out = F.linear(
        z.reshape(batch, queries, d_model),
        parameters["out_proj.weight"],
        parameters["out_proj.bias"],
    )
    scores = energy / math.sqrt(d_model)
    masked_scores = scores if mask is None else scores.masked_fill(~mask.bool(), -1e20)
    return {name: x.transpose(1, 2) for name, x in {"q": q, "k": k, "v": v, "z": z}.items()} | {
        "scores": scores,
        "masked_scores": masked_scores,
        "pattern": pattern,
        "out": out,
    }


def without_weights(e):
    """Listing 3: S = E Eᵀ, P = softmax(S) by row, W = S P, Y = W E, context = row sums of Y; beside it P E."""
    s = e @ e.T
    p = s.softmax(dim=1)
    w = s @ p
    y = w @ e
    return {
        "scores": s,
        "pattern": p,
        "weights": w,
        "output": y,
        "context": y.sum(dim=1),
        "usual": p @ e,
    }


def with_output(names):
    return {"output": names["out"]} | names


def listing(preset, config):
    """The package's preset and its options."""
    heads = {} if config["numHeads"] == 1 else {"numHeads": config["numHeads"]}
    return {"name": preset, "dModel": config["dModel"]} | heads


def make():
    group = Group("listings", ABOUT)

    def layer(name, about, preset, config, parameters, compute, inputs, random):
        group.add(
            name,
            "attention_layer",
            about,
            lambda i, p: with_output(compute(i, p)),
            inputs=inputs,
            parameters=parameters,
            config=config,
            listing=listing(preset, config),
            seed=random.seed,
        )

    # 1: the attention, and the encoder of two layers on [10, 32, 64]
    random = Random("listings/1")
    config = attention_config(64, 1, fused=True, outProjection=False, scaleBy="d_model")
    layer(
        "1_attention",
        "listing 1: fused projection, one head, no output projection",
        "fused",
        config,
        attention_parameters(random, config),
        lambda i, p: fused_one_head(i["query"], p),
        {"query": random.normal(2, 12, 64)},
        random,
    )

    def stack(name, about, d_model, batch, length, compute):
        random = Random(f"listings/{name}")
        attention = {"fused": True, "outProjection": False, "scaleBy": "d_model"}
        parameters = {}
        for index in range(2):
            prefix = f"blocks.{index}."
            parameters |= attention_parameters(
                random, attention_config(d_model, 1, **attention), f"{prefix}attn."
            )
            parameters |= {
                f"{prefix}linear.weight": random.linear(d_model, d_model),
                f"{prefix}linear.bias": random.normal(d_model, std=0.3),
            }
            parameters |= norm_parameters(random, f"{prefix}norm1", d_model)
        group.add(
            name,
            "model",
            about,
            compute,
            inputs={"inputsEmbeds": random.normal(batch, length, d_model)},
            parameters=parameters,
            config=model_config(d_model, 2, 0, 1, feedForward="linear_of_sum", attention=attention),
            listing={"name": "fused", "dModel": d_model, "part": "encoder"},
            seed=random.seed,
        )

    def last_and_patterns(inputs, parameters):
        names = fused_encoder(inputs, parameters)
        return {name: names[name] for name in ("lastHiddenState", "attentions.0", "attentions.1")}

    stack(
        "1_encoder",
        "listing 1: the encoder of two layers, D 64, input [10, 32, 64]",
        64,
        10,
        32,
        last_and_patterns,
    )
    stack(
        "1_encoder_trace",
        "listing 1: a narrower encoder, with its intermediates",
        12,
        2,
        7,
        fused_encoder,
    )

    # 2 and 4: learned projections with bias
    for name, about, preset, d_model, heads, softmax in (
        ("2_softmax", "listing 2: multi-head with bias, scale 1/√K", "multi_head", 24, 4, True),
        (
            "2_no_softmax",
            "listing 2 with the softmax left out: weights = scores / √K",
            "multi_head_no_softmax",
            24,
            4,
            False,
        ),
        ("4", "listing 4: one head of width D, scale 1/√D", "single_head", 18, 1, True),
    ):
        random = Random(f"listings/{name}")
        config = attention_config(d_model, heads, normalisation="softmax" if softmax else "none")
        layer(
            name,
            about,
            preset,
            config,
            attention_parameters(random, config),
            lambda i, p, heads=heads, softmax=softmax: projected_heads(
                i["query"], p, heads, softmax=softmax
            ),
            {"query": random.normal(2, 9, d_model)},
            random,
        )

    # 3: no learned weights; W = S P is an attention with dot scores and without a softmax.
    def usual(r):
        return {"output": r["usual"], "scores": r["scores"], "pattern": r["pattern"]}

    def scores_times(r):
        return {"output": r["weights"], "pattern": r["scores"]}

    e = torch.tensor([[1, 2], [2, 3], [3, 4], [4, 5], [5, 6]], dtype=torch.float64)
    group.add(
        "3_usual",
        "attention",
        "listing 3, beside it: P E, the usual dot-product attention",
        lambda i, _: usual(without_weights(i["q"])),
        inputs={"q": e, "k": e, "v": e},
        options={"score": "dot"},
    )
    group.add(
        "3_w",
        "attention",
        "listing 3: W = S P",
        lambda i, _: scores_times(without_weights(i["q"])),
        inputs={"q": e, "k": e, "v": without_weights(e)["pattern"].float().double()},
        options={"score": "dot", "normalisation": "none"},
    )
    group.add(
        "3",
        "listing",
        "listing 3: scores S, pattern P, weights W, output Y, context (row sums of Y), usual P E",
        lambda i, _: without_weights(i["query"]),
        inputs={"query": e},
        listing={"name": "no_weights"},
    )

    # 5: shared K × K projections, −1e20 masks, scale 1/√D
    def listing_5(name, about, sources, mask=None, T=6, S=6):
        random = Random(f"listings/{name}")
        config = attention_config(
            16, 4, bias=False, outBias=True, sharedHeads=True, scaleBy="d_model", maskedValue=-1e20
        )
        inputs = {"query": random.normal(2, T, 16)}
        inputs |= {source: random.normal(2, S, 16) for source in sources}
        parameters = {f"{x}_proj.weight": random.linear(4, 4, gain=2.0) for x in "qkv"}
        parameters |= {
            "out_proj.weight": random.linear(16, 16),
            "out_proj.bias": random.normal(16, std=0.3),
        }
        if mask:
            inputs["mask"] = mask(random)

        def compute(inputs, parameters):
            key = inputs.get("key", inputs["query"])
            return shared_heads(
                inputs["query"], key, inputs.get("value", key), parameters, 4, inputs.get("mask")
            )

        layer(name, about, "shared_heads", config, parameters, compute, inputs, random)

    listing_5("5", "listing 5: shared K × K projections, scale 1/√D", ())
    listing_5(
        "5_sources",
        "listing 5: values, keys and query given separately, S = 8",
        ("key", "value"),
        S=8,
    )
    listing_5(
        "5_causal_mask",
        "listing 5 with a lower triangular mask",
        (),
        mask=lambda r: torch.ones(6, 6, dtype=torch.bool).tril(),
    )

    def dead_row(random):
        mask = random.bits(2, 4, 6, 6) | torch.eye(6, dtype=torch.bool)
        mask[0, :, 2] = False
        mask[1, 1, 4] = False
        return mask

    listing_5(
        "5_dead_rows",
        "listing 5 with fully masked rows: under −1e20 their pattern is uniform",
        (),
        mask=dead_row,
    )
    check_against_pytorch()
    return group


def check_against_pytorch():
    """Listing 2 is nn.MultiheadAttention in other words: they agree."""
    random = Random("listings/check")
    config = attention_config(12, 3)
    parameters = attention_parameters(random, config)
    layer = nn.MultiheadAttention(12, 3, batch_first=True, dtype=torch.float64).eval()
    layer.load_state_dict(
        {
            **{
                f"in_proj_{kind}": torch.cat([parameters[f"{x}_proj.{kind}"] for x in "qkv"])
                for kind in ("weight", "bias")
            },
            **{f"out_proj.{kind}": parameters[f"out_proj.{kind}"] for kind in ("weight", "bias")},
        }
    )
    x = random.normal(2, 5, 12)
    with torch.no_grad():
        expected, _ = layer(x, x, x)
    agree("listing 2", projected_heads(x, parameters, 3, softmax=True)["out"], expected)

"""Transformer-XL by its paper's equations: Dai et al. 2019, arXiv:1901.02860, section 3.3, in plain PyTorch.

Each score is the sum of its four terms for that one pair of query and key; nothing is shifted. Memory: section 3.2.
"""

import math

import torch
from torch.nn import functional as F

from golden.case import Group, Random
from golden.encoder import encoder_parameters, model_config
from golden.reference import ACTIVATIONS, layer_norm, linear, softmax_or_zeros, split_heads

ABOUT = (
    "Transformer-XL's equations, pair by pair. segments: the sequence is read in parts of options.segments tokens, each with "
    "the mems that the one before returned; attentions.S.L are those of layer L in segment S, mems.L what is left at "
    "the end."
)


def sinusoids(distances, d_model, dtype):
    """Vaswani et al. 2017, section 3.5, of distances: [..., d_model]; in float64."""
    i = torch.arange(d_model)
    phase = distances.double()[..., None] / 10000.0 ** ((i // 2 * 2).double() / d_model)
    return torch.where(i % 2 == 0, phase.sin(), phase.cos()).to(dtype)


def attention(h, mems, parameters, config, prefix, allowed):
    """h [B, T, D] (normalised, if the norm comes first), mems [B, M, D] likewise → out, pattern."""
    H, T, M = config["attention"]["numHeads"], h.shape[1], mems.shape[1]
    both = torch.cat([mems, h], dim=1)
    q = split_heads(linear(h, parameters, f"{prefix}q_proj"), H)  # [B, H, T, K]
    k, v = (
        split_heads(linear(both, parameters, f"{prefix}{name}_proj"), H) for name in "kv"
    )  # [B, H, S, K]
    distances = M + torch.arange(T)[:, None] - torch.arange(M + T)
    r = F.linear(sinusoids(distances, h.shape[-1], h.dtype), parameters[f"{prefix}r_proj.weight"])
    r = r.unflatten(-1, (H, -1))  # [T, S, H, K]
    u, v_bias = parameters[f"{prefix}content_bias"], parameters[f"{prefix}position_bias"]
    scores = (
        torch.einsum("bhtk,bhsk->bhts", q, k)
        + torch.einsum("bhtk,tshk->bhts", q, r)  # (a), (b)
        + torch.einsum("hk,bhsk->bhs", u, k)[:, :, None]
        + torch.einsum("hk,tshk->hts", v_bias, r)
    )  # (c), (d)
    scores = scores / math.sqrt(q.shape[-1])
    if config["attention"]["causal"]:
        allowed = allowed & (distances >= 0)
    pattern = softmax_or_zeros(scores.masked_fill(~allowed, -math.inf))
    out = linear((pattern @ v).transpose(1, 2).flatten(2), parameters, f"{prefix}out_proj")
    return out, pattern


def segment(x, mems, parameters, config, valid):
    """One segment x [B, T, D]; mems: [B, M, D] for each layer. Returns the last hidden state, the next mems, patterns."""
    eps, pre, most = config["normEps"], config["norm"] == "pre", config["memLength"]
    new, patterns = [], []
    for l in range(config["numLayers"]):
        prefix = f"blocks.{l}."
        past = mems[l]
        new.append(torch.cat([past, x], dim=1)[:, -most:] if most else x[:, :0])
        seen = torch.ones(*past.shape[:2]).bool()
        allowed = torch.cat([seen, valid], dim=1)[:, None, None]
        norm = (
            (lambda y, prefix=prefix: layer_norm(y, parameters, f"{prefix}norm1", eps))
            if pre
            else (lambda y: y)
        )
        out, pattern = attention(norm(x), norm(past), parameters, config, f"{prefix}attn.", allowed)
        patterns.append(pattern)
        x = x + out if pre else layer_norm(x + out, parameters, f"{prefix}norm1", eps)
        y = layer_norm(x, parameters, f"{prefix}norm2", eps) if pre else x
        y = linear(
            ACTIVATIONS[config["activation"]](linear(y, parameters, f"{prefix}mlp.fc1")),
            parameters,
            f"{prefix}mlp.fc2",
        )
        x = x + y if pre else layer_norm(x + y, parameters, f"{prefix}norm2", eps)
    if config["finalNorm"]:
        x = layer_norm(x, parameters, "final_norm", eps)
    return x, new, patterns


def add(
    group,
    name,
    about,
    segments,
    B=2,
    d_model=12,
    heads=3,
    layers=2,
    lengths=None,
    attention=(),
    **changes,
):
    random = Random(f"transformer_xl/{name}")
    config = model_config(
        d_model,
        layers,
        20,
        heads,
        positions="transformer_xl",
        attention={"causal": True} | dict(attention),
        **changes,
    )
    K, T, V = config["attention"]["dHead"], sum(segments), config["vocabSize"]
    parameters = encoder_parameters(random, config)
    for l in range(layers):
        prefix = f"blocks.{l}.attn."
        parameters[f"{prefix}r_proj.weight"] = random.linear(heads * K, d_model, gain=1.4)
        parameters[f"{prefix}content_bias"] = random.normal(heads, K, std=0.5)
        parameters[f"{prefix}position_bias"] = random.normal(heads, K, std=0.5)
    if V:
        parameters["embed.token.weight"] = random.normal(V, d_model, std=0.6)
        inputs = {"inputIds": random.integers(0, V, B, T)}
    else:
        inputs = {"inputsEmbeds": random.normal(B, T, d_model)}
    if lengths:
        inputs["attentionMask"] = (torch.arange(T) < torch.tensor(lengths)[:, None]).int()

    def compute(inputs, parameters):
        x = (
            inputs["inputsEmbeds"]
            if not V
            else config.get("embedScale", 1.0)
            * parameters["embed.token.weight"][inputs["inputIds"].long()]
        )
        valid = inputs["attentionMask"].bool() if lengths else torch.ones(B, T).bool()
        mems = [x[:, :0]] * layers
        hidden, expected, first = [], {}, 0
        for number, length in enumerate(segments):
            part = slice(first, first + length)
            last, mems, patterns = segment(x[:, part], mems, parameters, config, valid[:, part])
            hidden.append(last)
            expected |= {f"attentions.{number}.{l}": pattern for l, pattern in enumerate(patterns)}
            first += length
        expected["lastHiddenState"] = torch.cat(hidden, dim=1)
        if config["memLength"]:
            expected |= {f"mems.{l}": state for l, state in enumerate(mems)}
        if config.get("lmHead"):
            expected["logits"] = expected["lastHiddenState"] @ parameters["embed.token.weight"].T
        return expected

    group.add(
        name,
        "segments",
        about,
        compute,
        config=config,
        inputs=inputs,
        parameters=parameters,
        options={"segments": segments},
        seed=random.seed,
        valid="attentionMask" if lengths else None,
    )


def make():
    group = Group("transformer_xl", ABOUT)
    plain = {"bias": False, "outBias": False}
    add(
        group,
        "language_model",
        "as the paper's: post-norm, no biases, tied head; mems longer than a segment",
        [5, 5, 4, 1],
        memLength=7,
        vocabSize=23,
        embedScale=12.0**0.5,
        lmHead=True,
        attention=plain,
    )
    add(
        group,
        "pre_norm",
        "pre-norm, biases, K ≠ D / H, mems shorter than a segment",
        [6, 3, 8],
        memLength=2,
        norm="pre",
        finalNorm=True,
        activation="gelu",
        attention={"dHead": 5},
    )
    add(group, "without_memory", "memLength 0: every segment begins anew", [4, 6], memLength=0)
    add(
        group,
        "both_sides",
        "not causal: distances of either sign, and padding",
        [9],
        memLength=0,
        lengths=(9, 6),
        attention={"causal": False},
    )
    add(
        group,
        "both_sides_memory",
        "not causal, with mems",
        [4, 4, 3],
        memLength=5,
        layers=3,
        B=1,
        attention={"causal": False},
    )
    add(
        group,
        "long",
        "more queries than one block of position terms",
        [150, 40],
        memLength=130,
        layers=1,
        B=1,
        d_model=8,
        heads=2,
    )
    return group

"""Attention and encoder blocks in plain PyTorch, in this project's names, with every intermediate.

This is not where expected outputs come from: it supplies the intermediates that nn.MultiheadAttention,
nn.TransformerEncoder and BertModel keep to themselves, after agree() has found the outputs to be the same.
Shapes: B batch, T queries, S keys, H heads, D d_model, K d_head.
"""

import math

import torch
from torch.nn import functional as F

ACTIVATIONS = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}


def agree(name, actual, expected):
    """Both sides are the same mathematics: only the rounding of their own type may differ."""
    eps = torch.finfo(expected.dtype).eps
    torch.testing.assert_close(
        actual, expected, rtol=2000 * eps, atol=2000 * eps, msg=lambda m: f"{name}: {m}"
    )


def softmax_or_zeros(masked_scores):
    """softmax by row; a row of −∞, for which PyTorch's softmax gives NaN, gives zeros."""
    fully_masked = (masked_scores == -math.inf).all(dim=-1, keepdim=True)
    return torch.where(
        fully_masked, 0.0, torch.softmax(masked_scores.masked_fill(fully_masked, 0.0), dim=-1)
    )


def linear(x, parameters, name):
    return F.linear(x, parameters[f"{name}.weight"], parameters.get(f"{name}.bias"))


def layer_norm(x, parameters, name, eps):
    weight = parameters[f"{name}.weight"]
    return F.layer_norm(x, weight.shape, weight, parameters[f"{name}.bias"], eps)


def projections(query, key, value, parameters, prefix):
    if f"{prefix}qkv_proj.weight" not in parameters:
        return (
            linear(x, parameters, f"{prefix}{name}_proj")
            for x, name in ((query, "q"), (key, "k"), (value, "v"))
        )
    weights = parameters[f"{prefix}qkv_proj.weight"].chunk(3)
    biases = parameters.get(f"{prefix}qkv_proj.bias")
    biases = biases.chunk(3) if biases is not None else (None,) * 3
    return (
        F.linear(x, weight, bias) for x, weight, bias in zip((query, key, value), weights, biases)
    )


def split_heads(x, num_heads):
    """[B, T, H·K] → [B, H, T, K]"""
    return x.unflatten(-1, (num_heads, -1)).transpose(1, 2)


def multi_head(
    query, key, value, parameters, num_heads, *, prefix="", allowed=None, bias=None, temperature=1.0
):
    """query [B, T, D], key and value [B, S, D]; allowed, boolean, and bias are broadcast to [B, H, T, S].

    Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2. Returns every intermediate by name.
    """
    q, k, v = (
        split_heads(x, num_heads) for x in projections(query, key, value, parameters, prefix)
    )
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]) / temperature
    masked_scores = scores if bias is None else scores + bias
    if allowed is not None:
        masked_scores = masked_scores.masked_fill(~allowed, -math.inf)
    pattern = softmax_or_zeros(masked_scores)
    z = pattern @ v
    joined = z.transpose(1, 2).flatten(2)
    out = (
        linear(joined, parameters, f"{prefix}out_proj")
        if f"{prefix}out_proj.weight" in parameters
        else joined
    )
    return {
        "q": q,
        "k": k,
        "v": v,
        "scores": scores,
        "masked_scores": masked_scores,
        "pattern": pattern,
        "z": z,
        "out": out,
    }


def block(x, parameters, config, index, *, allowed=None, bias=None, temperature=1.0):
    """One encoder block, post-norm (2017) or pre-norm. Returns (x, activations by full name)."""
    prefix, heads = f"blocks.{index}.", config["attention"]["numHeads"]
    eps, pre_norm = config["normEps"], config["norm"] == "pre"
    names = {f"{prefix}resid_pre": x}

    y = layer_norm(x, parameters, f"{prefix}norm1", eps) if pre_norm else x
    attention = multi_head(
        y,
        y,
        y,
        parameters,
        heads,
        prefix=f"{prefix}attn.",
        allowed=allowed,
        bias=bias,
        temperature=temperature,
    )
    names |= {f"{prefix}attn.{name}": value for name, value in attention.items()}
    x = x + attention["out"]
    if not pre_norm:
        x = layer_norm(x, parameters, f"{prefix}norm1", eps)
    names[f"{prefix}resid_mid"] = x

    y = layer_norm(x, parameters, f"{prefix}norm2", eps) if pre_norm else x
    names[f"{prefix}mlp.pre"] = linear(y, parameters, f"{prefix}mlp.fc1")
    names[f"{prefix}mlp.post"] = ACTIVATIONS[config["activation"]](names[f"{prefix}mlp.pre"])
    names[f"{prefix}mlp.out"] = linear(names[f"{prefix}mlp.post"], parameters, f"{prefix}mlp.fc2")
    x = x + names[f"{prefix}mlp.out"]
    if not pre_norm:
        x = layer_norm(x, parameters, f"{prefix}norm2", eps)
    names[f"{prefix}resid_post"] = x
    return x, names


def encoder(x, parameters, config, *, allowed=None, bias=None, temperature=1.0):
    """All blocks and the final norm. Returns (last hidden state, activations by full name)."""
    activations = {}
    for index in range(config["numLayers"]):
        x, names = block(
            x, parameters, config, index, allowed=allowed, bias=bias, temperature=temperature
        )
        activations |= names
    if config["finalNorm"]:
        x = activations["final_norm"] = layer_norm(x, parameters, "final_norm", config["normEps"])
    return x, activations


def attentions_of(activations, num_layers):
    return {
        f"attentions.{index}": activations[f"blocks.{index}.attn.pattern"]
        for index in range(num_layers)
    }

"""Stacks of encoder blocks without a vocabulary: torch.nn.TransformerEncoderLayer and nn.TransformerEncoder."""

import torch
from torch import nn

from golden.case import Group, Random
from golden.multihead import attention_config, attention_parameters
from golden.reference import agree, attentions_of, encoder

ABOUT = (
    "lastHiddenState: torch.nn.TransformerEncoder, whose layers are nn.TransformerEncoderLayer, fast path off; every "
    "intermediate: the same equations in PyTorch, once they give the same output. mask and attentionMask: 1 = may "
    "attend. Positions whose attentionMask is 0 are not compared."
)


def model_config(d_model, num_layers, d_ff, num_heads, **changes):
    """Every field of js/core/config-types.ts ModelConfig."""
    attention = attention_config(d_model, num_heads, **changes.pop("attention", {}))
    attention.pop("dModel")
    return {
        "vocabSize": 0,
        "maxLen": 0,
        "typeVocabSize": 0,
        "dModel": d_model,
        "numLayers": num_layers,
        "dFf": d_ff,
        "positions": "none",
        "embedNorm": False,
        "norm": "post",
        "normEps": 1e-5,
        "finalNorm": False,
        "activation": "relu",
        "feedForward": "mlp",
        "attention": attention,
        "pooler": False,
        "maskedLmHead": False,
    } | changes


def norm_parameters(random, name, size):
    return {
        f"{name}.weight": random.normal(size, std=0.2, mean=1.0),
        f"{name}.bias": random.normal(size, std=0.2),
    }


def block_parameters(random, config, index):
    d, f, prefix = config["dModel"], config["dFf"], f"blocks.{index}."
    parameters = attention_parameters(random, config["attention"] | {"dModel": d}, f"{prefix}attn.")
    parameters |= norm_parameters(random, f"{prefix}norm1", d)
    parameters[f"{prefix}mlp.fc1.weight"] = random.linear(f, d, gain=1.4)
    parameters[f"{prefix}mlp.fc1.bias"] = random.normal(f, std=0.3)
    parameters[f"{prefix}mlp.fc2.weight"] = random.linear(d, f)
    parameters[f"{prefix}mlp.fc2.bias"] = random.normal(d, std=0.3)
    parameters |= norm_parameters(random, f"{prefix}norm2", d)
    return parameters


def encoder_parameters(random, config):
    parameters = {}
    for index in range(config["numLayers"]):
        parameters |= block_parameters(random, config, index)
    if config["finalNorm"]:
        parameters |= norm_parameters(random, "final_norm", config["dModel"])
    return parameters


def in_pytorch(config, parameters):
    """The same stack as nn.TransformerEncoder."""
    d, heads = config["dModel"], config["attention"]["numHeads"]
    activation = {
        "relu": "relu",
        "gelu": "gelu",
        "silu": nn.functional.silu,
        "gelu_tanh": lambda x: nn.functional.gelu(x, approximate="tanh"),
    }[config["activation"]]
    layer = nn.TransformerEncoderLayer(
        d,
        heads,
        config["dFf"],
        dropout=0.0,
        activation=activation,
        batch_first=True,
        layer_norm_eps=config["normEps"],
        norm_first=config["norm"] == "pre",
    )
    final_norm = nn.LayerNorm(d, eps=config["normEps"]) if config["finalNorm"] else None
    model = nn.TransformerEncoder(
        layer, config["numLayers"], norm=final_norm, enable_nested_tensor=False
    )
    state = {}
    for index in range(config["numLayers"]):
        ours, theirs = f"blocks.{index}.", f"layers.{index}."
        for kind in ("weight", "bias"):
            state[f"{theirs}self_attn.in_proj_{kind}"] = (
                parameters[f"{ours}attn.qkv_proj.{kind}"]
                if config["attention"]["fused"]
                else torch.cat([parameters[f"{ours}attn.{name}_proj.{kind}"] for name in "qkv"])
            )
            state[f"{theirs}self_attn.out_proj.{kind}"] = parameters[f"{ours}attn.out_proj.{kind}"]
            for name, their_name in (
                ("mlp.fc1", "linear1"),
                ("mlp.fc2", "linear2"),
                ("norm1", "norm1"),
                ("norm2", "norm2"),
            ):
                state[f"{theirs}{their_name}.{kind}"] = parameters[f"{ours}{name}.{kind}"]
    if config["finalNorm"]:
        state |= {f"norm.{kind}": parameters[f"final_norm.{kind}"] for kind in ("weight", "bias")}
    model.to(next(iter(parameters.values())).dtype).load_state_dict(state)
    return model.eval()


def sinusoidal_positions(length, d_model, dtype):
    """Vaswani et al. 2017, section 3.5: sin at even, cos at odd features; always computed in float64."""
    position = torch.arange(length, dtype=torch.float64)[:, None]
    pair = torch.arange(d_model, dtype=torch.float64) // 2
    angle = position / 10000.0 ** (2 * pair / d_model)
    return torch.where(torch.arange(d_model) % 2 == 0, angle.sin(), angle.cos()).to(dtype)


def reference(config, options, trace):
    """trace: names of activations to keep, or 'all'."""

    def compute(inputs, parameters):
        heads = config["attention"]["numHeads"]
        x = inputs["inputsEmbeds"]
        batch, length = x.shape[:2]
        allowed = torch.ones(batch, heads, length, length, dtype=torch.bool)
        if options.get("causal", config["attention"]["causal"]):
            allowed &= torch.ones(length, length, dtype=torch.bool).tril()
        if "mask" in inputs:
            mask = inputs["mask"].bool()
            allowed &= mask.unsqueeze(1) if mask.dim() == 3 else mask
        padding = ~inputs["attentionMask"].bool() if "attentionMask" in inputs else None
        unpadded = allowed
        if padding is not None:
            allowed = allowed & ~padding[:, None, None, :]
        embedded = x
        if config["positions"] == "sinusoidal":
            positions = sinusoidal_positions(length, config["dModel"], x.dtype)
            embedded = x + positions

        last, activations = encoder(
            embedded,
            parameters,
            config,
            allowed=allowed,
            temperature=options.get("temperature", 1.0),
        )
        if "temperature" not in options:  # nn.TransformerEncoder has none
            with torch.no_grad():
                theirs = in_pytorch(config, parameters)(
                    embedded, mask=~unpadded.flatten(0, 1), src_key_padding_mask=padding
                )
            agree("nn.TransformerEncoder", last, theirs)
            last = theirs
        if config["positions"] == "sinusoidal":
            activations["pos_embed"] = positions.expand(batch, -1, -1)
        names = activations if trace == "all" else {name: activations[name] for name in trace}
        return {"lastHiddenState": last} | attentions_of(activations, config["numLayers"]) | names

    return compute


def make():
    torch.backends.mha.set_fastpath_enabled(False)
    group = Group("encoder", ABOUT)

    def add(
        name,
        about,
        d_model=12,
        layers=1,
        d_ff=20,
        heads=3,
        B=2,
        T=5,
        masks=None,
        options=None,
        trace="all",
        mean=0.0,
        **changes,
    ):
        random = Random(f"encoder/{name}")
        config = model_config(d_model, layers, d_ff, heads, **changes)
        inputs = {"inputsEmbeds": random.normal(B, T, d_model, mean=mean)} | (
            masks(random) if masks else {}
        )
        if "attentionMask" in inputs:
            inputs["attentionMask"] = inputs["attentionMask"].int()
        options = dict(options or {})
        if "mask" in inputs:
            options["mask"] = "tensor:mask"
        group.add(
            name,
            "model",
            about,
            reference(config, options, trace),
            inputs=inputs,
            parameters=encoder_parameters(random, config),
            config=config,
            options=options,
            seed=random.seed,
            valid="attentionMask" if "attentionMask" in inputs else None,
        )

    for norm in ("post", "pre"):
        for activation in ("relu", "gelu"):
            add(
                f"layer_{norm}_{activation}",
                f"one layer, {norm}-norm, {activation}",
                norm=norm,
                activation=activation,
            )
        add(
            f"stack_{norm}",
            f"three layers, {norm}-norm, final norm, gelu",
            layers=3,
            norm=norm,
            activation="gelu",
            finalNorm=True,
        )

    def padding(*lengths):
        return lambda r: {
            "attentionMask": torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
        }

    add("layer_gelu_tanh", "tanh GELU", activation="gelu_tanh")
    add("layer_silu", "SiLU", activation="silu", norm="pre")
    add("fused", "fused projections, two layers", layers=2, attention={"fused": True})
    add(
        "padding_post",
        "a batch of lengths 6, 4, 1, post-norm",
        layers=2,
        B=3,
        T=6,
        masks=padding(6, 4, 1),
    )
    add(
        "padding_pre",
        "a batch of lengths 6, 4, 1, pre-norm with final norm",
        layers=2,
        B=3,
        T=6,
        norm="pre",
        activation="gelu",
        finalNorm=True,
        masks=padding(6, 4, 1),
    )
    add(
        "padding_left",
        "padding before the tokens",
        layers=2,
        T=6,
        masks=lambda r: {"attentionMask": torch.arange(6) >= torch.tensor([0, 3])[:, None]},
    )
    add("causal", "causal by the option", layers=2, options={"causal": True})
    add(
        "causal_config",
        "causal by the config, with padding",
        layers=2,
        attention={"causal": True},
        masks=padding(5, 3),
    )
    add(
        "mask",
        "a mask [T, S] for every block",
        layers=2,
        masks=lambda r: {"mask": r.bits(5, 5) | torch.eye(5, dtype=torch.bool)},
    )
    add(
        "mask_batch",
        "a mask [B, T, S] and padding",
        layers=2,
        masks=lambda r: (
            {"mask": r.bits(2, 5, 5) | torch.tensor([True, False, False, False, False])}
            | padding(5, 3)(r)
        ),
    )
    add(
        "mask_heads",
        "a mask [B, H, T, S]",
        masks=lambda r: {"mask": r.bits(2, 3, 5, 5) | torch.eye(5, dtype=torch.bool)},
    )
    add(
        "temperature",
        "temperature 3 in every block (plain PyTorch)",
        layers=2,
        options={"temperature": 3.0},
    )
    add(
        "large_mean",
        "pre-norm on inputs of mean 100: the norm must not cancel",
        norm="pre",
        finalNorm=True,
        mean=100.0,
    )
    add("one_token", "T = 1", B=1, T=1, layers=2)
    add(
        "one_feature_heads",
        "odd sizes: D 15, H 5, F 7, T 9",
        d_model=15,
        heads=5,
        d_ff=7,
        T=9,
        layers=2,
        norm="pre",
    )
    add("eps", "normEps 0.1", normEps=0.1)
    add(
        "sinusoidal",
        "sinusoidal positions added to inputsEmbeds",
        positions="sinusoidal",
        maxLen=16,
        layers=2,
        T=11,
    )
    add(
        "deep",
        "six layers, D 32, T 24; last hidden state and attentions only",
        layers=6,
        d_model=32,
        heads=4,
        d_ff=64,
        B=1,
        T=24,
        norm="pre",
        activation="gelu",
        finalNorm=True,
        trace=["blocks.5.resid_pre"],
    )
    return group

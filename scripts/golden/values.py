"""Functions of single values and rows: sinusoidal and rotary positions, LayerNorm, RMSNorm, activations."""

import torch
from torch.nn import functional as F
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import (
    LlamaRMSNorm,
    LlamaRotaryEmbedding,
    apply_rotary_pos_emb,
)

from golden.case import Group, Random
from golden.encoder import sinusoidal_positions
from golden.reference import ACTIVATIONS

ABOUT = (
    "torch.nn.functional's layer_norm, gelu, silu, relu; sinusoidal positions by Vaswani et al. 2017, section 3.5; "
    "transformers' LlamaRMSNorm, and its rotary positions as LlamaRotaryEmbedding and apply_rotary_pos_emb rotate them."
)


def without_onednn(function, x):
    """oneDNN's float32 GELU, which PyTorch takes where the processor has AVX-512, overflows from half of float's largest number on."""
    enabled = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = False  # .flags() would do the same with a warning about TF32
    try:
        return function(x)
    finally:
        torch.backends.mkldnn.enabled = enabled


def make():
    group = Group("values", ABOUT)
    random = Random("values")

    line = torch.linspace(-12, 12, 481, dtype=torch.float32).double()
    extremes = torch.tensor(
        [
            0.0,
            -0.0,
            1e-40,
            -1e-40,
            1e-7,
            -1e-7,
            5.5,
            -5.5,
            88.0,
            -88.0,
            104.0,
            -104.0,
            1e4,
            -1e4,
            3e38,
            -3e38,
        ],
        dtype=torch.float32,
    ).double()
    x = torch.cat([line, random.normal(500), extremes])
    for name, function in (ACTIVATIONS | {"tanh": torch.tanh}).items():
        group.add(
            f"activation_{name}",
            "activation",
            f"{name} on [−12, 12], random and extreme values",
            lambda i, _, function=function: {"y": without_onednn(function, i["x"])},
            inputs={"x": x},
            options={"activation": name},
            seed=random.seed,
        )

    def norm(name, about, x, eps=1e-5, affine=True):
        width = x.shape[-1]
        inputs = {"x": x}
        if affine:
            inputs |= {
                "gain": random.normal(width, std=0.2, mean=1.0),
                "shift": random.normal(width, std=0.2),
            }

        def compute(inputs, _):
            return {
                "y": F.layer_norm(
                    inputs["x"], (width,), inputs.get("gain"), inputs.get("shift"), eps
                )
            }

        group.add(
            f"layer_norm_{name}",
            "layer_norm",
            about,
            compute,
            inputs=inputs,
            options={"eps": eps},
            seed=random.seed,
        )

    norm("plain", "random rows", random.normal(7, 33))
    norm("no_gain", "without gain and shift", random.normal(3, 16), affine=False)
    # Mean 1,000 in float32 leaves deviations of 1 exact to 6e-5: the rows are rounded before, so the reference sees the same.
    norm(
        "large_mean",
        "mean 1,000, deviation 1: a one-pass variance cancels",
        random.normal(5, 64, mean=1000.0),
    )
    norm("huge_mean", "mean 30,000, deviation 10", random.normal(5, 20, mean=30000.0, std=10.0))
    norm(
        "constant",
        "constant rows: only eps keeps them finite",
        torch.full((2, 9), 3.5, dtype=torch.float64),
    )
    norm("tiny", "deviation 1e-6, below √eps", random.normal(4, 12, std=1e-6), eps=1e-12)
    norm("one", "D = 1: always the shift", random.normal(4, 1))

    for length, d_model in ((512, 10), (5, 64), (1, 2), (20, 7)):
        group.add(
            f"sinusoidal_{length}_{d_model}",
            "sinusoidal",
            f"positions 0 … {length - 1}, D = {d_model}",
            lambda _, __, n=length, d=d_model: {"table": sinusoidal_positions(n, d, torch.float64)},
            inputs={},
            options={"length": length, "dModel": d_model},
        )
    rms_norm_cases(group)
    rotary_cases(group)
    return group


def rms_norm_cases(group):
    for name, about, shape, scale, eps in (
        ("plain", "random rows", (7, 33), 1.0, 1e-5),
        ("one", "D = 1", (4, 1), 1.0, 1e-6),
        ("tiny", "values of 1e-6, below √eps", (4, 12), 1e-6, 1e-6),
        ("large", "values of 1e6", (3, 64), 1e6, 1e-5),
    ):
        random = Random(f"values/rms_norm_{name}")
        inputs = {
            "x": random.normal(*shape, std=scale),
            "gain": random.normal(shape[-1], std=0.2, mean=1.0),
        }

        def compute(inputs, _, eps=eps):
            norm = LlamaRMSNorm(inputs["gain"].shape[0], eps).to(inputs["x"].dtype)
            with torch.no_grad():
                norm.weight.copy_(inputs["gain"])
                return {"y": norm(inputs["x"])}

        group.add(
            f"rms_norm_{name}",
            "rms_norm",
            about,
            compute,
            inputs=inputs,
            options={"eps": eps},
            seed=random.seed,
        )


def rotary_cases(group):
    llama3 = {
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    }
    for name, about, d_head, rope, options in (
        (
            "default",
            "theta 10,000",
            8,
            {"rope_type": "default", "rope_theta": 10000.0},
            {"theta": 10000.0},
        ),
        (
            "theta",
            "theta 500, K = 6",
            6,
            {"rope_type": "default", "rope_theta": 500.0},
            {"theta": 500.0},
        ),
        (
            "linear",
            "linear scaling by 4",
            8,
            {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0},
            {"theta": 10000.0, "linearFactor": 4.0},
        ),
        (
            "llama3",
            "Llama 3.1's scaling: kept, blended and stretched wavelengths",
            16,
            {"rope_type": "llama3", "rope_theta": 100.0} | llama3,
            {
                "theta": 100.0,
                "llama3Factor": 8.0,
                "lowFrequency": 1.0,
                "highFrequency": 4.0,
                "originalMaxLen": 32.0,
            },
        ),
    ):
        rotary_case(group, name, about, (2, 3, 48, d_head), rope, options)


def rotary_case(group, name, about, shape, rope, options):
    """shape: [B, H, T, K]; rope: Transformers' parameters; options: the same in this project's words."""
    random = Random(f"values/rotary_{name}")
    _, heads, length, d_head = shape
    config = LlamaConfig(
        hidden_size=heads * d_head,
        num_attention_heads=heads,
        head_dim=d_head,
        max_position_embeddings=length,
        rope_parameters=rope,
    )

    def compute(inputs, _):
        x = inputs["x"]
        cosine, sine = LlamaRotaryEmbedding(config)(x, torch.arange(x.shape[2])[None])
        return {"y": apply_rotary_pos_emb(x, x, cosine, sine)[0]}

    group.add(
        f"rotary_{name}",
        "rotary",
        about,
        compute,
        inputs={"x": random.normal(*shape)},
        options=options,
        seed=random.seed,
    )

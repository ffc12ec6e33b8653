"""Checkpoints of Gemma, Llama with scaled embeddings, GeGLU and norms whose gain is 1 + weight, and what Transformers computes with them."""

import math
from types import SimpleNamespace

import torch
from transformers import GemmaConfig, GemmaForCausalLM, GemmaModel

from golden import families
from golden.case import Group

ABOUT = (
    "transformers' GemmaForCausalLM, GemmaModel and generate(); eager attention, weights as saved and then float64. "
    "blocks.l.resid_pre is hidden_states[l]. Positions whose attentionMask is 0 are not compared."
)


def described(model):
    """The model's config in this project's terms, and {our parameter: its tensor in the file}."""
    config = model.config
    like_llama = {"attention_bias": False} | config.to_dict() | {"mlp_bias": False}
    like_llama["head_dim"] = (
        like_llama.get("head_dim") or config.hidden_size // config.num_attention_heads
    )
    ours, names = families.llama(SimpleNamespace(**like_llama))
    ours["embedScale"] = torch.tensor(math.sqrt(config.hidden_size)).item()
    names = {
        name: {"tensor": theirs, "plus": 1} if "norm" in name else theirs
        for name, theirs in names.items()
    }
    if not isinstance(model, GemmaModel):
        return ours, names
    names.pop("lm_head.weight", None)
    return ours | {"lmHead": False}, {
        name: theirs.removeprefix("model.")
        if isinstance(theirs, str)
        else theirs | {"tensor": theirs["tensor"].removeprefix("model.")}
        for name, theirs in names.items()
    }


def make(out):
    group = Group("gemma", ABOUT)
    checkpoints = families.Checkpoints(group, out, described)
    checkpoint, batch, generation = checkpoints.add, checkpoints.batch, checkpoints.generation

    checkpoint(
        "gemma_grouped",
        "H 4 on 2 key-value heads, tied head, K 8 with D 24",
        GemmaForCausalLM,
        GemmaConfig(
            hidden_size=24,
            num_attention_heads=4,
            num_key_value_heads=2,
            num_hidden_layers=2,
            intermediate_size=33,
            vocab_size=50,
            max_position_embeddings=48,
            bos_token_id=0,
            eos_token_id=49,
            head_dim=8,
            rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        ),
    )
    batch("gemma_grouped", "one sequence of 40", "gemma_grouped", B=1, T=40)
    batch("gemma_padding", "a batch with padding", "gemma_grouped", B=3, lengths=(9, 4, 1))
    generation("gemma_greedy", "thirty tokens", "gemma_grouped", new=30)
    generation("gemma_stop", "until a stop token", "gemma_grouped", stop_after=2)
    checkpoint(
        "gemma_other",
        "one key-value head, biases, exact GELU, eps 1e-5, two stop tokens; in shards",
        GemmaForCausalLM,
        GemmaConfig(
            hidden_size=18,
            num_attention_heads=3,
            num_key_value_heads=1,
            num_hidden_layers=3,
            intermediate_size=28,
            vocab_size=45,
            max_position_embeddings=64,
            bos_token_id=0,
            eos_token_id=[43, 44],
            rms_norm_eps=1e-5,
            head_dim=6,
            attention_bias=True,
            hidden_act="gelu",
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        ),
        max_shard_size="9KB",
    )
    batch("gemma_other", "one sequence of 64", "gemma_other", B=1, T=64)
    batch("gemma_other_padding", "a batch with padding", "gemma_other", lengths=(9, 6))
    generation("gemma_other_greedy", "thirty tokens", "gemma_other", new=30)
    checkpoint(
        "gemma_body",
        "GemmaModel: no head, no prefix",
        GemmaModel,
        GemmaConfig(
            hidden_size=16,
            num_attention_heads=2,
            num_key_value_heads=2,
            num_hidden_layers=1,
            intermediate_size=20,
            vocab_size=30,
            max_position_embeddings=32,
            head_dim=8,
            bos_token_id=0,
            eos_token_id=29,
        ),
    )
    batch("gemma_body", "a batch with padding", "gemma_body", lengths=(20, 7), T=20)
    return group

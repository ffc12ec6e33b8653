"""Checkpoints of Qwen3, Llama with norms of q and k, and what Transformers computes with them."""

from types import SimpleNamespace

from transformers import Qwen3Config, Qwen3ForCausalLM, Qwen3Model

from golden import families
from golden.case import Group

ABOUT = (
    "transformers' Qwen3ForCausalLM, Qwen3Model and generate(); eager attention, weights as saved and then float64. "
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
    ours["attention"]["qkNorm"] = True
    names |= {
        f"blocks.{l}.attn.{part}.weight": f"model.layers.{l}.self_attn.{part}.weight"
        for l in range(config.num_hidden_layers)
        for part in ("q_norm", "k_norm")
    }
    if not isinstance(model, Qwen3Model):
        return ours, names
    names.pop("lm_head.weight", None)
    return ours | {"lmHead": False}, {
        name: theirs.removeprefix("model.") if isinstance(theirs, str) else theirs
        for name, theirs in names.items()
    }


def make(out):
    group = Group("qwen3", ABOUT)
    checkpoints = families.Checkpoints(group, out, described)
    checkpoint, batch, generation = checkpoints.add, checkpoints.batch, checkpoints.generation

    checkpoint(
        "qwen3_grouped",
        "H 4 on 2 key-value heads, untied head, K 8 with D 24",
        Qwen3ForCausalLM,
        Qwen3Config(
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
    batch("qwen3_grouped", "one sequence of 40", "qwen3_grouped", B=1, T=40)
    batch("qwen3_padding", "a batch with padding", "qwen3_grouped", B=3, lengths=(9, 4, 1))
    generation("qwen3_greedy", "thirty tokens", "qwen3_grouped", new=30)
    generation("qwen3_stop", "until a stop token", "qwen3_grouped", stop_after=2)
    checkpoint(
        "qwen3_other",
        "tied head, one key-value head, biases, eps 1e-5, two stop tokens; in shards",
        Qwen3ForCausalLM,
        Qwen3Config(
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
            tie_word_embeddings=True,
            attention_bias=True,
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        ),
        max_shard_size="9KB",
    )
    batch("qwen3_other", "one sequence of 64", "qwen3_other", B=1, T=64)
    batch("qwen3_other_padding", "a batch with padding", "qwen3_other", lengths=(9, 6))
    generation("qwen3_other_greedy", "thirty tokens", "qwen3_other", new=30)
    checkpoint(
        "qwen3_body",
        "Qwen3Model: no head, no prefix",
        Qwen3Model,
        Qwen3Config(
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
    batch("qwen3_body", "a batch with padding", "qwen3_body", lengths=(20, 7), T=20)
    return group

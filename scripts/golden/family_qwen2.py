"""Checkpoints of Qwen2, Llama with biases on q, k and v alone, and what Transformers computes with them."""

from types import SimpleNamespace

from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Model

from golden import families
from golden.case import Group

ABOUT = (
    "transformers' Qwen2ForCausalLM, Qwen2Model and generate(); eager attention, weights as saved and then float64. "
    "blocks.l.resid_pre is hidden_states[l]. Positions whose attentionMask is 0 are not compared."
)


def described(model):
    """The model's config in this project's terms, and {our parameter: its tensor in the file}."""
    config = model.config
    d_head = config.hidden_size // config.num_attention_heads
    like_llama = config.to_dict() | {"attention_bias": True, "mlp_bias": False, "head_dim": d_head}
    ours, table = families.llama(SimpleNamespace(**like_llama))
    ours["attention"]["outBias"] = False
    names = {name: theirs for name, theirs in table.items() if not name.endswith("out_proj.bias")}
    if isinstance(model, Qwen2Model):
        del names["lm_head.weight"]
        return ours | {"lmHead": False}, {
            name: theirs.removeprefix("model.") for name, theirs in names.items()
        }
    return ours, names


def make(out):
    group = Group("qwen2", ABOUT)
    checkpoints = families.Checkpoints(group, out, described)
    checkpoint, batch, generation = checkpoints.add, checkpoints.batch, checkpoints.generation

    checkpoint(
        "qwen2_grouped",
        "H 4 on 2 key-value heads, untied head, theta 500",
        Qwen2ForCausalLM,
        Qwen2Config(
            hidden_size=24,
            num_attention_heads=4,
            num_key_value_heads=2,
            num_hidden_layers=2,
            intermediate_size=33,
            vocab_size=50,
            max_position_embeddings=40,
            bos_token_id=0,
            eos_token_id=49,
            rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        ),
        refused={
            "use_sliding_window": True,
            "layer_types": ["full_attention", "sliding_attention"],
        },
    )
    batch("qwen2_grouped", "one sequence of 40", "qwen2_grouped", B=1, T=40)
    batch("qwen2_padding", "a batch with padding", "qwen2_grouped", B=3, lengths=(9, 4, 1))
    generation("qwen2_greedy", "sixteen tokens", "qwen2_grouped")
    generation("qwen2_stop", "until a stop token", "qwen2_grouped", stop_after=2)
    checkpoint(
        "qwen2_tied",
        "tied head as in Qwen2-0.5B, one key-value head, eps 1e-5, two stop tokens; in shards",
        Qwen2ForCausalLM,
        Qwen2Config(
            hidden_size=24,
            num_attention_heads=3,
            num_key_value_heads=1,
            num_hidden_layers=3,
            intermediate_size=28,
            vocab_size=45,
            max_position_embeddings=64,
            bos_token_id=0,
            eos_token_id=[43, 44],
            rms_norm_eps=1e-5,
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        ),
        max_shard_size="9KB",
    )
    batch("qwen2_tied", "one sequence of 64", "qwen2_tied", B=1, T=64)
    batch("qwen2_tied_padding", "a batch with padding", "qwen2_tied", lengths=(9, 6))
    generation("qwen2_tied_greedy", "thirty tokens", "qwen2_tied", new=30)
    checkpoint(
        "qwen2_body",
        "Qwen2Model: no head, no prefix; linear scaling by 2",
        Qwen2Model,
        Qwen2Config(
            hidden_size=16,
            num_attention_heads=2,
            num_key_value_heads=2,
            num_hidden_layers=1,
            intermediate_size=20,
            vocab_size=30,
            max_position_embeddings=32,
            bos_token_id=0,
            eos_token_id=29,
            rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0},
        ),
    )
    batch("qwen2_body", "a batch with padding", "qwen2_body", lengths=(20, 7), T=20)
    return group

"""Checkpoints of Mistral, Llama with a sliding window, and what Transformers computes with them."""

from types import SimpleNamespace

from transformers import MistralConfig, MistralForCausalLM, MistralModel

from golden import families
from golden.case import Group

ABOUT = (
    "transformers' MistralForCausalLM, MistralModel and generate(); eager attention, weights as saved and then float64. "
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
    if config.sliding_window is not None:
        ours["attention"]["window"] = config.sliding_window - 1
    if not isinstance(model, MistralModel):
        return ours, names
    names.pop("lm_head.weight", None)
    return ours | {"lmHead": False}, {
        name: theirs.removeprefix("model.") if isinstance(theirs, str) else theirs
        for name, theirs in names.items()
    }


def make(out):
    group = Group("mistral", ABOUT)
    checkpoints = families.Checkpoints(group, out, described)
    checkpoint, batch, generation = checkpoints.add, checkpoints.batch, checkpoints.generation

    checkpoint(
        "mistral_grouped",
        "H 4 on 2 key-value heads, untied head, a window of 5 tokens",
        MistralForCausalLM,
        MistralConfig(
            hidden_size=24,
            num_attention_heads=4,
            num_key_value_heads=2,
            num_hidden_layers=2,
            intermediate_size=33,
            vocab_size=50,
            max_position_embeddings=48,
            bos_token_id=0,
            eos_token_id=49,
            sliding_window=5,
            rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        ),
    )
    batch("mistral_grouped", "one sequence of 40", "mistral_grouped", B=1, T=40)
    batch("mistral_padding", "a batch with padding", "mistral_grouped", B=3, lengths=(9, 6, 5))
    generation("mistral_greedy", "thirty tokens", "mistral_grouped", new=30)
    generation("mistral_stop", "until a stop token", "mistral_grouped", stop_after=2)
    checkpoint(
        "mistral_other",
        "tied head, one key-value head, no window, eps 1e-5, two stop tokens; in shards",
        MistralForCausalLM,
        MistralConfig(
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
            sliding_window=None,
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        ),
        max_shard_size="9KB",
    )
    batch("mistral_other", "one sequence of 64", "mistral_other", B=1, T=64)
    batch("mistral_other_padding", "a batch with padding", "mistral_other", lengths=(9, 6))
    generation("mistral_other_greedy", "thirty tokens", "mistral_other", new=30)
    checkpoint(
        "mistral_body",
        "MistralModel: no head, no prefix",
        MistralModel,
        MistralConfig(
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
    batch("mistral_body", "a batch with padding", "mistral_body", lengths=(20, 7), T=20)
    return group

"""Checkpoints of Longformer, and what Transformers computes with them; and stacks with a sliding window alone.

Transformers gives the attention of a token compressed, [B, H, T, x + 2w + 1]: first the weights of the x global keys, in their
order, then those of the keys from t − w to t + w; and that of the global tokens apart, in global_attentions [B, H, T, x]: the
weights of all T keys by query. expanded() is both as [B, H, T, S].
"""

import torch
from transformers import LongformerConfig, LongformerForMaskedLM, LongformerModel

from golden.case import Group, Random
from golden.encoder import encoder_parameters, model_config
from golden.families import Checkpoints as FamilyCheckpoints
from golden.reference import attentions_of, block

ABOUT = (
    "transformers' LongformerModel and LongformerForMaskedLM, weights as saved and then float64 (its softmax is float32); "
    "attentions and global_attentions expanded to [B, H, T, S]. Stacks with a window: the equations in plain PyTorch, every "
    "other key masked. blocks.l.resid_pre is hidden_states[l]. Positions whose attentionMask is 0 are not compared."
)


def expanded(local, apart, window, is_global):
    """local [B, H, T, x + 2 window + 1], apart [B, H, T, x] or None, is_global [B, T] → [B, H, T, S]"""
    B, H, T, _ = local.shape
    x = 0 if apart is None else apart.shape[-1]
    pattern = torch.zeros(B, H, T, T, dtype=local.dtype)
    for b in range(B):
        tokens = is_global[b].nonzero().flatten()
        for column, s in enumerate(tokens):
            pattern[b, :, :, s] += local[b, :, :, column]
        for offset in range(-window, window + 1):
            for t in range(max(0, -offset), min(T, T - offset)):
                pattern[b, :, t, t + offset] += local[b, :, t, x + window + offset]
        for column, t in enumerate(tokens):
            pattern[b, :, t] = apart[b, :, :T, column]
    return pattern


def forward(inputs, model):
    """Everything that a pass of either kind of model returns, by this project's names."""
    arguments = {
        "input_ids": "inputIds",
        "attention_mask": "attentionMask",
        "token_type_ids": "tokenTypeIds",
        "global_attention_mask": "globalAttentionMask",
    }
    given = {theirs: inputs[ours].long() for theirs, ours in arguments.items() if ours in inputs}
    with torch.no_grad():
        body = model.base_model(**given, output_hidden_states=True, output_attentions=True)
        whole = model(**given)
    expected = {"lastHiddenState": body.last_hidden_state}
    if "logits" in whole:
        expected["logits"] = whole.logits
    if getattr(whole, "pooler_output", None) is not None:
        expected["poolerOutput"] = whole.pooler_output
    ones = torch.ones_like(given["input_ids"])
    is_global = given.get("global_attention_mask", 0 * ones) * given.get("attention_mask", ones)
    windows = model.config.attention_window
    for l, local in enumerate(body.attentions):
        apart = body.global_attentions[l] if is_global.any() else None
        window = (windows if isinstance(windows, int) else windows[l]) // 2
        expected[f"attentions.{l}"] = expanded(local, apart, window, is_global).to(
            body.last_hidden_state.dtype
        )
    return expected | {f"blocks.{l}.resid_pre": x for l, x in enumerate(body.hidden_states[:-1])}


class Checkpoints(FamilyCheckpoints):
    """As of the other families, with global tokens: their places in each sequence."""

    def batch(self, name, about, checkpoint, T, lengths=None, types=False, tokens=None, B=2):
        random = Random(f"longformer/{name}")
        config = self.group.checkpoints[checkpoint]["config"]
        pad = config["padTokenId"]
        inputs = {"inputIds": random.integers(pad + 1, config["vocabSize"], B, T)}
        if lengths:
            inputs["attentionMask"] = (torch.arange(T) < torch.tensor(lengths)[:, None]).int()
            inputs["inputIds"] = torch.where(
                inputs["attentionMask"].bool(), inputs["inputIds"], pad
            ).int()
        if types:
            inputs["tokenTypeIds"] = random.integers(0, config["typeVocabSize"], B, T)
        if tokens is not None:
            inputs["globalAttentionMask"] = torch.zeros(B, T, dtype=torch.int32)
            for row, places in enumerate(tokens):
                inputs["globalAttentionMask"][row, places] = 1
        self.group.add(
            name,
            "model",
            about,
            forward,
            inputs=inputs,
            checkpoint=checkpoint,
            seed=random.seed,
            load=lambda dtype: self.load(checkpoint, dtype),
            valid="attentionMask" if lengths else None,
        )


def window_stack(group, name, about, windows, T, causal=False, d_model=12, heads=3, B=2):
    """windows: one for each layer."""
    random = Random(f"longformer/{name}")
    config = model_config(d_model, len(windows), 18, heads, attention={"causal": causal})
    config["attention"]["window"] = windows if len(set(windows)) > 1 else windows[0]
    distance = torch.arange(T)[:, None] - torch.arange(T)

    def compute(inputs, parameters):
        x, activations = inputs["inputsEmbeds"], {}
        for l, window in enumerate(windows):
            allowed = (distance.abs() <= window) & ((distance >= 0) | (not causal))
            x, names = block(x, parameters, config, l, allowed=allowed)
            activations |= names
        return {"lastHiddenState": x} | attentions_of(activations, len(windows))

    group.add(
        name,
        "model",
        about,
        compute,
        config=config,
        inputs={"inputsEmbeds": random.normal(B, T, d_model)},
        parameters=encoder_parameters(random, config),
        seed=random.seed,
    )


def make(out):
    group = Group("longformer", ABOUT)
    checkpoints = Checkpoints(group, out)

    def checkpoint(name, about, architecture, **options):
        config = LongformerConfig(
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            bos_token_id=0,
            eos_token_id=2,
            **options,
        )
        checkpoints.add(name, about, architecture, config)

    checkpoint(
        "longformer_windows",
        "LongformerModel with pooler and token types; windows 4, 8, 4; odd heads",
        LongformerModel,
        vocab_size=40,
        hidden_size=21,
        num_attention_heads=3,
        num_hidden_layers=3,
        intermediate_size=26,
        max_position_embeddings=40,
        type_vocab_size=2,
        attention_window=[4, 8, 4],
        pad_token_id=1,
    )
    batch = checkpoints.batch
    batch("no_global", "no global tokens: windows alone", "longformer_windows", T=16)
    batch(
        "global_several",
        "T no multiple of the window; global tokens first, last, in between and side by side; types",
        "longformer_windows",
        T=19,
        tokens=([0, 7, 8, 18], [3]),
        types=True,
    )
    batch(
        "global_padding",
        "padding, a padded token marked global, and a sequence without any",
        "longformer_windows",
        T=21,
        lengths=(21, 13, 6),
        tokens=([10], [0, 5, 15], []),
        B=3,
    )
    batch(
        "global_all",
        "every token is global",
        "longformer_windows",
        T=9,
        tokens=([*range(9)], [*range(9)]),
    )
    batch("short", "T below every window", "longformer_windows", T=3, tokens=([1], [2]))

    checkpoint(
        "longformer_mlm",
        "LongformerForMaskedLM, one window of 6 for all layers, pad id 3, one token type",
        LongformerForMaskedLM,
        vocab_size=50,
        hidden_size=16,
        num_attention_heads=2,
        num_hidden_layers=2,
        intermediate_size=24,
        max_position_embeddings=70,
        type_vocab_size=1,
        attention_window=6,
        pad_token_id=3,
    )
    batch(
        "mlm_long",
        "more than two blocks of queries; global tokens far apart",
        "longformer_mlm",
        T=64,
        B=1,
        tokens=([0, 31, 60],),
    )
    batch(
        "mlm_padding",
        "padding with global tokens",
        "longformer_mlm",
        T=27,
        lengths=(27, 20),
        tokens=([0, 1, 2], [0, 19]),
    )

    checkpoint(
        "longformer_wide",
        "LongformerModel, a window wider than most inputs, GELU by tanh",
        LongformerModel,
        vocab_size=30,
        hidden_size=20,
        num_attention_heads=5,
        num_hidden_layers=2,
        intermediate_size=20,
        max_position_embeddings=40,
        type_vocab_size=1,
        attention_window=[32, 16],
        pad_token_id=0,
        hidden_act="gelu_new",
        layer_norm_eps=1e-5,
    )
    batch(
        "wide",
        "a window of 32 over 11 tokens",
        "longformer_wide",
        T=11,
        lengths=(11, 7),
        tokens=([4], []),
    )

    window_stack(group, "window", "a sliding window, without global tokens", [2, 2], T=11)
    window_stack(
        group, "window_causal", "causal, a window for each layer", [1, 3, 0], T=33, causal=True
    )
    return group

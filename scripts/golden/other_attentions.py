"""Gradients of attentions that are more than softmax(q kᵀ) v: T5's bias by distance, Transformer-XL's relative scores and mems,
Longformer's global tokens. By autograd and by finite differences."""

from transformers import (
    LongformerConfig,
    LongformerForMaskedLM,
    T5Config,
    T5ForConditionalGeneration,
)
import torch

from golden import families, gradients
from golden.case import Group, Random
from golden.differences import V, adder, stack
from golden.encoder import model_config
from golden.interventions import Edit

ABOUT = (
    "transformers' T5ForConditionalGeneration and LongformerForMaskedLM with random weights, in float64 (their softmax is float32), "
    "as in the group gradients; all others the equations of docs/layers.md in plain PyTorch, as in the group differences. "
    "mems.l: what entered block l for the tokens before, a constant."
)


def t5_model():
    config = T5Config(
        vocab_size=gradients.V,
        d_model=12,
        d_kv=5,
        d_ff=20,
        num_layers=1,
        num_decoder_layers=2,
        num_heads=3,
        relative_attention_num_buckets=8,
        relative_attention_max_distance=6,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        use_cache=False,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
        tie_word_embeddings=False,
    )  # which only leaves out the logits' scale: the weights are tied all the same
    config._attn_implementation = "eager"
    model = T5ForConditionalGeneration(config)
    families.fill(model, "other_attentions/t5")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(
                "Attention.q.weight"
            ):  # T5 divides no scores by √K: its queries begin as much smaller
                parameter.copy_((parameter * config.d_kv**-0.5).float())

    def stack(layers, causal):
        return model_config(
            12,
            layers,
            20,
            3,
            vocabSize=gradients.V,
            positions="t5_bias",
            normKind="rms",
            norm="pre",
            normEps=config.layer_norm_epsilon,
            finalNorm=True,
            gated=True,
            activation="gelu_tanh",
            mlpBias=False,
            t5Bias={"numBuckets": 8, "maxDistance": 6, "bidirectional": not causal},
            attention={
                "dHead": 5,
                "bias": False,
                "outBias": False,
                "scaleBy": "none",
                "causal": causal,
            },
        )

    encoder = {
        key: value
        for key, value in stack(1, False).items()
        if key not in ("dModel", "pooler", "maskedLmHead")
    }
    ours = stack(2, True) | {"encoder": encoder, "shareEmbeddings": True, "lmHead": True}
    table = {"embed.token": "shared"}
    for part, last in (("encoder", 1), ("decoder", 2)):
        table |= {
            f"{part}.position_bias": f"{part}.block.0.layer.0.SelfAttention.relative_attention_bias",
            f"{part}.final_norm": f"{part}.final_layer_norm",
        }
        attentions = (
            {"attn": "0.SelfAttention"}
            if part == "encoder"
            else {"self_attn": "0.SelfAttention", "cross_attn": "1.EncDecAttention"}
        )
        for l in range(last):
            theirs = f"{part}.block.{l}.layer"
            table |= {
                f"{part}.blocks.{l}.{name}.{which}_proj": f"{theirs}.{layer}.{which[0]}"
                for name, layer in attentions.items()
                for which in ("q", "k", "v", "out")
            }
            table |= {
                f"{part}.blocks.{l}.mlp.{name}": f"{theirs}.{last}.DenseReluDense.{w}"
                for name, w in (("gate", "wi_0"), ("fc1", "wi_1"), ("fc2", "wo"))
            }
            table |= {
                f"{part}.blocks.{l}.norm{i + 1}": f"{theirs}.{i}.layer_norm"
                for i in range(last + 1)
            }
    return model, ours, {f"{name}.weight": f"{theirs}.weight" for name, theirs in table.items()}


def longformer_model():
    model = LongformerForMaskedLM(
        LongformerConfig(
            vocab_size=gradients.V,
            hidden_size=12,
            num_hidden_layers=2,
            num_attention_heads=3,
            intermediate_size=20,
            max_position_embeddings=16,
            type_vocab_size=1,
            attention_window=[4, 8],
            pad_token_id=1,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )
    families.fill(model, "other_attentions/longformer")
    return model, *families.described(model)


def make():
    group = Group("other_attentions", ABOUT)
    add = adder(group)

    def of_transformers(name, about, made, kind, **more):
        random = Random(f"other_attentions/{name}")
        inputs = gradients.tokens(random, 2, 7, kind)
        inputs["attentionMask"] = torch.tensor([[1] * 7, [1] * 5 + [0] * 2], dtype=torch.int32)
        if kind != "t5":
            inputs["inputIds"] = inputs["inputIds"].clamp(min=2)
            inputs["labels"] = torch.where(
                inputs["attentionMask"] > 0, inputs["labels"], -100
            ).int()
        inputs |= {key: torch.tensor(value, dtype=torch.int32) for key, value in more.items()}
        gradients.add(
            group,
            "gradients",
            name,
            about,
            made,
            inputs,
            gradients.gradients(made[2], (), None, False),
            {},
            random,
        )

    of_transformers(
        "t5",
        "an encoder and a causal decoder, each with its table for all of its layers; padding",
        t5_model(),
        "t5",
    )
    gradients.run(group, "t5_run", "100 steps of T5", t5_model(), "t5")
    of_transformers(
        "longformer",
        "windows, global tokens at several places, padding",
        longformer_model(),
        "longformer",
        # As many in each sequence: else float64's least number in their float32 softmax makes a row of NaN.
        globalAttentionMask=[[1, 0, 0, 1, 0, 0, 0], [0, 0, 1, 0, 1, 0, 0]],
    )

    t5 = {"numBuckets": 6, "maxDistance": 4, "bidirectional": True}
    block = "blocks.0.attn."
    add(
        "t5_bias",
        "one table for two layers, padding, keys shared by heads, edits before and after the bias",
        layers=2,
        heads=4,
        T=6,
        masks={"attentionMask": (6, 4)},
        positions="t5_bias",
        t5Bias=t5,
        attention={"numKvHeads": 2},
        edits=[
            Edit("blocks.1.attn.scores", "scale", {"head": 1}, -1.5),
            Edit(f"{block}masked_scores", "set", {"query": 2, "key": 1}, 0.5),
        ],
    )
    add(
        "t5_bias_masked_value",
        "a finite masked value, causal, no softmax",
        masks={"attentionMask": (5, 3)},
        positions="t5_bias",
        t5Bias=t5 | {"bidirectional": False},
        attention={"causal": True, "maskedValue": -3.0, "normalisation": "none"},
    )

    def mems(M, layers=1, D=12):
        return {"inputIds": lambda r: r.integers(2, V, 2, 5)} | {
            f"mems.{l}": lambda r: r.normal(2, M, D) for l in range(layers)
        }

    relative = {"positions": "transformer_xl", "memLength": 8, "maxLen": 0}
    add(
        "relative",
        "causal, no mems yet, no biases, an embedding scaled",
        **relative,
        embedScale=3.5,
        attention={"causal": True, "bias": False, "outBias": False},
    )
    add(
        "relative_memory",
        "mems longer than the batch, padding",
        inputs=mems(7, layers=2),
        layers=2,
        masks={"attentionMask": (5, 3)},
        **relative,
        attention={"causal": True},
    )
    add(
        "relative_pre_norm",
        "norms first, shorter mems, an odd head size, keys shared by heads",
        inputs=mems(3),
        heads=4,
        norm="pre",
        finalNorm=True,
        normKind="rms",
        **relative,
        attention={"causal": True, "dHead": 5, "numKvHeads": 2},
    )
    add(
        "relative_both_sides",
        "keys after the query, too, fused projections, edits",
        inputs=mems(2),
        **relative,
        attention={"fused": True},
        edits=[
            Edit(f"{block}scores", "mean", {"head": 1}),
            Edit(f"{block}k", "scale", {"key": 1}, 0.5),
            Edit(f"{block}q", "add", {"head": 0}, 0.25),
            Edit(f"{block}pattern", "zero", {"head": 2}),
        ],
    )
    add(
        "relative_masked_value",
        "a finite masked value over mems and padding",
        inputs=mems(4),
        masks={"attentionMask": (5, 3)},
        **relative,
        attention={"causal": True, "maskedValue": -2.0},
    )

    def marks(*rows):
        return {
            "inputIds": lambda r: r.integers(2, V, 2, 6),
            "globalAttentionMask": lambda r: torch.tensor(rows, dtype=torch.int32),
        }

    window = {"window": 1, "globalTokens": True}
    add(
        "global_tokens",
        "several, one of them padding; fused projections",
        inputs=marks([1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 0, 1]),
        T=6,
        masks={"attentionMask": (6, 5)},
        positions="learned",
        attention=window | {"fused": True},
    )
    add(
        "global_tokens_edited",
        "rotary positions, keys shared by heads, a sequence without any, edits",
        T=6,
        layers=2,
        heads=4,
        inputs=marks([0, 0, 1, 0, 0, 0], [0] * 6),
        positions="rotary",
        attention=window | {"numKvHeads": 2, "dHead": 4, "window": [1, 2]},
        edits=[
            Edit(f"{block}q_global", "scale", {"head": 1}, -1.5),
            Edit(f"{block}k_global", "zero", {"key": 4}),
            Edit("blocks.1.attn.v_global", "mean", {"head": 0}),
            Edit("blocks.1.attn.pattern", "scale", {"head": 2}, 0.5),
            Edit("blocks.1.attn.scores", "add", {"query": 2}, 0.75),
        ],
    )
    add(
        "translation_global",
        "global tokens in an encoder that a decoder with T5's bias reads",
        T=5,
        inputs={
            "inputIds": lambda r: r.integers(2, V, 2, 5),
            "decoderInputIds": lambda r: r.integers(2, V, 2, 5),
            "globalAttentionMask": lambda r: torch.tensor(
                [[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]], dtype=torch.int32
            ),
        },
        positions="t5_bias",
        t5Bias=t5 | {"bidirectional": False},
        attention={"causal": True},
        shareEmbeddings=True,
        encoder=stack(positions="learned", attention=window),
    )
    return group

"""Positions that enter as a bias on the scores: T5's buckets and ALiBi, alone and in the models that made them known; rotary
positions far out."""

import math

import torch
from transformers import BloomConfig, BloomForCausalLM, T5Config, T5EncoderModel
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.t5.modeling_t5 import T5Attention, T5Stack

from golden.case import Group, Random
from golden.encoder import encoder_parameters, model_config
from golden.families import fill
from golden.reference import agree, attentions_of, encoder
from golden.values import rotary_case

ABOUT = (
    "position_bias: transformers' T5Attention.compute_bias, and ALiBi by Press et al. 2022, section 3, in float64 once it "
    "agrees with transformers' build_alibi_tensor. Models: T5EncoderModel, a causal T5Stack and BloomForCausalLM, eager "
    "attention, float64 where Transformers does not insist on float32; a bidirectional stack in plain PyTorch. Positions "
    "whose attentionMask is 0 are not compared."
)


def t5_bias(group, name, about, T, S, first=0, heads=3, buckets=32, most=128, bidirectional=True):
    random = Random(f"positions/{name}")
    config = T5Config(
        num_heads=heads,
        d_kv=4,
        d_model=4 * heads,
        relative_attention_num_buckets=buckets,
        relative_attention_max_distance=most,
        is_decoder=not bidirectional,
    )

    def compute(inputs, _):
        attention = T5Attention(config, has_relative_attention_bias=True, layer_idx=0).to(
            inputs["table"].dtype
        )
        with torch.no_grad():
            attention.relative_attention_bias.weight.copy_(inputs["table"])
            return {"bias": attention.compute_bias(T, S, past_seen_tokens=first)}

    group.add(
        name,
        "position_bias",
        about,
        compute,
        inputs={"table": random.normal(buckets, heads)},
        seed=random.seed,
        options={
            "kind": "t5",
            "numBuckets": buckets,
            "maxDistance": most,
            "bidirectional": bidirectional,
            "first": first,
            "T": T,
            "S": S,
            "heads": heads,
        },
    )


def alibi_slopes(heads):
    """Press et al. 2022, section 3: a geometric sequence; footnote 8 for a number of heads that is no power of two."""
    power = 2 ** math.floor(math.log2(heads))
    slopes = [2 ** (-8 * h / power) for h in range(1, power + 1)]
    return torch.tensor(
        slopes + [2 ** (-8 * h / (2 * power)) for h in range(1, 2 * (heads - power) + 1, 2)],
        dtype=torch.float64,
    )


def alibi(heads, T, S, first=0):
    """−slope · |s − (first + t)|   [1, H, T, S]"""
    distance = (torch.arange(S) - (first + torch.arange(T))[:, None]).abs()
    bias = -alibi_slopes(heads)[:, None, None] * distance
    # Transformers adds slope · s, which is −slope · (t − s) but for a constant of the row.
    theirs = build_alibi_tensor(torch.ones(1, S), heads, torch.float64).view(heads, 1, S)
    rows = theirs - alibi_slopes(heads)[:, None, None] * (first + torch.arange(T))[:, None]
    seen = torch.arange(S) <= (first + torch.arange(T))[:, None]
    agree("ALiBi", torch.where(seen, bias, 0.0).float(), torch.where(seen, rows, 0.0).float())
    return bias[None]


def alibi_bias(group, name, about, T, S, heads, first=0):
    group.add(
        name,
        "position_bias",
        about,
        lambda _, __: {"bias": alibi(heads, T, S, first)},
        inputs={},
        options={"kind": "alibi", "first": first, "T": T, "S": S, "heads": heads},
    )


def t5_names(config):
    """{our parameter: T5Stack's}"""
    last = (
        2 if config.is_decoder else 1
    )  # a decoder's block has cross-attention in between, which stays unused
    mlp = (
        {"mlp.gate": "wi_0", "mlp.fc1": "wi_1", "mlp.fc2": "wo"}
        if config.is_gated_act
        else {"mlp.fc1": "wi", "mlp.fc2": "wo"}
    )
    table = {
        "embed.token": "embed_tokens",
        "position_bias": "block.0.layer.0.SelfAttention.relative_attention_bias",
        "final_norm": "final_layer_norm",
    }
    for l in range(config.num_layers):
        table |= {
            f"blocks.{l}.attn.{name}_proj": f"block.{l}.layer.0.SelfAttention.{name[0]}"
            for name in ("q", "k", "v", "out")
        }
        table |= {
            f"blocks.{l}.{ours}": f"block.{l}.layer.{last}.DenseReluDense.{theirs}"
            for ours, theirs in mlp.items()
        }
        table |= {
            f"blocks.{l}.norm{n}": f"block.{l}.layer.{place}.layer_norm"
            for n, place in ((1, 0), (2, last))
        }
    return {f"{ours}.weight": f"{theirs}.weight" for ours, theirs in table.items()}


def expected_of(output):
    expected = {"lastHiddenState": output.hidden_states[-1]}
    expected |= {f"attentions.{l}": pattern for l, pattern in enumerate(output.attentions or ())}
    return expected | {f"blocks.{l}.resid_pre": x for l, x in enumerate(output.hidden_states[:-1])}


def given(inputs):
    arguments = {"input_ids": "inputIds", "attention_mask": "attentionMask"}
    return {theirs: inputs[ours].long() for theirs, ours in arguments.items() if ours in inputs} | {
        "output_hidden_states": True,
        "output_attentions": True,
    }


def token_inputs(random, vocab, B, T, lengths):
    inputs = {"inputIds": random.integers(0, vocab, B, T)}
    if lengths:
        inputs["attentionMask"] = (torch.arange(T) < torch.tensor(lengths)[:, None]).int()
    return inputs


def t5(group, name, about, B=2, T=9, lengths=None, causal=False, **sizes):
    config = T5Config(
        dropout_rate=0.0, is_encoder_decoder=not causal, is_decoder=causal, use_cache=False, **sizes
    )
    config._attn_implementation = "eager"

    def stack():
        model = T5EncoderModel(config) if not causal else T5Stack(config)
        seed = fill(model, f"positions/{name}")
        return (model if causal else model.encoder).eval(), seed

    names, (model, seed) = t5_names(config), stack()
    parameters = {ours: model.state_dict()[theirs].double() for ours, theirs in names.items()}
    ours = model_config(
        config.d_model,
        config.num_layers,
        config.d_ff,
        config.num_heads,
        vocabSize=config.vocab_size,
        positions="t5_bias",
        t5Bias={
            "numBuckets": config.relative_attention_num_buckets,
            "maxDistance": config.relative_attention_max_distance,
            "bidirectional": not causal,
        },
        normKind="rms",
        norm="pre",
        normEps=config.layer_norm_epsilon,
        finalNorm=True,
        gated=config.is_gated_act,
        activation={"relu": "relu", "gelu_new": "gelu_tanh"}[config.dense_act_fn],
        mlpBias=False,
        attention={
            "dHead": config.d_kv,
            "bias": False,
            "outBias": False,
            "scaleBy": "none",
            "causal": causal,
        },
    )

    def compute(inputs, parameters):
        model, _ = stack()
        with torch.no_grad():
            # A decoder stack can only give its patterns together with those of a cross-attention.
            arguments = given(inputs) | {"output_attentions": not causal}
            return expected_of(model.to(next(iter(parameters.values())).dtype)(**arguments))

    group.add(
        name,
        "model",
        about,
        compute,
        config=ours,
        inputs=token_inputs(Random(f"positions/{name}"), config.vocab_size, B, T, lengths),
        parameters=parameters,
        seed=seed,
        valid="attentionMask" if lengths else None,
    )


def bloom(group, name, about, B=2, T=9, lengths=None, **sizes):
    config = BloomConfig(hidden_dropout=0.0, attention_dropout=0.0, use_cache=False, **sizes)
    config._attn_implementation = "eager"

    def stack():
        model = BloomForCausalLM(config)
        return model.eval(), fill(model, f"positions/{name}")

    model, seed = stack()
    state = {
        key.removeprefix("transformer."): value.double()
        for key, value in model.state_dict().items()
    }
    D, H, K = config.hidden_size, config.n_head, config.hidden_size // config.n_head
    pairs = {"embed.norm": "word_embeddings_layernorm", "final_norm": "ln_f"}
    parameters = {"embed.token.weight": state["word_embeddings.weight"]}
    for l in range(config.n_layer):
        pairs |= {
            f"blocks.{l}.{ours}": f"h.{l}.{theirs}"
            for ours, theirs in {
                "attn.out_proj": "self_attention.dense",
                "norm1": "input_layernorm",
                "norm2": "post_attention_layernorm",
                "mlp.fc1": "mlp.dense_h_to_4h",
                "mlp.fc2": "mlp.dense_4h_to_h",
            }.items()
        }
        fused = state[f"h.{l}.self_attention.query_key_value.weight"].view(H, 3, K, D)
        fused_bias = state[f"h.{l}.self_attention.query_key_value.bias"].view(H, 3, K)
        for i, which in enumerate("qkv"):
            parameters[f"blocks.{l}.attn.{which}_proj.weight"] = fused[:, i].reshape(D, D)
            parameters[f"blocks.{l}.attn.{which}_proj.bias"] = fused_bias[:, i].reshape(D)
    parameters |= {
        f"{ours}.{kind}": state[f"{theirs}.{kind}"]
        for ours, theirs in pairs.items()
        for kind in ("weight", "bias")
    }
    ours = model_config(
        D,
        config.n_layer,
        4 * D,
        H,
        vocabSize=config.vocab_size,
        positions="alibi",
        embedNorm=True,
        norm="pre",
        normEps=config.layer_norm_epsilon,
        finalNorm=True,
        activation="gelu_tanh",
        lmHead=True,
        attention={"causal": True},
    )

    def compute(inputs, parameters):
        model, _ = stack()
        with torch.no_grad():
            output = model.to(next(iter(parameters.values())).dtype)(**given(inputs))
        return expected_of(output) | {"logits": output.logits}

    group.add(
        name,
        "model",
        about,
        compute,
        config=ours,
        inputs=token_inputs(Random(f"positions/{name}"), config.vocab_size, B, T, lengths),
        parameters=parameters,
        seed=seed,
        valid="attentionMask" if lengths else None,
    )


def bidirectional_alibi(group, name, about, heads, B=2, T=7):
    random = Random(f"positions/{name}")
    config = model_config(3 * heads, 2, 8, heads, positions="alibi", attention={})

    def compute(inputs, parameters):
        x = inputs["inputsEmbeds"]
        last, activations = encoder(x, parameters, config, bias=alibi(heads, T, T).to(x.dtype))
        wanted = ["blocks.1.attn.scores", "blocks.1.attn.masked_scores"]
        return (
            {"lastHiddenState": last}
            | attentions_of(activations, 2)
            | {key: activations[key] for key in wanted}
        )

    group.add(
        name,
        "model",
        about,
        compute,
        config=config,
        inputs={"inputsEmbeds": random.normal(B, T, 3 * heads)},
        parameters=encoder_parameters(random, config),
        seed=random.seed,
    )


def make():
    group = Group("positions", ABOUT)
    t5_bias(group, "t5_usual", "32 buckets to 128, both directions", 40, 40)
    t5_bias(group, "t5_far", "keys up to 299 away, past the last bucket", 3, 300, first=297)
    t5_bias(
        group,
        "t5_causal",
        "one direction; keys after the query share bucket 0",
        20,
        40,
        bidirectional=False,
    )
    t5_bias(
        group,
        "t5_odd",
        "21 buckets to 50, five heads",
        33,
        65,
        first=32,
        heads=5,
        buckets=21,
        most=50,
    )
    t5_bias(group, "t5_few", "the fewest buckets", 6, 9, heads=1, buckets=4, most=2)
    t5_bias(
        group,
        "t5_few_causal",
        "the fewest buckets of one direction",
        6,
        6,
        heads=2,
        buckets=2,
        most=2,
        bidirectional=False,
    )
    t5_bias(
        group,
        "t5_one_query",
        "one query after 24 cached tokens",
        1,
        25,
        first=24,
        bidirectional=False,
    )
    for heads in (1, 2, 3, 5, 8, 12, 20):
        alibi_bias(group, f"alibi_{heads}", f"{heads} heads", 4, 9, heads, first=5)

    rotary_case(
        group,
        "far",
        "2048 positions, whose angles count as float32 rounds them",
        (1, 1, 2048, 4),
        {"rope_type": "default", "rope_theta": 10.0},
        {"theta": 10.0},
    )

    small = {
        "vocab_size": 37,
        "d_model": 20,
        "d_kv": 6,
        "d_ff": 28,
        "num_layers": 2,
        "num_heads": 3,
    }
    t5(
        group,
        "t5_encoder",
        "T5EncoderModel, K ≠ D / H, ReLU; 8 buckets to 10",
        relative_attention_num_buckets=8,
        relative_attention_max_distance=10,
        T=14,
        **small,
    )
    t5(
        group,
        "t5_encoder_gated",
        "gated GELU, 32 buckets to 128, padding",
        feed_forward_proj="gated-gelu",
        lengths=(9, 4),
        **small,
    )
    t5(
        group,
        "t5_decoder",
        "a causal T5Stack: one direction",
        causal=True,
        relative_attention_num_buckets=6,
        relative_attention_max_distance=9,
        T=13,
        **small,
    )
    bloom(
        group,
        "bloom",
        "BloomForCausalLM, 8 heads",
        vocab_size=31,
        hidden_size=32,
        n_layer=2,
        n_head=8,
    )
    bloom(
        group,
        "bloom_odd",
        "5 heads, padding",
        vocab_size=31,
        hidden_size=30,
        n_layer=2,
        n_head=5,
        lengths=(9, 5),
    )
    bidirectional_alibi(
        group, "alibi_bidirectional", "keys after the query are penalised alike; 6 heads", 6
    )
    return group

"""Encoder–decoders: torch.nn.Transformer without a vocabulary and with one, and Marian's checkpoints.

Every value of nn.Transformer comes from hooks on its own modules; its attention layers are made to return their weights.
tests/golden/checkpoints/marian_… is what save_pretrained writes; expected values come from the folder as Transformers reads
it, converted to float64.
"""

import math
import shutil

import torch
from torch import nn
from transformers import (
    GenerationConfig,
    MarianConfig,
    MarianModel,
    MarianMTModel,
    NoBadWordsLogitsProcessor,
)
from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding

from golden.bert import ACTIVATIONS as BERT_ACTIVATIONS
from golden.case import Group, Random
from golden.encoder import model_config, norm_parameters, sinusoidal_positions
from golden.families import fill, pairs
from golden.multihead import attention_parameters

ABOUT = (
    "torch.nn.Transformer: outputs, attention weights and residuals by hooks; transformers' MarianMTModel, MarianModel and "
    "generate(num_beams=1); eager attention, weights as saved and then float64. resid_pre is a layer's input, resid_mid "
    "and resid_cross what follows its first and second sublayer. mask and attentionMask: 1 = may attend. Positions "
    "whose attentionMask or decoderAttentionMask is 0 are not compared."
)


ACTIVATIONS = BERT_ACTIVATIONS | {"swish": "silu"}


def padding(*lengths):
    return (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).int()


def valid_of(inputs):
    """The masks that say what is not compared, of each stack."""
    masks = {"encoder": "attentionMask", "decoder": "decoderAttentionMask"}
    return {stack: name for stack, name in masks.items() if name in inputs} or None


# --- nn.Transformer ---


def transformer_config(d_model, heads, d_ff, encoder_layers, decoder_layers, **changes):
    attention = changes.pop("attention", {})
    decoder = model_config(
        d_model,
        decoder_layers,
        d_ff,
        heads,
        attention=attention | {"causal": True},
        finalNorm=True,
        **changes,
    )
    encoder = model_config(
        d_model, encoder_layers, d_ff, heads, attention=attention, finalNorm=True, **changes
    )
    for field in ("dModel", "pooler", "maskedLmHead", "lmHead", "lmHeadBias", "shareEmbeddings"):
        encoder.pop(field, None)
    return decoder | {"encoder": encoder}


def sublayers(stack):
    """(our attention, PyTorch's) of a block, in order."""
    return (
        [("attn", "self_attn")]
        if stack == "encoder"
        else [("self_attn", "self_attn"), ("cross_attn", "multihead_attn")]
    )


def transformer_parameters(random, config):
    d = config["dModel"]
    parameters = (
        {"embed.token.weight": random.normal(config["vocabSize"], d, std=0.6)}
        if config["vocabSize"]
        else {}
    )
    for stack, part in (("encoder", config["encoder"]), ("decoder", config)):
        for l in range(part["numLayers"]):
            block = f"{stack}.blocks.{l}."
            for ours, _ in sublayers(stack):
                parameters |= attention_parameters(
                    random, part["attention"] | {"dModel": d}, f"{block}{ours}."
                )
            for name, outputs, inputs in (("fc1", part["dFf"], d), ("fc2", d, part["dFf"])):
                parameters[f"{block}mlp.{name}.weight"] = random.linear(outputs, inputs, gain=1.4)
                parameters[f"{block}mlp.{name}.bias"] = random.normal(outputs, std=0.3)
            for i in range(len(sublayers(stack)) + 1):
                parameters |= norm_parameters(random, f"{block}norm{i + 1}", d)
        parameters |= norm_parameters(random, f"{stack}.final_norm", d)
    return parameters


def in_pytorch(config, parameters):
    """The same model as nn.Transformer."""
    model = nn.Transformer(
        config["dModel"],
        config["attention"]["numHeads"],
        config["encoder"]["numLayers"],
        config["numLayers"],
        config["dFf"],
        dropout=0.0,
        activation=config["activation"],
        layer_norm_eps=config["normEps"],
        batch_first=True,
        norm_first=config["norm"] == "pre",
    )
    state = {}
    for stack, part in (("encoder", config["encoder"]), ("decoder", config)):
        for kind in ("weight", "bias"):
            for l in range(part["numLayers"]):
                block, layer = f"{stack}.blocks.{l}.", f"{stack}.layers.{l}."
                for ours, theirs in sublayers(stack):
                    state[f"{layer}{theirs}.in_proj_{kind}"] = (
                        parameters[f"{block}{ours}.qkv_proj.{kind}"]
                        if part["attention"]["fused"]
                        else torch.cat(
                            [parameters[f"{block}{ours}.{name}_proj.{kind}"] for name in "qkv"]
                        )
                    )
                    state[f"{layer}{theirs}.out_proj.{kind}"] = parameters[
                        f"{block}{ours}.out_proj.{kind}"
                    ]
                for i in (1, 2):
                    state[f"{layer}linear{i}.{kind}"] = parameters[f"{block}mlp.fc{i}.{kind}"]
                for i in range(len(sublayers(stack)) + 1):
                    state[f"{layer}norm{i + 1}.{kind}"] = parameters[f"{block}norm{i + 1}.{kind}"]
            state[f"{stack}.norm.{kind}"] = parameters[f"{stack}.final_norm.{kind}"]
    model.to(next(iter(parameters.values())).dtype).load_state_dict(state)
    return model.eval()


def watch(model, config, recorded):
    """Hooks that put what passes through nn.Transformer into `recorded`, by our names."""
    pre_norm = config["norm"] == "pre"

    def keep(name, of=lambda arguments, output: output):
        return lambda _, arguments, output: recorded.__setitem__(name, of(arguments, output))

    def with_weights(_, arguments, keywords):
        return arguments, keywords | {"need_weights": True, "average_attn_weights": False}

    for stack, part in (("encoder", model.encoder), ("decoder", model.decoder)):
        residuals = ["resid_mid", "resid_cross"][: len(sublayers(stack))]
        for l, layer in enumerate(part.layers):
            block = f"{stack}.blocks.{l}."
            layer.register_forward_hook(
                keep(f"{block}resid_pre", lambda arguments, _: arguments[0])
            )
            layer.register_forward_hook(keep(f"{block}resid_post"))
            for i, name in enumerate(
                residuals
            ):  # after sublayer i: its norm's output, or the next norm's input
                norm = getattr(layer, f"norm{i + 2 if pre_norm else i + 1}")
                norm.register_forward_hook(
                    keep(f"{block}{name}", (lambda a, _: a[0]) if pre_norm else (lambda _, o: o))
                )
            kinds = (
                ["encoderAttentions"]
                if stack == "encoder"
                else ["decoderAttentions", "crossAttentions"]
            )
            for (ours, theirs), kind in zip(sublayers(stack), kinds):
                attention = getattr(layer, theirs)
                attention.register_forward_pre_hook(with_weights, with_kwargs=True)
                attention.register_forward_hook(keep(f"{kind}.{l}", lambda _, output: output[1]))
        part.register_forward_hook(
            keep("encoderLastHiddenState" if stack == "encoder" else "lastHiddenState")
        )


def reference(config, options):
    def embedded(inputs, parameters, name, embeds):
        if embeds in inputs:
            return inputs[embeds]
        table = parameters["embed.token.weight"]
        x = table[inputs[name].long()] * config["embedScale"]
        return x + sinusoidal_positions(x.shape[1], x.shape[2], x.dtype)

    def compute(inputs, parameters):
        source = embedded(inputs, parameters, "inputIds", "inputsEmbeds")
        target = embedded(inputs, parameters, "decoderInputIds", "decoderInputsEmbeds")
        length = target.shape[1]
        heads = config["attention"]["numHeads"]

        def forbidden(name, causal=False):
            mask = inputs[name].bool() if name in inputs else None
            if causal:
                causal_mask = torch.ones(length, length, dtype=torch.bool).tril()
                mask = causal_mask if mask is None else mask & causal_mask
            if mask is None:
                return None
            return ~(
                mask.flatten(0, 1)
                if mask.dim() == 4
                else mask.repeat_interleave(heads, 0)
                if mask.dim() == 3
                else mask
            )

        def padded(name):
            return ~inputs[name].bool() if name in inputs else None

        expected = {}
        model = in_pytorch(config, parameters)
        watch(model, config, expected)
        with torch.no_grad():
            model(
                source,
                target,
                src_mask=forbidden("encoderMask"),
                tgt_mask=forbidden("mask", options.get("causal", True)),
                memory_mask=forbidden("crossMask"),
                src_key_padding_mask=padded("attentionMask"),
                tgt_key_padding_mask=padded("decoderAttentionMask"),
                memory_key_padding_mask=padded("attentionMask"),
            )
        if config.get("lmHead"):
            expected["logits"] = (
                expected["lastHiddenState"] @ parameters["embed.token.weight"].T
                + parameters["lm_head.bias"]
            )
        return expected

    return compute


def transformer_cases(group):
    def add(
        name,
        about,
        d_model=12,
        heads=3,
        d_ff=20,
        encoder_layers=2,
        decoder_layers=2,
        B=2,
        S=7,
        T=5,
        masks=None,
        options=None,
        **changes,
    ):
        random = Random(f"seq2seq/{name}")
        config = transformer_config(d_model, heads, d_ff, encoder_layers, decoder_layers, **changes)
        parameters = transformer_parameters(random, config)
        if config["vocabSize"]:
            inputs = {
                "inputIds": random.integers(0, config["vocabSize"], B, S),
                "decoderInputIds": random.integers(0, config["vocabSize"], B, T),
            }
            parameters["lm_head.bias"] = random.normal(config["vocabSize"], std=0.5)
        else:
            inputs = {
                "inputsEmbeds": random.normal(B, S, d_model),
                "decoderInputsEmbeds": random.normal(B, T, d_model),
            }
        inputs |= masks(random) if masks else {}
        options = dict(options or {})
        for mask in ("mask", "encoderMask", "crossMask"):
            if mask in inputs:
                options[mask] = f"tensor:{mask}"
        group.add(
            name,
            "model",
            about,
            reference(config, options),
            inputs=inputs,
            parameters=parameters,
            config=config,
            options=options,
            seed=random.seed,
            valid=valid_of(inputs),
        )

    both = lambda _: {"attentionMask": padding(7, 3), "decoderAttentionMask": padding(5, 2)}
    for norm in ("post", "pre"):
        add(
            f"{norm}_padding",
            f"nn.Transformer, {norm}-norm, both sides padded",
            norm=norm,
            activation="gelu",
            masks=both,
        )
        add(
            f"{norm}_odd",
            f"{norm}-norm, odd sizes: D 15, H 5, F 11, two layers over one",
            norm=norm,
            d_model=15,
            heads=5,
            d_ff=11,
            encoder_layers=1,
            S=4,
            T=9,
        )
    add(
        "fused",
        "fused projections, S = T",
        S=5,
        attention={"fused": True},
        masks=lambda _: {"attentionMask": padding(5, 4), "decoderAttentionMask": padding(5, 3)},
    )
    add(
        "masks",
        "a mask of each of the three attentions, not causal",
        options={"causal": False},
        masks=lambda r: {
            "mask": r.bits(5, 5) | torch.eye(5, dtype=torch.bool),
            "encoderMask": r.bits(2, 7, 7) | torch.eye(7, dtype=torch.bool),
            "crossMask": r.bits(2, 3, 5, 7) | (torch.arange(7) == 2),
        },
    )
    add("one_token", "S = T = 1", B=1, S=1, T=1, norm="pre")
    add(
        "tokens",
        "token ids: √D · E + sinusoidal positions, the table shared three ways, a bias on the logits",
        d_model=20,
        heads=4,
        vocabSize=23,
        maxLen=16,
        positions="sinusoidal",
        embedScale=math.sqrt(20),
        lmHead=True,
        lmHeadBias=True,
        shareEmbeddings=True,
        masks=both,
    )


# --- Marian ---


def marian_names(model, config):
    """{our parameter: its tensor in the file}."""
    prefix = "model." if isinstance(model, MarianMTModel) else ""
    layer = {"mlp.fc1": "fc1", "mlp.fc2": "fc2"}
    layers = {}
    for stack, count, attentions in (
        ("encoder", config.encoder_layers, [("attn", "self_attn")]),
        (
            "decoder",
            config.decoder_layers,
            [("self_attn", "self_attn"), ("cross_attn", "encoder_attn")],
        ),
    ):
        table = dict(layer)
        for i, (ours, theirs) in enumerate(attentions):
            table |= {
                f"{ours}.{name}_proj": f"{theirs}.{name}_proj" for name in ("q", "k", "v", "out")
            }
            table[f"norm{i + 1}"] = f"{theirs}_layer_norm"
        table[f"norm{len(attentions) + 1}"] = "final_layer_norm"
        layers |= {
            f"{stack}.blocks.{l}.{ours}": f"{prefix}{stack}.layers.{l}.{theirs}"
            for l in range(count)
            for ours, theirs in table.items()
        }
    names = pairs(layers)
    if shares(config):
        names["embed.token.weight"] = f"{prefix}shared.weight"
    else:
        names |= {
            f"{stack}.embed.token.weight": f"{prefix}{stack}.embed_tokens.weight"
            for stack in ("encoder", "decoder")
        }
    if not prefix:  # the body alone is saved with its positions
        return names | {
            f"{stack}.embed.position.weight": f"{stack}.embed_positions.weight"
            for stack in ("encoder", "decoder")
        }
    if not config.tie_word_embeddings:
        names["lm_head.weight"] = "lm_head.weight"
    return names | {
        "lm_head.bias": {"tensor": "final_logits_bias", "dims": [model.final_logits_bias.shape[1]]}
    }


def set_positions(model):
    """Marian's positions are what it computes, whatever `fill` has made of them."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, MarianSinusoidalPositionalEmbedding):
                module.weight.copy_(module.create_weight())


def shares(config):
    return config.share_encoder_decoder_embeddings and config.tie_word_embeddings


def marian_config(model, config):
    """The checkpoint's config in this project's terms (js/core/config-types.ts)."""
    with_head = isinstance(model, MarianMTModel)
    common = {
        "maxLen": config.max_position_embeddings,
        "positions": "sinusoidal_halves" if with_head else "learned",
        "embedScale": math.sqrt(config.d_model) if config.scale_embedding else 1,
        "activation": ACTIVATIONS[config.activation_function],
    }
    decoder = model_config(
        config.d_model,
        config.decoder_layers,
        config.decoder_ffn_dim,
        config.decoder_attention_heads,
        vocabSize=model.get_decoder().embed_tokens.num_embeddings,
        attention={"causal": True},
        **common,
    )
    encoder = model_config(
        config.d_model,
        config.encoder_layers,
        config.encoder_ffn_dim,
        config.encoder_attention_heads,
        vocabSize=config.vocab_size,
        **common,
    )
    for field in ("dModel", "pooler", "maskedLmHead"):
        encoder.pop(field)
    return decoder | {
        "encoder": encoder,
        "shareEmbeddings": shares(config),
        "lmHead": with_head,
        "lmHeadBias": with_head,
        "tieEmbeddings": config.tie_word_embeddings,
    }


class Checkpoints:
    """The checkpoints of the group, in folders below out/checkpoints, and what runs through them."""

    def __init__(self, group, out):
        self.group = group
        self.root = out / "checkpoints"
        self.models = {}

    def add(self, name, about, architecture, half=False, generation=None, **fields):
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        config = MarianConfig(**fields)
        model = architecture(config)
        seed = fill(model, f"seq2seq/{name}")
        set_positions(model)
        if architecture is MarianMTModel:
            bias = model.final_logits_bias
            bias.copy_(Random(f"seq2seq/{name}/bias").normal(*bias.shape, std=0.5).float())
        if generation:
            model.generation_config = GenerationConfig(**generation)
        (model.half() if half else model).save_pretrained(folder)
        self.models[name] = architecture
        loaded = self.load(name, torch.float32)
        entry = {
            "about": about,
            "seed": seed,
            "config": marian_config(loaded, config),
            "parameters": marian_names(loaded, config),
        }
        if architecture is MarianMTModel:
            entry["generation"] = generation_of(loaded)
        self.group.checkpoints[name] = entry

    def load(self, name, dtype):
        loaded = self.models[name].from_pretrained(self.root / name, attn_implementation="eager")
        return loaded.to(dtype).eval()

    def batch(self, name, about, checkpoint, lengths=(7,), decoder_lengths=(5,), pad=None):
        """lengths: tokens of each sequence; what follows is padding."""
        random = Random(f"seq2seq/{name}")
        config = self.group.checkpoints[checkpoint]["config"]
        inputs = {}
        for ids, mask, vocab, sizes in (
            ("inputIds", "attentionMask", config["encoder"]["vocabSize"], lengths),
            ("decoderInputIds", "decoderAttentionMask", config["vocabSize"], decoder_lengths),
        ):
            inputs[ids] = random.integers(0, vocab, len(sizes), max(sizes))
            if min(sizes) < max(sizes):
                inputs[mask] = padding(*sizes)
        self.group.add(
            name,
            "model",
            about,
            forward,
            inputs=inputs,
            checkpoint=checkpoint,
            seed=random.seed,
            load=lambda dtype: self.load(checkpoint, dtype),
            valid=valid_of(inputs),
        )

    def generation(self, name, about, checkpoint, length=6, padded=0, new=10, finish=None):
        """Greedy, from the first of the case's random texts of which no choice is so close that rounding could change it.

        padded: how much padding follows the text. finish: 'eos' asks for a text that ends before `new` tokens.
        """
        config = self.group.checkpoints[checkpoint]["config"]
        model = self.load(checkpoint, torch.float64)
        for attempt in range(2000):
            random = Random(f"seq2seq/{name}/{attempt}")
            inputs = {
                "inputIds": random.integers(
                    1, config["encoder"]["vocabSize"] - 1, 1, length + padded
                )
            }
            if padded:
                inputs["attentionMask"] = (torch.arange(length + padded) < length).int()[None]
            ids = generate(inputs, model, new)
            ended = len(ids) <= new
            if (
                is_clear(model, inputs, ids, new)
                and ended == (finish == "eos")
                and len(set(ids.tolist())) > 3
            ):
                break
        else:
            raise ValueError(f"seq2seq/{name}: no clear text")
        options = {"maxNewTokens": new} | (
            {"attentionMask": "tensor:attentionMask"} if padded else {}
        )
        self.group.add(
            name,
            "generation",
            about,
            lambda inputs, model: {"ids": generate(inputs, model, new).double()},
            inputs=inputs,
            checkpoint=checkpoint,
            options=options,
            seed=random.seed,
            steps=steps_of(model, ids, new),
            load=lambda dtype: self.load(checkpoint, dtype),
        )


def steps_of(model, ids, new):
    """For each new token the id that Transformers' rules force, or those that they suppress."""
    rules = generation_of(model)
    forced = {1: rules.get("forced_bos_token_id"), new: rules.get("forced_eos_token_id")}
    words = rules.get("bad_words_ids")
    processor = NoBadWordsLogitsProcessor(words) if words else lambda ids, scores: scores
    steps = []
    for t in range(1, len(ids)):
        if forced.get(t) is not None:
            steps.append({"forced": forced[t]})
            continue
        scores = processor(ids[None, :t], torch.zeros(1, model.config.decoder_vocab_size))
        suppressed = scores[0].isinf().nonzero()[:, 0].tolist()
        steps.append({"suppressed": suppressed} if suppressed else {})
    return steps


def generation_of(model):
    """What counts for greedy generation; a stop token is no bad word, whatever the list says."""
    config = model.generation_config
    stops = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    words = [word for word in config.bad_words_ids or [] if word not in [[stop] for stop in stops]]
    fields = {
        "decoder_start_token_id": config.decoder_start_token_id,
        "forced_bos_token_id": config.forced_bos_token_id,
        "forced_eos_token_id": config.forced_eos_token_id,
        "bad_words_ids": words,
    }
    return {name: value for name, value in fields.items() if value not in (None, [])}


def arguments_of(inputs):
    names = {
        "input_ids": "inputIds",
        "attention_mask": "attentionMask",
        "decoder_input_ids": "decoderInputIds",
        "decoder_attention_mask": "decoderAttentionMask",
    }
    return {theirs: inputs[ours].long() for theirs, ours in names.items() if ours in inputs}


def forward(inputs, model):
    """Everything that a pass returns, by this project's names."""
    with torch.no_grad():
        body = model.base_model(
            **arguments_of(inputs), output_hidden_states=True, output_attentions=True
        )
        expected = {
            "lastHiddenState": body.last_hidden_state,
            "encoderLastHiddenState": body.encoder_last_hidden_state,
        }
        if isinstance(model, MarianMTModel):
            expected["logits"] = model(**arguments_of(inputs)).logits
    for ours, theirs in (
        ("encoderAttentions", "encoder_attentions"),
        ("decoderAttentions", "decoder_attentions"),
        ("crossAttentions", "cross_attentions"),
    ):
        expected |= {f"{ours}.{l}": pattern for l, pattern in enumerate(body[theirs])}
    for stack in ("encoder", "decoder"):
        states = body[f"{stack}_hidden_states"]
        expected |= {f"{stack}.blocks.{l}.resid_pre": x for l, x in enumerate(states[:-1])}
        expected[f"{stack}.blocks.{len(states) - 2}.resid_post"] = states[-1]
    return expected


def generate(inputs, model, new):
    """The greedy text of the decoder, its start token first [1 + …]."""
    given = arguments_of(inputs)
    given.setdefault("attention_mask", torch.ones_like(given["input_ids"]))
    with torch.no_grad():
        return model.generate(**given, max_new_tokens=new, num_beams=1, do_sample=False)[0]


def is_clear(model, inputs, ids, new):
    """Whether every token that was chosen leads by far. The last may be forced, and those of bad words may lead."""
    with torch.no_grad():
        logits = model(**arguments_of(inputs), decoder_input_ids=ids[None, :-1]).logits[0]
    for word in model.generation_config.bad_words_ids or []:
        if len(word) == 1:
            logits[:, word[0]] = -math.inf
    steps = (
        new - 1
        if len(ids) == new + 1 and model.generation_config.forced_eos_token_id is not None
        else len(ids) - 1
    )
    chosen = logits[:steps].gather(1, ids[1 : steps + 1, None])
    others = logits[:steps].scatter(1, ids[1 : steps + 1, None], -math.inf)
    lead = chosen[:, 0] - others.max(dim=1).values
    return bool((lead.abs() > 1e-2).all())  # a bad word of several tokens may have been passed over


def marian_cases(group, out):
    checkpoints = Checkpoints(group, out)
    checkpoint, batch, generation = checkpoints.add, checkpoints.batch, checkpoints.generation
    checkpoint(
        "marian_shared",
        "one table for all; odd sizes: D 15, 5 heads over 3; swish, scaled embeddings, bad words",
        MarianMTModel,
        vocab_size=31,
        d_model=15,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=5,
        decoder_attention_heads=3,
        encoder_ffn_dim=28,
        decoder_ffn_dim=13,
        max_position_embeddings=24,
        activation_function="swish",
        scale_embedding=True,
        pad_token_id=30,
        eos_token_id=0,
        decoder_start_token_id=30,
        forced_eos_token_id=0,
        generation={
            "bad_words_ids": [[30], [4, 7], [0]],
            "decoder_start_token_id": 30,
            "pad_token_id": 30,
            "eos_token_id": 0,
            "forced_eos_token_id": 0,
            "num_beams": 4,
            "max_length": 512,
        },
    )
    batch("marian_shared", "one text", "marian_shared")
    batch(
        "marian_padding", "three texts, padded on both sides", "marian_shared", (8, 5, 1), (6, 2, 6)
    )
    generation(
        "marian_greedy",
        "until the room is used up: the last token is forced",
        "marian_shared",
        new=12,
    )
    generation("marian_greedy_padding", "a padded text", "marian_shared", padded=4, new=8)

    checkpoint(
        "marian_separate",
        "a table for each side, of other sizes; gelu; a forced first token",
        MarianMTModel,
        vocab_size=23,
        decoder_vocab_size=29,
        share_encoder_decoder_embeddings=False,
        d_model=16,
        encoder_layers=1,
        decoder_layers=3,
        encoder_attention_heads=2,
        decoder_attention_heads=4,
        encoder_ffn_dim=24,
        decoder_ffn_dim=32,
        max_position_embeddings=20,
        activation_function="gelu",
        pad_token_id=22,
        eos_token_id=1,
        decoder_start_token_id=22,
        generation={
            "decoder_start_token_id": 22,
            "pad_token_id": 22,
            "eos_token_id": [1, 5],
            "forced_bos_token_id": 9,
        },
    )
    batch("marian_separate", "two texts, the first padded", "marian_separate", (4, 9), (7, 7))
    generation("marian_greedy_eos", "until a stop token", "marian_separate", finish="eos", new=14)

    checkpoint(
        "marian_untied",
        "three tables of one size and a head of its own; relu; no generation_config.json of its own",
        MarianMTModel,
        vocab_size=19,
        tie_word_embeddings=False,
        d_model=12,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=3,
        decoder_attention_heads=3,
        encoder_ffn_dim=20,
        decoder_ffn_dim=20,
        max_position_embeddings=20,
        activation_function="relu",
        scale_embedding=True,
        pad_token_id=18,
        eos_token_id=0,
        decoder_start_token_id=18,
        forced_eos_token_id=0,
    )
    batch("marian_untied", "two texts, padded on both sides", "marian_untied", (6, 3), (4, 6))
    generation("marian_greedy_untied", "pad is no bad word here", "marian_untied", new=7)

    checkpoint(
        "marian_body",
        "MarianModel in float16, its positions in the file",
        MarianModel,
        half=True,
        vocab_size=17,
        d_model=8,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=1,
        encoder_ffn_dim=12,
        decoder_ffn_dim=12,
        max_position_embeddings=12,
        pad_token_id=16,
        eos_token_id=0,
        decoder_start_token_id=16,
    )
    batch("marian_body", "two texts, padded", "marian_body", (5, 2), (3, 3))


def make(out):
    torch.backends.mha.set_fastpath_enabled(False)
    group = Group("seq2seq", ABOUT)
    transformer_cases(group)
    marian_cases(group, out)
    return group

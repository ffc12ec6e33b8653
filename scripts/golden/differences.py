"""Gradients of every option that trains: by autograd and by finite differences, of a reference in double precision."""

import torch
from torch.nn import functional as F

from golden.case import Group, Random
from golden.encoder import model_config
from golden.interventions import Edit
from golden.transformer import Parameters, logits

ABOUT = (
    "The equations of docs/layers.md in plain PyTorch (scripts/golden/transformer.py), in float64. loss: the mean cross-entropy over "
    "the labels that are not −100. parameters.NAME and grad.NAME: its gradients by autograd, as in the group gradients. "
    "differences.parameters.NAME and differences.grad.NAME: its derivative along the direction sin 1, sin 2, … of that tensor's "
    "elements, by central differences of the loss."
)

STEP = 3e-6  # of the differences: so small that no ReLU of these cases is on both sides of 0


def direction(tensor):
    return (
        torch.arange(1, tensor.numel() + 1, dtype=torch.float64)
        .sin()
        .to(tensor.dtype)
        .reshape(tensor.shape)
    )


def loss_of(config, inputs, parameters, edits, seen):
    """seen(name, x) → x: gets every activation as it stands after the edits."""

    def produced(name, x):
        for edit in edits:
            if edit.at == name:
                x = edit.apply(x, inputs, {})
        return seen(name, x)

    y = logits(config, inputs, Parameters(parameters), produced)
    return F.cross_entropy(y.flatten(0, -2), inputs["labels"].long().flatten(), ignore_index=-100)


def gradients(config, edits):
    def compute(inputs, parameters):
        leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
        kept = {}

        def keep(name, x):
            kept[name] = x if x.requires_grad else x.clone().requires_grad_()
            return kept[name]

        loss = loss_of(config, inputs, leaves, edits, keep)
        tensors = {f"parameters.{name}": leaf for name, leaf in leaves.items()} | {
            f"grad.{name}": x for name, x in kept.items()
        }
        grads = dict(zip(tensors, torch.autograd.grad(loss, list(tensors.values()))))

        def moved(key, by):
            kind, name = key.split(".", 1)
            with torch.no_grad():
                if kind == "parameters":
                    changed = leaves | {name: leaves[name] + by * direction(leaves[name])}
                    return loss_of(config, inputs, changed, edits, lambda _, x: x)
                return loss_of(
                    config,
                    inputs,
                    leaves,
                    edits,
                    lambda at, x: x + by * direction(x) if at == name else x,
                )

        along = {key: (grad * direction(grad)).sum() for key, grad in grads.items()}
        if loss.dtype == torch.float64:  # float32 has no digits for it
            for key, derivative in along.items():
                near, far = (moved(key, by) - moved(key, -by) for by in (STEP, 2 * STEP))
                difference = (8 * near - far) / (12 * STEP)  # to the fourth order
                torch.testing.assert_close(
                    difference, derivative, rtol=1e-7, atol=1e-8, msg=lambda m: f"{key}: {m}"
                )
                along[key] = difference
        return (
            {"loss": loss.detach()[None]}
            | {key: grad.contiguous() for key, grad in grads.items()}
            | {f"differences.{key}": value.detach()[None] for key, value in along.items()}
        )

    return compute


V = 11


def adder(group):
    """What adds a case to the group."""

    def add(
        name, about, inputs=None, edits=(), layers=1, heads=3, T=5, masks=(), labels=None, **changes
    ):
        random = Random(f"{group.name}/{name}")
        config = model_config(
            12,
            layers,
            16,
            heads,
            **({"vocabSize": V, "maxLen": 8, "lmHead": True, "activation": "gelu"} | changes),
        )
        given = {
            key: make(random)
            for key, make in (inputs or {"inputIds": lambda r: r.integers(2, V, 2, T)}).items()
        }
        for key, lengths in dict(masks).items():
            given[key] = (torch.arange(T) < torch.tensor(lengths)[:, None]).int()
        wanted = random.integers(0, V, 2, T)
        given["labels"] = (
            torch.where(random.bits(2, T, probability=0.3), -100, wanted).int()
            if labels is None
            else torch.tensor(labels).int()
        )
        options = {"interventions": [edit.described(given) for edit in edits]} if edits else {}
        parameters = {}
        logits(config, given, Parameters(parameters, random), lambda _, x: x)
        group.add(
            name,
            "gradients",
            about,
            gradients(config, edits),
            inputs=given,
            parameters=parameters,
            config=config,
            options=options,
            seed=random.seed,
        )

    return add


def stack(**changes):
    """What an encoder says of itself."""
    config = model_config(12, 1, 16, 3, **({"vocabSize": V, "maxLen": 8} | changes))
    return {
        key: value
        for key, value in config.items()
        if key not in ("dModel", "pooler", "maskedLmHead")
    }


def make():
    group = Group("differences", ABOUT)
    add = adder(group)
    translation = {
        "inputIds": lambda r: r.integers(2, V, 2, 5),
        "decoderInputIds": lambda r: r.integers(2, V, 2, 5),
    }
    both = {"attentionMask": (5, 3), "decoderAttentionMask": (4, 5)}

    add(
        "padded_positions",
        "RoBERTa's positions, token types, a masked-language head of its own matrix, padding",
        inputs={
            "inputIds": lambda r: torch.tensor(
                [[4, 5, 1, 7, 3], [9, 8, 2, 1, 1]], dtype=torch.int32
            ),
            "tokenTypeIds": lambda r: r.integers(0, 2, 2, 5),
        },
        masks={"attentionMask": (5, 3)},
        positions="learned",
        positionOffset=2,
        padTokenId=1,
        typeVocabSize=2,
        embedNorm=True,
        activation="gelu",
        lmHead=False,
        maskedLmHead=True,
        tieEmbeddings=False,
    )
    add(
        "rms_gated_rotary",
        "RMSNorm first and last, SwiGLU without biases, rotary positions, two queries to a key, an output of its own",
        heads=4,
        masks={"attentionMask": (5, 4)},
        positions="rotary",
        norm="pre",
        normKind="rms",
        finalNorm=True,
        activation="silu",
        gated=True,
        mlpBias=False,
        tieEmbeddings=False,
        attention={"causal": True, "numKvHeads": 2, "dHead": 4, "bias": False, "outBias": False},
    )
    add(
        "parallel_partly_rotary",
        "both sublayers read the same x, the first numbers of a head are rotated, an edit between the sublayers",
        layers=2,
        heads=2,
        positions="rotary",
        norm="parallel",
        finalNorm=True,
        tieEmbeddings=False,
        attention={"causal": True, "fused": True},
        rotary={"dRotary": 4},
        edits=[Edit("blocks.0.resid_mid", "scale", {"index": 3}, 0.5)],
    )
    add(
        "normed_heads",
        "an RMSNorm of each head's q and k before rotary positions, two queries to a key, scaled logits",
        heads=4,
        masks={"attentionMask": (5, 4)},
        positions="rotary",
        norm="pre",
        normKind="rms",
        finalNorm=True,
        activation="silu",
        gated=True,
        mlpBias=False,
        logitScale=0.3,
        attention={"causal": True, "numKvHeads": 2, "dHead": 4, "bias": False, "qkNorm": True},
    )
    add(
        "narrow_embeddings",
        "embeddings narrower than the stream, their projection, a masked-language head of that width, tied",
        inputs={
            "inputIds": lambda r: r.integers(2, V, 2, 5),
            "tokenTypeIds": lambda r: r.integers(0, 2, 2, 5),
        },
        masks={"attentionMask": (5, 3)},
        positions="learned",
        typeVocabSize=2,
        embedNorm=True,
        lmHead=False,
        maskedLmHead=True,
        dEmbed=8,
    )
    add(
        "alibi",
        "ALiBi in both directions, tanh GELU, a scaled embedding",
        positions="alibi",
        activation="gelu_tanh",
        embedScale=2.5,
    )
    add(
        "alibi_causal",
        "ALiBi, causal, a window, ReLU",
        positions="alibi",
        norm="pre",
        activation="relu",
        attention={"causal": True, "window": 2},
    )
    add(
        "shared_heads",
        "one projection for all heads, scores divided by √D",
        heads=4,
        positions="sinusoidal",
        attention={"sharedHeads": True, "scaleBy": "d_model"},
    )
    add(
        "no_output_projection",
        "the heads side by side, fused projections, one linear layer of the sum",
        positions="sinusoidal",
        feedForward="linear_of_sum",
        attention={"outProjection": False, "fused": True, "scaleBy": "none"},
    )
    add("no_softmax", "scores as weights", positions="learned", attention={"normalisation": "none"})
    add(
        "masked_value",
        "a finite masked value, causal, padding",
        masks={"attentionMask": (5, 3)},
        positions="learned",
        attention={"maskedValue": -3.0, "causal": True},
    )
    add(
        "windows",
        "a window for each layer, an odd head size, fused projections, RMSNorm after the sum",
        layers=2,
        T=6,
        positions="learned",
        normKind="rms",
        attention={"window": [1, 2], "dHead": 5, "fused": True},
    )
    add(
        "embeddings",
        "a classifier of inputsEmbeds, whose labels are partly ignored",
        inputs={"inputsEmbeds": lambda r: r.normal(2, 4, 12)},
        labels=[2, -100],
        vocabSize=0,
        maxLen=0,
        lmHead=False,
        numLabels=3,
        norm="pre",
        finalNorm=True,
    )
    add(
        "pictures",
        "a classifier of pictures, a head scaled",
        inputs={"pixelValues": lambda r: r.normal(2, 2, 4, 6)},
        labels=[3, 1],
        edits=[Edit("blocks.0.attn.pattern", "scale", {"head": 1}, 1.5)],
        vocabSize=0,
        maxLen=7,
        lmHead=False,
        numLabels=4,
        positions="learned",
        embedNorm=True,
        norm="pre",
        finalNorm=True,
        activation="gelu",
        image={"size": [4, 6], "channels": 2, "patchSize": [2, 2]},
    )
    add(
        "translation",
        "an encoder and a decoder with one table of tokens, norms after the sum, padding in both",
        translation,
        masks=both,
        positions="sinusoidal_halves",
        activation="relu",
        embedScale=3.5,
        shareEmbeddings=True,
        lmHeadBias=True,
        attention={"causal": True},
        encoder=stack(positions="sinusoidal_halves", embedScale=3.5, activation="gelu"),
    )
    add(
        "translation_edited",
        "norms first, tables of their own, grouped queries, edits in the encoder, the decoder and between them",
        translation,
        masks=both,
        heads=4,
        positions="learned",
        norm="pre",
        finalNorm=True,
        tieEmbeddings=False,
        shareEmbeddings=False,
        attention={"causal": True, "numKvHeads": 2},
        encoder=stack(
            positions="alibi",
            norm="pre",
            finalNorm=True,
            embedNorm=True,
            attention={"numKvHeads": 3},
        ),
        edits=[
            Edit("encoder.blocks.0.attn.z", "zero", {"head": 1}),
            Edit("encoder.final_norm", "scale", {"index": 3}, 0.5),
            Edit("decoder.blocks.0.self_attn.pattern", "mean", {"head": 2}),
            Edit("decoder.blocks.0.cross_attn.pattern", "zero", {"head": 0}),
            Edit("decoder.blocks.0.cross_attn.v", "scale", {"head": 1}, -1.5),
            Edit("decoder.blocks.0.cross_attn.q", "add", {"query": 1}, 0.5),
            Edit("decoder.blocks.0.resid_cross", "scale", {"index": 2}, 2.0),
        ],
    )
    return group

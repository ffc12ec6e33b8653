"""Edits at every activation of DistilBERT, RoBERTa, Longformer, ViT and Marian against PyTorch forward hooks: golden.patching does
BERT, GPT-2 and Llama, with every edit at every name; here each name has its share of them.
"""

import random as choices

import torch
from transformers import (
    DistilBertConfig,
    DistilBertForMaskedLM,
    LongformerConfig,
    LongformerForMaskedLM,
    MarianMTModel,
    RobertaConfig,
    RobertaForMaskedLM,
    ViTConfig,
    ViTForImageClassification,
)

from golden import families, interventions, seq2seq, vision
from golden.case import Group, Random
from golden.hooks import activation_names, hook
from golden.interventions import SELECTORS, Edit

ABOUT = (
    "transformers' DistilBertForMaskedLM, RobertaForMaskedLM, LongformerForMaskedLM, ViTForImageClassification and "
    "MarianMTModel with forward hooks that make the same edits; float64. Of Longformer, what is inside its attention but for "
    "q, k, v and z has no place for a hook. Positions whose attentionMask or decoderAttentionMask is 0 are not compared."
)

OPS = ("zero", "mean", "set", "add", "scale")
EDITS_PER_NAME = 2
ARGUMENTS = {
    "input_ids": "inputIds",
    "attention_mask": "attentionMask",
    "token_type_ids": "tokenTypeIds",
    "global_attention_mask": "globalAttentionMask",
    "decoder_input_ids": "decoderInputIds",
    "decoder_attention_mask": "decoderAttentionMask",
    "pixel_values": "pixelValues",
}


def run(model, inputs):
    given = {
        theirs: inputs[ours] if ours == "pixelValues" else inputs[ours].long()
        for theirs, ours in ARGUMENTS.items()
        if ours in inputs
    }
    with torch.no_grad():
        return model(**given).logits


def shapes_of(model, inputs):
    shapes = {}

    def produced(name, x):
        shapes[name] = x.shape
        return x

    remove = hook(model, len(next(iter(inputs.values()))), produced)
    run(model, inputs)
    remove()
    return shapes


def reference(edit):
    """compute() of a case: logits with the edit, which must change them."""

    def compute(inputs, model):
        before = run(model, inputs)
        finish = interventions.edit(model, [edit], inputs)
        after = run(model, inputs)
        finish()
        if (after - before).abs().max() < 1e-4:
            raise ValueError(f"{edit} changes nothing")
        return {"logits": after}

    return compute


def edit_of(choose, name, op, shape):
    """An edit with selectors that a seeded generator chose, and a value where the op takes one."""
    edit = Edit(name, op)
    sizes = dict(zip(edit.axes, shape, strict=True))
    edit.select = {
        SELECTORS[axis]: choose.randrange(size)
        for axis, size in sizes.items()
        if choose.random() < 0.3
    }
    if op in ("set", "add", "scale"):
        rest = tuple(size for axis, size in sizes.items() if SELECTORS[axis] not in edit.select)
        edit.value = rest if rest and choose.random() < 0.5 else choose.choice([-1.5, 0.25, 2.5])
    return edit


def add_edits(group, checkpoints, family, inputs_of):
    """inputs_of(random, padded, name) → the inputs of a batch for an edit at name, and what says where nothing is compared."""
    checkpoint = f"edit_{family}"
    model = checkpoints.load(checkpoint, torch.float64)
    for number, name in enumerate(activation_names(model)):
        for repeat in range(EDITS_PER_NAME):
            op = OPS[(number + repeat * 2 + number // len(OPS)) % len(OPS)]
            title = f"{family}_{name.replace('.', '_')}_{op}"
            for attempt in range(
                20
            ):  # an edit may change nothing: a masked score scaled, the mean of one value
                random = Random(f"edits/{title}")
                inputs, valid = inputs_of(random, number % 3 == 2, name)
                edit = edit_of(
                    choices.Random(f"{title}/{attempt}"), name, op, shapes_of(model, inputs)[name]
                )
                options = {"interventions": [edit.described(inputs)]}
                try:
                    group.add(
                        title,
                        "model",
                        f"{op} at {name}",
                        reference(edit),
                        inputs=inputs,
                        checkpoint=checkpoint,
                        options=options,
                        seed=random.seed,
                        valid=valid,
                        load=lambda dtype: checkpoints.load(checkpoint, dtype),
                    )
                    break
                except ValueError as error:
                    if "changes nothing" not in str(error):
                        raise
            else:
                raise ValueError(f"{title}: no edit changes anything")


def padding(B, T, shortest):
    return (torch.arange(T) < torch.tensor([T] * (B - 1) + [shortest])[:, None]).int()


def token_inputs(vocab_size, T, pad=None, types=0, global_tokens=False):
    """A batch of two; padding where the case asks for it."""

    def inputs_of(random, padded, name):
        inputs = {"inputIds": random.integers(0 if pad is None else pad + 1, vocab_size, 2, T)}
        if types:
            inputs["tokenTypeIds"] = random.integers(0, types, 2, T)
        if global_tokens:
            # Transformers makes q_global of the global tokens alone: the whole tensor where all are.
            inputs["globalAttentionMask"] = random.bits(
                2, T, probability=1.0 if name.endswith("q_global") else 0.2
            ).int()
            inputs["globalAttentionMask"][:, 0] = 1
        if padded and not global_tokens:
            inputs["attentionMask"] = padding(2, T, T - 1)
            if pad is not None:
                inputs["inputIds"] = torch.where(
                    inputs["attentionMask"].bool(), inputs["inputIds"], pad
                ).int()
        return inputs, "attentionMask" if "attentionMask" in inputs else None

    return inputs_of


def make(out):
    group = Group("edits", ABOUT)
    small = {
        "hidden_size": 8,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "intermediate_size": 10,
        "vocab_size": 12,
        "type_vocab_size": 2,
        "pad_token_id": 1,
    }

    bodies = families.Checkpoints(group, out)
    bodies.add(
        "edit_distilbert",
        "DistilBertForMaskedLM, D 9, H 3",
        DistilBertForMaskedLM,
        DistilBertConfig(
            dim=9, n_heads=3, n_layers=2, hidden_dim=10, vocab_size=12, max_position_embeddings=6
        ),
    )
    add_edits(group, bodies, "distilbert", token_inputs(12, 4))
    bodies.add(
        "edit_roberta",
        "RobertaForMaskedLM, D 8, H 2",
        RobertaForMaskedLM,
        RobertaConfig(**small, max_position_embeddings=9),
    )
    add_edits(group, bodies, "roberta", token_inputs(12, 4, pad=1, types=2))
    # T is a multiple of the window: Transformers pads no activation.
    bodies.add(
        "edit_longformer",
        "LongformerForMaskedLM, D 8, H 2, a window of 4",
        LongformerForMaskedLM,
        LongformerConfig(
            **small, max_position_embeddings=20, attention_window=4, bos_token_id=0, eos_token_id=2
        ),
    )
    add_edits(group, bodies, "longformer", token_inputs(12, 8, pad=1, global_tokens=True))

    pictures = vision.Checkpoints(group, out)
    pictures.add(
        "edit_vit",
        "ViTForImageClassification, D 9, H 3, two patches of one channel",
        ViTForImageClassification,
        ViTConfig(
            hidden_size=9,
            num_attention_heads=3,
            num_hidden_layers=2,
            intermediate_size=10,
            image_size=[2, 4],
            patch_size=2,
            num_channels=1,
            num_labels=3,
        ),
    )
    add_edits(
        group,
        pictures,
        "vit",
        lambda random, *_: ({"pixelValues": random.normal(2, 1, 2, 4)}, None),
    )

    def translated(random, padded, _):
        inputs = {
            "inputIds": random.integers(1, 12, 2, 4),
            "decoderInputIds": random.integers(1, 11, 2, 3),
        }
        if padded:
            inputs |= {"attentionMask": padding(2, 4, 3), "decoderAttentionMask": padding(2, 3, 2)}
        return inputs, seq2seq.valid_of(inputs)

    texts = seq2seq.Checkpoints(group, out)
    texts.add(
        "edit_marian",
        "MarianMTModel, D 8, H 2, a table for each side",
        MarianMTModel,
        vocab_size=12,
        decoder_vocab_size=11,
        share_encoder_decoder_embeddings=False,
        d_model=8,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=10,
        decoder_ffn_dim=9,
        max_position_embeddings=6,
        pad_token_id=0,
        eos_token_id=0,
        forced_eos_token_id=0,
        decoder_start_token_id=0,
    )
    add_edits(group, texts, "marian", translated)
    return group

"""Every edit at every activation of BERT, GPT-2 and Llama, activation patching included, against PyTorch forward hooks."""

import random as choices

import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from golden import interventions
from golden.case import Group, Random
from golden.families import Checkpoints
from golden.hooks import INSIDE_ATTENTION, activation_names, hook
from golden.interventions import SELECTORS, Edit

ABOUT = (
    "transformers' BertForMaskedLM, GPT2LMHeadModel and LlamaForCausalLM with forward hooks that make the same edits; "
    "float64. `from: run:NAME` patches in the activation of a run over the ids NAME. Positions whose attentionMask is 0 "
    "are not compared."
)

B, T = 2, 4


def names_of_layer(model, layer):
    """The names outside blocks, those of one block, and last those inside its attention."""
    names = [
        name
        for name in activation_names(model)
        if not name.startswith("blocks.") or name.startswith(f"blocks.{layer}.")
    ]
    return sorted(
        names, key=lambda name: "attn." in name and name.rsplit(".", 1)[1] in INSIDE_ATTENTION
    )


def run(model, inputs, ids="inputIds"):
    names = {"attention_mask": "attentionMask", "token_type_ids": "tokenTypeIds"}
    with torch.no_grad():
        return model(
            inputs[ids].long(),
            **{theirs: inputs[ours].long() for theirs, ours in names.items() if ours in inputs},
        ).logits


def record(model, inputs, ids):
    """Every activation of a plain run over inputs[ids], by name."""
    kept = {}

    def produced(name, x):
        kept[name] = x.clone()
        return x

    remove = hook(model, inputs[ids].shape[0], produced)
    run(model, {ids: inputs[ids]}, ids)
    remove()
    return kept


def reference(edits):
    """compute() of a case: logits with the edits, which must change them."""

    def compute(inputs, model):
        others = {edit.other: record(model, inputs, edit.other) for edit in edits if edit.other}
        before = run(model, inputs)
        finish = interventions.edit(model, edits, inputs, others)
        after = run(model, inputs)
        finish()
        if (after - before).abs().max() < 1e-4:
            raise ValueError(f"{edits} change nothing")
        return {"logits": after}

    return compute


class Cases:
    def __init__(self, group, checkpoints, checkpoint):
        self.group, self.checkpoints, self.checkpoint = group, checkpoints, checkpoint
        self.vocab_size = group.checkpoints[checkpoint]["config"]["vocabSize"]
        self.model = checkpoints.load(checkpoint, torch.float64)

    def add(self, name, about, edits, padding=False):
        random = Random(f"patching/{name}")
        inputs = {"inputIds": random.integers(0, self.vocab_size, B, T)}
        if self.model.config.model_type == "bert":
            inputs["tokenTypeIds"] = random.integers(0, 2, B, T)
        if padding:
            inputs["attentionMask"] = torch.tensor(
                [[1] * T, [1] * (T - 1) + [0]], dtype=torch.int32
            )
        for other in sorted({edit.other for edit in edits if edit.other}):
            inputs[other] = Random(f"patching/{name}/{other}").integers(0, self.vocab_size, B, T)
        options = {"interventions": [edit.described(inputs) for edit in edits]}
        self.group.add(
            name,
            "model",
            about,
            reference(edits),
            inputs=inputs,
            checkpoint=self.checkpoint,
            options=options,
            seed=random.seed,
            load=lambda dtype: self.checkpoints.load(self.checkpoint, dtype),
            valid="attentionMask" if padding else None,
        )

    def shapes(self):
        """{name: dims} of every activation."""
        ids = {"inputIds": torch.zeros(B, T, dtype=torch.int32)}
        return {name: x.shape for name, x in record(self.model, ids, "inputIds").items()}


def edit_of(choose, name, op, shape):
    """An edit with selectors that a seeded generator chose, and a value where the op takes one."""
    edit = Edit(name, op)
    sizes = dict(zip(edit.axes, shape, strict=True))
    edit.select = {
        SELECTORS[axis]: choose.randrange(size)
        for axis, size in sizes.items()
        if choose.random() < 0.35
    }
    if op == "from":  # positions are the same in every run
        edit.op, edit.other = "add" if name == "pos_embed" else "set", "otherIds"
    elif op in ("set", "add", "scale"):
        rest = tuple(size for axis, size in sizes.items() if SELECTORS[axis] not in edit.select)
        edit.value = rest if rest and choose.random() < 0.5 else choose.choice([-1.5, 0.25, 2.5])
    return edit


def all_edits(cases, family):
    """One case for each op at each name."""
    shapes = cases.shapes()
    for number, name in enumerate(names_of_layer(cases.model, 0)):
        name = name.replace("blocks.0.", f"blocks.{number % 2}.")
        for op in ("zero", "mean", "set", "add", "scale", "from"):
            title = f"{family}_{name.replace('.', '_')}_{op}"
            for attempt in range(
                20
            ):  # an edit may change nothing: a masked score scaled, the mean of one value
                edit = edit_of(choices.Random(f"{title}/{attempt}"), name, op, shapes[name])
                try:
                    cases.add(title, f"{op} at {name}", [edit], padding=number % 3 == 2)
                    break
                except ValueError as error:
                    if "change nothing" not in str(error):
                        raise
            else:
                raise ValueError(f"{title}: no edit changes anything")


def together(cases, family):
    """Several edits in one pass."""
    add = cases.add
    add(
        f"{family}_several",
        "edits at four names",
        [
            Edit("embed", "add", {"query": 1}, 0.5),
            Edit("blocks.0.attn.pattern", "zero", {"head": 1}),
            Edit("blocks.0.mlp.out", "scale", {"batch": 1}, 0.25),
            Edit("blocks.1.attn.z", "set", {"head": 0}, other="otherIds"),
        ],
    )
    add(
        f"{family}_add_then_scale",
        "two edits of one activation, in their order",
        [
            Edit("blocks.0.resid_mid", "add", {"query": 2}, 1.0),
            Edit("blocks.0.resid_mid", "scale", {}, 1.5),
        ],
    )
    add(
        f"{family}_scale_then_add",
        "the same, the other way round",
        [
            Edit("blocks.0.resid_mid", "scale", {}, 1.5),
            Edit("blocks.0.resid_mid", "add", {"query": 2}, 1.0),
        ],
    )
    add(
        f"{family}_two_runs",
        "two other runs at one name, one of them added",
        [
            Edit("blocks.1.resid_pre", "set", {"query": 0}, other="firstIds"),
            Edit("blocks.1.resid_pre", "add", {"index": 3}, other="secondIds"),
        ],
    )
    add(
        f"{family}_scale_from",
        "scaled by another run",
        [Edit("blocks.0.mlp.post", "scale", {"batch": 0}, other="otherIds")],
    )
    add(
        f"{family}_patch_padding",
        "patched beside padding",
        [Edit("blocks.1.attn.pattern", "set", {"head": 1}, other="otherIds")],
        padding=True,
    )


def make(out):
    group = Group("patching", ABOUT)
    checkpoints = Checkpoints(group, out)
    checkpoints.add(
        "patch_bert",
        "BertForMaskedLM, D 8, H 2",
        BertForMaskedLM,
        BertConfig(
            hidden_size=8,
            num_attention_heads=2,
            num_hidden_layers=2,
            intermediate_size=10,
            vocab_size=12,
            max_position_embeddings=6,
        ),
    )
    checkpoints.add(
        "patch_gpt2",
        "GPT2LMHeadModel, D 9, H 3",
        GPT2LMHeadModel,
        GPT2Config(
            n_embd=9,
            n_head=3,
            n_layer=2,
            n_inner=10,
            n_positions=6,
            vocab_size=12,
            bos_token_id=0,
            eos_token_id=0,
        ),
    )
    checkpoints.add(
        "patch_llama",
        "LlamaForCausalLM, D 8, H 4 on 2 key-value heads",
        LlamaForCausalLM,
        LlamaConfig(
            hidden_size=8,
            num_attention_heads=4,
            num_key_value_heads=2,
            num_hidden_layers=2,
            head_dim=4,
            intermediate_size=10,
            vocab_size=12,
            max_position_embeddings=6,
            bos_token_id=0,
            eos_token_id=0,
            rope_parameters={"rope_type": "default", "rope_theta": 100.0},
        ),
    )
    for family in ("bert", "gpt2", "llama"):
        cases = Cases(group, checkpoints, f"patch_{family}")
        all_edits(cases, family)
        together(cases, family)
    return group

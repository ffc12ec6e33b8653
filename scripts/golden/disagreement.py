"""Gradients of a loss that also has the overlap of heads in it, by PyTorch's autograd on Transformers' own models."""

import copy

import torch

from golden import gradients
from golden.case import Group, Random
from golden.interventions import Edit

ABOUT = (
    "transformers' BertForMaskedLM and GPT2LMHeadModel, as in the group gradients, but what is differentiated has another term, weight × "
    "overlap; the loss that is stated is the cross-entropy alone."
)


def overlap(patterns, rows, keys):
    """Mean over layers, rows and pairs of heads of Σ_s P_g P_h, of the rows [B, T] and the keys [B, S] given (booleans).

    Disagreement on positions, Li et al. 2018, Multi-Head Attention with Disagreement Regularization, section 3.1.
    """
    total = 0
    for pattern in patterns:  # [B, H, T, S]
        p = (pattern * keys[:, None, None]).transpose(1, 2)[rows]  # [rows, H, S]
        gram = p @ p.transpose(1, 2)
        H = gram.shape[-1]
        total = total + (gram.sum((1, 2)) - gram.diagonal(dim1=1, dim2=2).sum(1)).mean() / (
            H * (H - 1)
        )
    return total / len(patterns)


def make():
    group = Group("disagreement", ABOUT)

    def case(name, about, made, types, weight, free, edits=()):
        model, ours, table = made
        random = Random(f"disagreement/{name}")
        B, T = 2, 6
        inputs = {
            "inputIds": random.integers(1, gradients.V, B, T),
            "attentionMask": torch.tensor([[1] * T, [1] * (T - 2) + [0] * 2], dtype=torch.int32),
        }
        if types:
            inputs["tokenTypeIds"] = random.integers(0, 2, B, T)
        asked = random.bits(B, T, probability=0.6) & (inputs["attentionMask"] > 0)
        inputs["labels"] = torch.where(asked, random.integers(0, gradients.V, B, T), -100).int()
        free = [inputs["inputIds"].flatten()[i].item() for i in free]
        options = {"disagreement": {"weight": weight, "except": free}}
        if edits:
            options["interventions"] = [edit.described(inputs) for edit in edits]

        def term(activations, inputs):
            patterns = [x for at, x in activations.items() if at.endswith("attn.pattern")]
            return weight * overlap(
                patterns,
                inputs["labels"] != -100,
                ~torch.isin(inputs["inputIds"], torch.tensor(free)),
            )

        group.add(
            name,
            "gradients",
            about,
            gradients.gradients(table, edits, None, True, term),
            inputs=inputs,
            parameters=gradients.parameters_of(model, table),
            config={k: v for k, v in ours.items() if k != "padTokenId"},
            options=options,
            seed=random.seed,
            load=lambda dtype: copy.deepcopy(model).to(dtype).train(),
        )

    case(
        "bert",
        "padding, and two tokens that every head may look at",
        gradients.bert_model(),
        True,
        3.0,
        (0, 8),
    )
    case(
        "bert_edited",
        "the overlap is that of the patterns after edits",
        gradients.bert_model(),
        True,
        2.0,
        (),
        edits=[
            Edit("blocks.0.attn.pattern", "scale", {"head": 1}, 0.5),
            Edit("blocks.1.attn.pattern", "zero", {"head": 0}),
        ],
    )
    case("gpt2", "causal", gradients.gpt2_model(), False, 3.0, (1,))
    return group

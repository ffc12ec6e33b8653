"""Gradients of the heads with labels: classes through a pooler, several labels, numbers, tags and spans."""

import torch
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from golden import families, gradients
from golden.case import Group, Random
from golden.classifiers import described
from golden.interventions import Edit

ABOUT = (
    "transformers' heads with labels and random weights, in float64. loss: the mean cross-entropy, of several labels the mean "
    "binary cross-entropy, of numbers the mean squared error, of spans the mean over both ends; parameters.NAME is its gradient "
    "by autograd, grad.NAME that with respect to an activation as it stands after the edits."
)

V = 17


def made(architecture, config, name):
    config._attn_implementation = "eager"
    model = architecture(config)
    families.fill(model, f"classifier_gradients/{name}")
    return model, *described(model)


def make():
    group = Group("classifier_gradients", ABOUT)

    def once(
        name, about, architecture, config, labels, edits=(), hooked=False, types=True, B=3, T=6
    ):
        random = Random(f"classifier_gradients/{name}")
        inputs = {"inputIds": random.integers(2, V, B, T)}
        inputs["attentionMask"] = (torch.arange(T) < torch.tensor([T, T - 2, T - 1])[:, None]).int()
        if types:
            inputs["tokenTypeIds"] = random.integers(0, 2, B, T)
        inputs["labels"] = labels(random, B, T)
        options = {"interventions": [edit.described(inputs) for edit in edits]} if edits else {}
        model = made(architecture, config, name)
        gradients.add(
            group,
            "gradients",
            name,
            about,
            model,
            inputs,
            gradients.gradients(model[2], edits, None, hooked),
            options,
            random,
        )

    small = {
        "vocab_size": V,
        "hidden_size": 12,
        "num_attention_heads": 3,
        "num_hidden_layers": 2,
        "intermediate_size": 20,
        "max_position_embeddings": 10,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    once(
        "bert_classes",
        "three classes by way of the pooler",
        BertForSequenceClassification,
        BertConfig(**small, num_labels=3),
        lambda random, B, T: random.integers(0, 3, B),
        hooked=True,
    )
    once(
        "bert_classes_edited",
        "the same with edits in force",
        BertForSequenceClassification,
        BertConfig(**small, num_labels=3),
        lambda random, B, T: random.integers(0, 3, B),
        edits=[
            Edit("blocks.0.attn.z", "scale", {"head": 1}, 0.5),
            Edit("blocks.1.resid_mid", "zero", {"index": 3}),
        ],
        hooked=True,
    )
    once(
        "bert_tags",
        "a class for every token, some not asked about",
        BertForTokenClassification,
        BertConfig(**small, num_labels=4),
        lambda random, B, T: torch.where(
            random.bits(B, T, probability=0.3), -100, random.integers(0, 4, B, T)
        ).int(),
    )
    once(
        "bert_spans",
        "the first and the last token of a span",
        BertForQuestionAnswering,
        BertConfig(**small),
        lambda random, B, T: random.integers(0, T - 2, B, 2),
    )
    once(
        "distilbert_labels",
        "several labels, ReLU before them",
        DistilBertForSequenceClassification,
        DistilBertConfig(
            vocab_size=V,
            dim=12,
            n_heads=3,
            n_layers=2,
            hidden_dim=20,
            max_position_embeddings=10,
            dropout=0.0,
            attention_dropout=0.0,
            seq_classif_dropout=0.0,
            num_labels=4,
            problem_type="multi_label_classification",
        ),
        lambda random, B, T: random.bits(B, 4, probability=0.5).double(),
        types=False,
    )
    once(
        "roberta_numbers",
        "two numbers for a text",
        RobertaForSequenceClassification,
        RobertaConfig(
            **small | {"max_position_embeddings": 12},
            pad_token_id=1,
            num_labels=2,
            problem_type="regression",
        ),
        lambda random, B, T: random.normal(B, 2),
    )
    return group

"""Heads with labels: of texts, of their tokens and of spans, of BERT and its descendants; and what is read off their logits.

Classes, tags and answers are worked out here from the logits of Transformers and the offsets of the tokenizers library.
"""

import torch
from tokenizers import Tokenizer
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    DistilBertConfig,
    DistilBertForQuestionAnswering,
    DistilBertForSequenceClassification,
    DistilBertForTokenClassification,
    LongformerConfig,
    LongformerForQuestionAnswering,
    LongformerForSequenceClassification,
    LongformerForTokenClassification,
    RobertaConfig,
    RobertaForQuestionAnswering,
    RobertaForSequenceClassification,
    RobertaForTokenClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from golden import bert, families, tokenizer
from golden.case import Group, MODEL_TOLERANCE, Random, TOLERANCES

ABOUT = (
    "transformers' …ForSequenceClassification, …ForTokenClassification and …ForQuestionAnswering of BERT, DistilBERT, RoBERTa, "
    "XLM-RoBERTa and Longformer; eager attention, weights as saved and then float64. The logits of a span are [B, T, 2]: start, "
    "end. classes: by softmax, or by the logistic function of several labels. tags: of each word's first token. answers: the "
    "product of two softmaxes over the context's tokens and the first of all, as the question-answering pipeline has it. "
    "Positions whose attentionMask is 0 are not compared."
)

TOLERANCES |= {kind: MODEL_TOLERANCE for kind in ("classes", "tags", "answers")}

TEXTS = ["the cat sat on the mat.", "Hello world", "unaffable tokenization, is it?"]
CONTEXT = "the cat sat on the mat because it was tired. The dog is playing; hello, Paris!"
QUESTIONS = ["what is tired?", "the dog"]

TASKS = {
    "SequenceClassification": "sequence",
    "TokenClassification": "token",
    "QuestionAnswering": "span",
}


def described(model):
    """The model's config in this project's terms, and {our parameter: its tensor in the file}."""
    config, kind = model.config, model.config.model_type
    task = TASKS[type(model).__name__.split("For")[1]]
    body = {
        "bert": lambda: (
            bert.our_config(config, pooler=False, masked_lm=False),
            bert.our_names(config, model.state_dict()),
        ),
        "distilbert": lambda: families.distilbert(config, False),
        "roberta": lambda: families.roberta(config, False),
        "xlm-roberta": lambda: families.roberta(config, False),
        "longformer": lambda: families.longformer(config, False),
    }[kind]
    ours, table = body()
    prefix = {"xlm-roberta": "roberta"}.get(kind, kind) + "."
    table = {
        name: prefix + theirs.removeprefix(prefix)
        for name, theirs in table.items()
        if not name.startswith(("pooler", "mlm_head"))
    }
    pooler, classifier = {
        "bert": ("bert.pooler.dense", "classifier"),
        "distilbert": ("pre_classifier", "classifier"),
    }.get(kind, ("classifier.dense", "classifier.out_proj"))
    heads = {
        "sequence": {"pooler": pooler, "classifier": classifier},
        "token": {"classifier": "classifier"},
        "span": {"classifier": "qa_outputs"},
    }[task]
    ours |= {
        "pooler": task == "sequence",
        "poolerActivation": "relu" if kind == "distilbert" and task == "sequence" else "tanh",
        "numLabels": config.num_labels,
        "labelsFor": task,
        "problemType": "single_label_classification",
    }
    if task == "sequence":
        usual = "regression" if config.num_labels == 1 else ours["problemType"]
        ours["problemType"] = config.problem_type or usual
    return ours, table | families.pairs(heads)


def forward(inputs, model):
    arguments = {
        "input_ids": "inputIds",
        "attention_mask": "attentionMask",
        "token_type_ids": "tokenTypeIds",
        "global_attention_mask": "globalAttentionMask",
    }
    given = {theirs: inputs[ours].long() for theirs, ours in arguments.items() if ours in inputs}
    with torch.no_grad():
        body = model.base_model(**given)
        whole = model(**given)
    expected = {"lastHiddenState": body.last_hidden_state}
    if "logits" in whole:
        return expected | {"logits": whole.logits}
    return expected | {"logits": torch.stack([whole.start_logits, whole.end_logits], dim=-1)}


class Checkpoints(families.Checkpoints):
    def batch(self, name, about, checkpoint, B=3, T=9, lengths=(9, 4, 1), global_tokens=None):
        random = Random(f"classifiers/{name}")
        config = self.group.checkpoints[checkpoint]["config"]
        pad = config.get("padTokenId", 0)
        ids = random.integers(pad + 1, config["vocabSize"], B, T)
        mask = (torch.arange(T) < torch.tensor(lengths)[:, None]).int()
        inputs = {"inputIds": torch.where(mask.bool(), ids, pad).int(), "attentionMask": mask}
        if config.get("typeVocabSize", 0) > 1:
            inputs["tokenTypeIds"] = random.integers(0, config["typeVocabSize"], B, T)
        if global_tokens is not None:
            inputs["globalAttentionMask"] = (
                (torch.arange(T) < global_tokens).int().expand(B, T).contiguous()
            )
        self.group.add(
            name,
            "model",
            about,
            forward,
            inputs=inputs,
            checkpoint=checkpoint,
            seed=random.seed,
            load=lambda dtype: self.load(checkpoint, dtype),
            valid="attentionMask",
        )

    def encoded(self, checkpoint, *text):
        reader = Tokenizer.from_file(str(self.root / checkpoint / "tokenizer.json"))
        return reader.encode(*text)

    def logits_of(self, model, encoding):
        given = {"input_ids": torch.tensor([encoding.ids])}
        if getattr(model.config, "type_vocab_size", 0) > 1:
            given["token_type_ids"] = torch.tensor([encoding.type_ids])
        with torch.no_grad():
            return model(**given)

    def add_texts(self, name, kind, about, checkpoint, options, compute):
        self.group.add(
            name,
            kind,
            about,
            lambda _, model: compute(model),
            inputs={},
            checkpoint=checkpoint,
            options=options,
            load=lambda dtype: self.load(checkpoint, dtype),
        )

    def classes(self, name, about, checkpoint):
        """Of each text the probabilities, or the numbers, by class."""

        def compute(model):
            rows = [
                self.logits_of(model, self.encoded(checkpoint, text)).logits[0] for text in TEXTS
            ]
            logits = torch.stack(rows)
            problem = self.group.checkpoints[checkpoint]["config"]["problemType"]
            if problem == "single_label_classification":
                return {"classes": logits.softmax(-1)}
            return {"classes": logits if problem == "regression" else logits.sigmoid()}

        self.add_texts(name, "classes", about, checkpoint, {"texts": TEXTS}, compute)

    def tags(self, name, about, checkpoint, text):
        """[words, 4]: start, end, class, probability."""

        def compute(model):
            encoding = self.encoded(checkpoint, text)
            probabilities = self.logits_of(model, encoding).logits[0].softmax(-1)
            rows = {}
            for token, word in enumerate(encoding.word_ids):
                if word is None:
                    continue
                start, end = encoding.offsets[token]
                if word in rows:
                    rows[word][1] = end
                else:
                    best = probabilities[token].max(-1)
                    rows[word] = [start, end, best.indices.item(), best.values.item()]
            return {"tags": torch.tensor(list(rows.values())).to(probabilities.dtype)}

        self.add_texts(name, "tags", about, checkpoint, {"text": text}, compute)

    def answers(self, name, about, checkpoint, top=3, longest=15):
        """Of each question [top, 3]: start, end, probability."""

        def compute(model):
            return {
                f"answers.{i}": best_spans(
                    self.encoded(checkpoint, question, CONTEXT),
                    self.logits_of(model, self.encoded(checkpoint, question, CONTEXT)),
                    top,
                    longest,
                )
                for i, question in enumerate(QUESTIONS)
            }

        options = {"questions": QUESTIONS, "context": CONTEXT, "topK": top}
        self.add_texts(name, "answers", about, checkpoint, options, compute)


def best_spans(encoding, output, top, longest):
    context = [t for t, part in enumerate(encoding.sequence_ids) if part == 1]
    counted = torch.zeros(len(encoding.ids), dtype=torch.bool)
    counted[[0, *context]] = True
    starts, ends = (
        logits[0].masked_fill(~counted, -torch.inf).softmax(-1)
        for logits in (output.start_logits, output.end_logits)
    )
    # Words: tokens of one word share a number within a sequence.
    word = encoding.word_ids
    spans = {}
    for i in context:
        for j in context:
            if not i <= j < i + longest:
                continue
            first = min(t for t in context if word[t] == word[i])
            last = max(t for t in context if word[t] == word[j])
            place = (encoding.offsets[first][0], encoding.offsets[last][1])
            spans[place] = max(spans.get(place, 0.0), (starts[i] * ends[j]).item())
    best = sorted(spans.items(), key=lambda item: -item[1])[:top]
    return torch.tensor([[*place, value] for place, value in best]).to(starts.dtype)


def make(out):
    group = Group("classifiers", ABOUT)
    checkpoints = Checkpoints(group, out, described)
    checkpoint, batch = checkpoints.add, checkpoints.batch
    vocab = len(tokenizer.vocabulary())

    def word_pieces(folder):
        return tokenizer.expected(folder, tokenizer.save(folder, lowercase=True, with_config=True))

    def labels(*names):
        return {
            "id2label": dict(enumerate(names)),
            "label2id": {name: i for i, name in enumerate(names)},
        }

    small = {
        "hidden_size": 12,
        "num_attention_heads": 3,
        "num_hidden_layers": 2,
        "intermediate_size": 18,
    }
    with_words = {"vocab_size": vocab, "max_position_embeddings": 64}
    checkpoint(
        "bert_classes",
        "three classes with names; tokenizer",
        BertForSequenceClassification,
        BertConfig(**small, **with_words, **labels("negative", "neutral", "positive")),
        with_tokenizer=word_pieces,
    )
    batch("bert_classes", "a batch with padding", "bert_classes")
    checkpoints.classes("bert_classes_texts", "classes of texts", "bert_classes")
    checkpoint(
        "bert_tags",
        "tags of tokens; tokenizer",
        BertForTokenClassification,
        BertConfig(**small, **with_words, **labels("O", "B-PER", "I-PER", "B-LOC")),
        with_tokenizer=word_pieces,
    )
    batch("bert_tags", "a batch with padding", "bert_tags")
    checkpoints.tags("bert_tags_text", "tags of words", "bert_tags", TEXTS[2] + " " + CONTEXT)
    checkpoint(
        "bert_spans",
        "spans; tokenizer",
        BertForQuestionAnswering,
        BertConfig(**small, **with_words),
        with_tokenizer=word_pieces,
    )
    batch("bert_spans", "a batch with padding", "bert_spans")
    checkpoints.answers("bert_answers", "answers to questions", "bert_spans")

    sizes = {"dim": 15, "n_heads": 3, "n_layers": 2, "hidden_dim": 10}
    checkpoint(
        "distilbert_classes",
        "several labels for a text, ReLU before the classes; tokenizer",
        DistilBertForSequenceClassification,
        DistilBertConfig(
            **sizes, **with_words, num_labels=4, problem_type="multi_label_classification"
        ),
        with_tokenizer=word_pieces,
    )
    batch("distilbert_classes", "a batch with padding", "distilbert_classes")
    checkpoints.classes("distilbert_classes_texts", "several labels", "distilbert_classes")
    checkpoint(
        "distilbert_tags",
        "five tags of tokens",
        DistilBertForTokenClassification,
        DistilBertConfig(**sizes, vocab_size=30, max_position_embeddings=16, num_labels=5),
    )
    batch("distilbert_tags", "a batch with padding", "distilbert_tags")
    checkpoint(
        "distilbert_spans",
        "spans; tokenizer",
        DistilBertForQuestionAnswering,
        DistilBertConfig(**sizes, **with_words),
        with_tokenizer=word_pieces,
    )
    batch("distilbert_spans", "a batch with padding", "distilbert_spans")
    checkpoints.answers("distilbert_answers", "without token types", "distilbert_spans")

    ids = {"vocab_size": 30, "max_position_embeddings": 20, "pad_token_id": 1}
    checkpoint(
        "roberta_number",
        "one label: a number; tokenizer",
        RobertaForSequenceClassification,
        RobertaConfig(
            **small, vocab_size=vocab, max_position_embeddings=66, pad_token_id=0, num_labels=1
        ),
        with_tokenizer=word_pieces,
    )
    batch("roberta_number", "a batch with padding", "roberta_number")
    checkpoints.classes("roberta_number_texts", "numbers of texts", "roberta_number")
    checkpoint(
        "roberta_tags",
        "three tags of tokens",
        RobertaForTokenClassification,
        RobertaConfig(**small, **ids, num_labels=3, type_vocab_size=1),
    )
    batch("roberta_tags", "a batch with padding", "roberta_tags")
    checkpoint(
        "roberta_spans",
        "spans",
        RobertaForQuestionAnswering,
        RobertaConfig(**small, **ids, type_vocab_size=1),
    )
    batch("roberta_spans", "a batch with padding", "roberta_spans")
    checkpoint(
        "xlm_roberta_classes",
        "RoBERTa's head under RoBERTa's names",
        XLMRobertaForSequenceClassification,
        XLMRobertaConfig(**small, **ids, num_labels=3, type_vocab_size=1),
    )
    batch("xlm_roberta_classes", "a batch with padding", "xlm_roberta_classes")

    windows = {"attention_window": 4, "type_vocab_size": 1}
    checkpoint(
        "longformer_classes",
        "classes of the global first token",
        LongformerForSequenceClassification,
        LongformerConfig(**small, **ids, **windows, num_labels=3),
    )
    batch("longformer_classes", "a batch with padding", "longformer_classes", global_tokens=1)
    checkpoint(
        "longformer_tags",
        "tags without global tokens",
        LongformerForTokenClassification,
        LongformerConfig(**small, **ids, **windows, num_labels=3),
    )
    batch("longformer_tags", "a batch with padding", "longformer_tags")
    checkpoint(
        "longformer_spans",
        "spans, the first four tokens global",
        LongformerForQuestionAnswering,
        LongformerConfig(**small, **ids, **windows),
    )
    batch(
        "longformer_spans",
        "a batch with padding",
        "longformer_spans",
        lengths=(9, 7, 6),
        global_tokens=4,
    )
    return group

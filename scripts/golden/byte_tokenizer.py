"""A small byte-level tokenizer of GPT-2's kind: every byte, then the pairs that a few sentences merge."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SIZE = 300

TEXTS = [
    "the cat sat on the mat because it was tired.",
    "The CAT's keys: attention!",
    "Héllo wörld, 中文 🙂",
    " two  spaces",
    "<|endoftext|>the end",
    "",
    "line\nbreak\ttab",
]


def save(folder):
    """Writes tokenizer.json; returns [{text, ids, tokens}] as the tokenizers library reads them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=["<|endoftext|>"],
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(
        ["the cat sat on the mat because the other cat was tired of the mat and the hat"] * 4,
        trainer,
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return [
        {"text": text, "ids": encoding.ids, "tokens": encoding.tokens}
        for text, encoding in ((text, tokenizer.encode(text)) for text in TEXTS)
    ]

"""Two small WordPiece tokenizers, uncased and cased, and the texts whose token ids the tests expect."""

import json

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [
    "the",
    "cat",
    "dog",
    "sat",
    "on",
    "mat",
    "it",
    "was",
    "tired",
    "because",
    "keys",
    "key",
    "cabinet",
    "are",
    "is",
    "hello",
    "world",
    "play",
    "un",
    "token",
    "attention",
    "head",
    "The",
    "Paris",
    "Hello",
]
PIECES = ["##s", "##ing", "##ed", "##able", "##aff", "##iza", "##tion", "##er", "##ly"]
LETTERS = [chr(c) for c in range(ord("a"), ord("z") + 1)]
OTHER = list("ABPTéÉß中文你好日.,!?'\"-()0123456789")

TEXTS = [
    "the cat sat on the mat because it was tired.",
    "The CAT's keys: un-affable, tokenization & (attention) heads!",
    "Héllo wörld, ÉCOLE naïve façade",
    "e\u0301cole with a combining accent; Straße",
    "中文 and 你好世界 mixed with日本 text",
    "[CLS] the [MASK] sat [SEP]",
    "the [MASK] is[MASK]tired",
    "",
    "   \t\n ",
    "  spaces\u00a0and\u2003wide\ttabs\r\nlines ",
    "zero\u200bwidth, control\u0007 and \ufffd replacement",
    "🙂 ☃ Ωμέγα русский",
    "don't-stop!!! 3.14159 2026-11-20 $5 #tag @you",
    "a" * 100 + " " + "b" * 101,
    "x",
    "the cat sat on the mat. " * 50,
]


def vocabulary():
    return SPECIAL + WORDS + PIECES + LETTERS + [f"##{letter}" for letter in LETTERS] + OTHER


def save(folder, *, lowercase, with_config):
    """Writes tokenizer.json and, if asked, the tokenizer_config.json beside it."""
    tokens = {token: index for index, token in enumerate(vocabulary())}
    tokenizer = Tokenizer(models.WordPiece(tokens, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=True,
        strip_accents=None if lowercase else False,
        lowercase=lowercase,
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", tokens["[CLS]"]), ("[SEP]", tokens["[SEP]"])],
    )
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.save(str(folder / "tokenizer.json"))
    if with_config:
        config = {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": lowercase,
            "model_max_length": 24,
            "unk_token": "[UNK]",
            "sep_token": "[SEP]",
            "pad_token": "[PAD]",
            "cls_token": "[CLS]",
            "mask_token": "[MASK]",
        }
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    return tokenizer


def expected(folder, tokenizer):
    """[{text, ids, tokens}]: from the tokenizers library, and the same from Transformers where it reads the folder."""
    cases = []
    by_transformers = (
        AutoTokenizer.from_pretrained(folder)
        if (folder / "tokenizer_config.json").exists()
        else None
    )
    for text in TEXTS:
        encoding = tokenizer.encode(text)
        if by_transformers and by_transformers(text)["input_ids"] != encoding.ids:
            raise ValueError(f"{folder.name}: Transformers and tokenizers disagree on {text!r}")
        cases.append({"text": text, "ids": encoding.ids, "tokens": encoding.tokens})
    return cases

"""Tokenizers of checkpoints without a tokenizer.json: what Transformers' own classes make of vocab.txt, vocab.json and merges.txt,
tokenizer.model, and Marian's source.spm, target.spm and vocab.json, for texts that are hard in one way or another.

The files lie in tests/golden/tokenizers/NAME, those of the whole translator in tests/golden/checkpoints/marian_texts.
"""

import base64
import json
import random
import shutil

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import AutoTokenizer, LlamaTokenizer, MarianTokenizer, PreTrainedTokenizerFast

from golden import sentence_pieces, tokenizer, translator

ABOUT = (
    "Tokenizers as Transformers reads them from files other than tokenizer.json. files: name in the checkpoint → path here. expected: "
    "of each of the texts its ids with what is added around them, and those as text again; without special tokens where that is "
    "another text; the tokens within where they are not those of the ids. pairs: two texts as one. target: the same of a text that the decoder writes. "
    "translations: greedy, by the checkpoint marian_texts. ways: SentencePiece models (base64) by which many ways to cut a text are as likely, "
    "and the pieces of texts."
)

TEXTS = [
    "",
    " ",
    "   ",
    "\t\n",
    "The cat sees the dog.",
    "  leading and   inner  spaces  ",
    "the cat\nsees\r\n\nthe dog\t.",
    "The CAT's dogs: un-affable, tokenization & (attention) heads!",
    "it ' s , they 're . do n't ? !",
    "Ｆｕｌｌ ｗｉｄｔｈ １２３ ｶﾞ",
    "ﬁne ﬂow oﬃce ½ ² ™ № ℃ Ⅳ",
    "Héllo wörld, ÉCOLE naïve",
    "e\u0301cole e\u0301\u0323 A\u030a",
    "ΟΔΟΣ ὈΔΥΣΣΕΎΣ İstanbul STRAẞE",
    "🙂 👩‍👩‍👧 🇩🇪 ☃ 👍🏽",
    "non\u00a0breaking\u2003em\u3000ideographic\u2009thin",
    "中文字符和English混合。你好，世界！",
    "𠀀𠮷 astral 𝒜𝔅",
    "日本語テスト ガギグ が",
    "한국어 각 가\u1100\u1161",
    "русский текст Ёж",
    "العربية مَرحبا",
    "ไทย हिन्दी नमस्ते",
    "zero\u200bwidth\u200d\ufeffbom \u00ad soft",
    "control\u0001\u0007\u007f\u0085 \ufffd end",
    "▁the▁cat ▁",
    "～ 〜 ・ … — “quoted” ‘single’ ſ",
    "</s>",
    "<s>the</s> cat<unk><pad>",
    "the <mask> sees<mask> the",
    "[CLS] the [MASK] sat [SEP]",
    "<|endoftext|>the end<|endoftext|>",
    ">>de<< The cat sees the dog.",
    ">>fr<<The dog.",
    ">>xx<< The dog.",
    "The >>de<< dog.",
    " >>de<< the",
    ">>de the",
    ">><<",
    ">>a<<>>de<< the",
    ">>de<<",
    "the <sep>cat<sep>",
    "[INST] the dog [/INST]",
    "<ctrl> the",
    "<0x41> <0xE2><0x98>",
    "a" * 101 + " " + "dog" * 9,
    "don't-stop!!! 3.14159 2026-11-20 $5 #tag @you",
    "x",
    "▁▁",
    "\u0085the cat\ufeff",
    "the the the ",
    "ℌello ʰ ﷺ ㍿",
    "a\u0300\u0301\u0302\u0303",
    "\ud55c\u200dx",
    "#version: a b",
    "<extra>the <extra> cat <EXTRA>",
]

SENTENCES = [english for english, *_ in translator.sentences()] + [
    "it was tired because the keys of the cabinet are hello world",
    "the play of un attention heads is token by token 3 1 4 1 5 9 2 6",
    "don't stop, it's a long way: café, naïve, straße & Ωμέγα",
]


def random_texts(count, seed):
    """Characters of many blocks, mixed with words."""
    draw = random.Random(seed)
    blocks = [
        (0x20, 0x7E),
        (0xA0, 0x17F),
        (0x300, 0x36F),
        (0x370, 0x3FF),
        (0x400, 0x45F),
        (0x2000, 0x206F),
        (0x2100, 0x214F),
        (0x3000, 0x30FF),
        (0x4E00, 0x4E40),
        (0xAC00, 0xAC40),
        (0xFF01, 0xFF9F),
        (0x1F600, 0x1F640),
        (0x1, 0x1F),
    ]
    words = ["the", "cat", "sees", "dog", "Katze", "hört", "l'oiseau", " ", "  "]
    texts = []
    for _ in range(count):
        parts = [
            draw.choice(words) if draw.random() < 0.4 else chr(draw.randint(*draw.choice(blocks)))
            for _ in range(draw.randint(3, 24))
        ]
        texts.append(draw.choice(["", " "]).join(parts))
    return texts


def expected(reader, texts, target=False):
    """Of each text its ids and them as text; what goes without saying is left out (ABOUT)."""
    cases = []
    side = "text_target" if target else "text"
    for text in texts:
        ids = reader(**{side: text})["input_ids"]
        own = reader(**{side: text}, add_special_tokens=False)["input_ids"]
        case = {"ids": ids}
        if (
            not getattr(reader, "separate_vocabs", False) or target
        ):  # Transformers decodes by the target's vocabulary alone
            case["decoded"] = reader.decode(ids)
            without = reader.decode(ids, skip_special_tokens=True)
            if without != case["decoded"]:
                case["withoutSpecial"] = without
        if target:
            reader._switch_to_target_mode()  # which every call undoes
        added = reader.get_added_vocab()
        tokens = [
            token.strip() if token.strip() in added else token for token in reader.tokenize(text)
        ]
        if tokens != reader.convert_ids_to_tokens(own):
            case["tokens"] = tokens
        cases.append(case)
        if target:
            reader._switch_to_input_mode()
    return cases


def pair(reader, text, other):
    read = reader(text, other, return_token_type_ids=True)
    return {"texts": [text, other], "ids": read["input_ids"], "types": read["token_type_ids"]}


def rows(value, key=None):
    """JSON with the entries of the longest lists, and all objects but those, on lines of their own."""
    if isinstance(value, dict) and key not in (
        "expected",
        "pairs",
        "target",
        "translations",
        "ways",
        "files",
        "made",
    ):
        return (
            "{\n"
            + ",\n".join(f"{json.dumps(name)}: {rows(item, name)}" for name, item in value.items())
            + "\n}"
        )
    if isinstance(value, list):
        inner = None if key == "cases" else "expected"
        return "[\n" + ",\n".join(rows(item, inner) for item in value) + "\n]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class TokenizerGroup:
    """tests/golden/tokenizers/expected.json."""

    def __init__(self, out):
        self.out = out
        self.root = out / "tokenizers"
        self.texts = TEXTS + random_texts(10, seed=1)
        self.cases = []
        self.translations = []
        self.ways = []

    def add(self, name, about, model_type, reader, files, two=False):
        case = {
            "name": name,
            "about": about,
            "modelType": model_type,
            "files": files,
            "expected": expected(reader, self.texts),
        }
        if model_type != "marian":  # which has no types of tokens
            case["pairs"] = [pair(reader, self.texts[4], other) for other in self.texts[6:9]]
        if two:
            case["target"] = expected(reader, self.texts, target=True)
        self.cases.append(case)

    def summary(self):
        return f"{len(self.cases)} tokenizers, {len(self.texts)} texts, {len(self.translations)} translations, {len(self.ways)} models with ties"

    def save(self, folder, made):
        manifest = {
            "group": "tokenizers",
            "about": ABOUT,
            "made": made,
            "texts": self.texts,
            "cases": self.cases,
            "translations": self.translations,
            "ways": self.ways,
        }
        (self.root / "expected.json").write_text(rows(manifest) + "\n", encoding="utf-8")


def write(folder, model_type, files):
    """Files of a checkpoint: text, bytes or what becomes JSON. Returns name → path for the manifest."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            text = (
                content
                if isinstance(content, str)
                else json.dumps(content, ensure_ascii=False, indent=0) + "\n"
            )
            (folder / name).write_text(text, encoding="utf-8", newline="")
    return {name: f"tokenizers/{folder.name}/{name}" for name in files}


def read(folder, cls, model_type):
    """As Transformers reads the folder; config.json, by which it picks the class, is not kept."""
    config = folder / "config.json"
    config.write_text(json.dumps({"model_type": model_type}))
    try:
        return cls.from_pretrained(folder)
    finally:
        config.unlink()


def word_pieces(group):
    lines = "\n".join(dict.fromkeys(tokenizer.vocabulary())) + "\n"
    for name, about, config in (
        ("bert_bare", "vocab.txt alone", None),
        (
            "bert_cased",
            "cased, ideographs not apart, \\r\\n, a token twice, a blank line",
            {
                "do_lower_case": False,
                "tokenize_chinese_chars": False,
                "tokenizer_class": "BertTokenizerFast",
            },
        ),
        (
            "bert_accents",
            "uncased with accents, an added token, spaces cleaned up",
            {
                "do_lower_case": True,
                "strip_accents": False,
                "clean_up_tokenization_spaces": True,
                "added_tokens_decoder": {
                    "3": {"content": "[SEP]", "special": True},
                    "200": {
                        "content": "<extra>",
                        "lstrip": False,
                        "normalized": True,
                        "rstrip": False,
                        "single_word": False,
                        "special": False,
                    },
                },
            },
        ),
    ):
        text = lines.replace("\n", "\r\n") + "\r\nthe\r\n" if name == "bert_cased" else lines
        files = {"vocab.txt": text} | ({"tokenizer_config.json": config} if config else {})
        paths = write(group.root / name, "bert", files)
        group.add(name, about, "bert", read(group.root / name, AutoTokenizer, "bert"), paths)


def byte_level(group):
    def trained(special):
        model = Tokenizer(models.BPE())
        model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        model.decoder = decoders.ByteLevel()
        model.train_from_iterator(
            SENTENCES * 2,
            trainers.BpeTrainer(
                vocab_size=400,
                special_tokens=special,
                show_progress=False,
                initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            ),
        )
        found = json.loads(model.to_str())["model"]
        merges = "".join(f"{left} {right}\n" for left, right in found["merges"])
        return found["vocab"], f"#version: 0.2\n{merges}"

    vocab, merges = trained(["<|endoftext|>"])
    paths = write(group.root / "gpt2_bare", "gpt2", {"vocab.json": vocab, "merges.txt": merges})
    group.add(
        "gpt2_bare",
        "vocab.json and merges.txt alone",
        "gpt2",
        read(group.root / "gpt2_bare", AutoTokenizer, "gpt2"),
        paths,
    )

    config = {
        "add_prefix_space": True,
        "add_bos_token": True,
        "tokenizer_class": "GPT2Tokenizer",
        "clean_up_tokenization_spaces": True,
    }
    added = write(
        group.root / "gpt2_added",
        "gpt2",
        {
            "vocab.json": vocab,
            "merges.txt": merges,
            "tokenizer_config.json": config,
            "special_tokens_map.json": {
                "bos_token": {
                    "content": "<|endoftext|>",
                    "lstrip": False,
                    "normalized": True,
                    "rstrip": False,
                    "single_word": False,
                },
                "pad_token": "<pad>",
            },
            "added_tokens.json": {"<pad>": len(vocab), "<extra>": len(vocab) + 1},
        },
    )
    group.add(
        "gpt2_added",
        "a prefix space, a bos token, added_tokens.json",
        "gpt2",
        read(group.root / "gpt2_added", AutoTokenizer, "gpt2"),
        added | {name: paths[name] for name in ("vocab.json", "merges.txt")},
    )
    for name in ("vocab.json", "merges.txt"):
        (group.root / "gpt2_added" / name).unlink()

    vocab, merges = trained(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    mask = {
        "content": "<mask>",
        "lstrip": True,
        "normalized": False,
        "rstrip": False,
        "single_word": False,
    }
    paths = write(
        group.root / "roberta",
        "roberta",
        {
            "vocab.json": vocab,
            "merges.txt": merges,
            "special_tokens_map.json": {"mask_token": mask},
        },
    )
    group.add(
        "roberta",
        "a mask that takes the space before it",
        "roberta",
        read(group.root / "roberta", AutoTokenizer, "roberta"),
        paths,
    )


def llama(group):
    model = sentence_pieces.train(
        SENTENCES,
        model_type="bpe",
        vocab_size=420,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        split_digits=True,
        allow_whitespace_only_pieces=True,
        user_defined_symbols=["<sep>", "[INST]"],
        control_symbols=["<ctrl>"],
    )
    first = None
    extra = {
        "content": "<extra>",
        "lstrip": False,
        "normalized": False,
        "rstrip": True,
        "single_word": False,
        "special": True,
    }
    for name, about, config in (
        (
            "llama",
            "a bos token, as the first models have it",
            {"add_bos_token": True, "add_eos_token": False, "tokenizer_class": "LlamaTokenizer"},
        ),
        (
            "llama_legacy",
            "legacy: a space before every section; bos, eos and tokens beyond the model's",
            {
                "legacy": True,
                "add_bos_token": True,
                "add_eos_token": True,
                "tokenizer_class": "LlamaTokenizer",
                "pad_token": "<pad>",
                "added_tokens_decoder": {"420": extra},
            },
        ),
        (
            "llama_plain",
            "no prefix space",
            {"add_prefix_space": False, "tokenizer_class": "LlamaTokenizerFast"},
        ),
    ):
        paths = write(
            group.root / name, "llama", {"tokenizer.model": model, "tokenizer_config.json": config}
        )
        first = first or paths["tokenizer.model"]
        group.add(
            name,
            about,
            "llama",
            read(group.root / name, LlamaTokenizer, "llama"),
            paths | {"tokenizer.model": first},
        )
        if first != paths["tokenizer.model"]:
            (group.root / name / "tokenizer.model").unlink()


def marian(group):
    whole = group.out / "checkpoints" / "marian_texts"
    reader, model = translator.save(whole)
    shared = {name: f"checkpoints/marian_texts/{name}" for name in ("source.spm", "target.spm")}
    group.add(
        "marian",
        "two models, one vocab.json, as the translator has them",
        "marian",
        reader,
        shared
        | {
            name: f"checkpoints/marian_texts/{name}"
            for name in ("vocab.json", "tokenizer_config.json")
        },
        two=True,
    )
    group.translations = translator.translations(reader, model)

    folder = group.root / "marian_two_vocabs"
    vocabs = {
        name: {
            token: id
            for id, token in enumerate(
                [
                    "</s>",
                    "<unk>",
                    "<pad>",
                    *sentence_pieces.normal_pieces((whole / spm).read_bytes()),
                ]
            )
        }
        for name, spm in (("vocab.json", "source.spm"), ("target_vocab.json", "target.spm"))
    }
    paths = write(
        folder,
        "marian",
        vocabs
        | {
            "tokenizer_config.json": {"separate_vocabs": True, "clean_up_tokenization_spaces": True}
        },
    )
    for name in shared:
        shutil.copy(whole / name, folder / name)
    group.add(
        "marian_two_vocabs",
        "a vocabulary for each side, spaces cleaned up",
        "marian",
        MarianTokenizer.from_pretrained(
            folder, target_vocab_file=str(folder / "target_vocab.json")
        ),
        paths | shared,
        two=True,
    )
    for name in shared:
        (folder / name).unlink()

    model = sentence_pieces.train(
        SENTENCES,
        model_type="unigram",
        vocab_size=420,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        user_defined_symbols=["<sep>", "dog"],
        control_symbols=["<ctrl>"],
    )
    proto = sentence_pieces.model_pb2.ModelProto.FromString(model)
    vocab = {"</s>": 0, "<unk>": 1} | {
        piece.piece: id
        for id, piece in enumerate(proto.pieces)
        if piece.piece not in ("</s>", "<unk>")
    }
    vocab = {token: id for id, token in enumerate(vocab)} | {"<pad>": len(vocab)}
    files = {"source.spm": model, "target.spm": model, "vocab.json": vocab}
    paths = write(group.root / "marian_bytes", "marian", files)
    group.add(
        "marian_bytes",
        "bytes in place of unknown characters, symbols, all spaces kept",
        "marian",
        MarianTokenizer.from_pretrained(group.root / "marian_bytes"),
        paths | {"target.spm": paths["source.spm"]},
    )
    (group.root / "marian_bytes" / "target.spm").unlink()

    model = sentence_pieces.train(
        SENTENCES,
        model_type="unigram",
        vocab_size=300,
        normalization_rule_name="identity",
        treat_whitespace_as_suffix=True,
    )
    vocab = {
        token: id
        for id, token in enumerate(
            ["</s>", "<unk>", "<pad>", *sentence_pieces.normal_pieces(model)]
        )
    }
    paths = write(
        group.root / "marian_suffix",
        "marian",
        {"source.spm": model, "target.spm": model, "vocab.json": vocab},
    )
    group.add(
        "marian_suffix",
        "a space belongs to the word before it",
        "marian",
        MarianTokenizer.from_pretrained(group.root / "marian_suffix"),
        paths | {"target.spm": paths["source.spm"]},
    )
    (group.root / "marian_suffix" / "target.spm").unlink()


def ways(group, models=12, texts=8):
    """Few pieces with few scores, so that rounding decides; unknown characters and symbols among them."""
    draw = random.Random(1)
    for _ in range(models):
        pieces = ["▁"] + sorted(
            {"".join(draw.choices("abc", k=draw.randint(1, 4))) for _ in range(12)}
        )
        model = sentence_pieces.of(
            [
                (
                    piece,
                    draw.choice([-0.3, -1.1, -2.5, -5.295621395111084, -7.77, -9.873971939086914]),
                    piece != "▁" and draw.random() < 0.1,
                )
                for piece in pieces
            ]
        )
        given = ["".join(draw.choices("aabbccx☃ ", k=40)) for _ in range(texts)]
        group.ways.append(
            {
                "model": base64.b64encode(model).decode(),
                "pieces": {text: sentence_pieces.cut(model, text) for text in given},
            }
        )


def precompiled(group):
    """A tokenizer.json with SentencePiece's rules in it, as converters write it of Marian's source.spm."""
    model = (group.out / "checkpoints" / "marian_texts" / "target.spm").read_bytes()
    proto = sentence_pieces.model_pb2.ModelProto.FromString(model)
    reader = Tokenizer(
        models.Unigram([(piece.piece, piece.score) for piece in proto.pieces], unk_id=0)
    )
    reader.normalizer = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    reader.pre_tokenizer = pre_tokenizers.Metaspace()
    reader.decoder = decoders.Metaspace()
    reader = PreTrainedTokenizerFast(tokenizer_object=reader, unk_token="<unk>")
    folder = group.root / "precompiled"
    folder.mkdir()
    reader.backend_tokenizer.save(str(folder / "tokenizer.json"))
    group.add(
        "precompiled",
        "a tokenizer.json with precompiled rules",
        "marian",
        reader,
        {"tokenizer.json": "tokenizers/precompiled/tokenizer.json"},
    )


def accept_cls(around):
    """tokenizers 0.23 calls the argument cls_token that Transformers 5.12 passes as cls."""
    return lambda sep, cls, add_prefix_space, trim_offsets: around(
        sep, cls, trim_offsets, add_prefix_space
    )


def make(out):
    processors.RobertaProcessing = accept_cls(processors.RobertaProcessing)
    group = TokenizerGroup(out)
    shutil.rmtree(group.root, ignore_errors=True)
    marian(group)
    word_pieces(group)
    byte_level(group)
    llama(group)
    precompiled(group)
    ways(group)
    return group

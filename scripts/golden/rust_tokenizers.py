#!/usr/bin/env python3
"""Reference values of the Rust library tokenizers: every component of tokenizer.json, every option, texts of many kinds.

    python3 scripts/golden/rust_tokenizers.py --lines 100 > tests/golden/tokenizers/rust.json
    python3 scripts/golden/rust_tokenizers.py --lines 2000 --out build/rust.jsonl
    node scripts/golden/compare_tokenizers.mjs build/rust.jsonl

The second makes a campaign, which the third compares with this package. Needs tokenizers==0.23.1 only; seeds are fixed.
"""

import argparse
import hashlib
import json
import random
import sys
import unicodedata

import tokenizers
from tokenizers import Tokenizer

ABOUT = (
    "Encodings by the Rust library. cases: a tokenizer.json each; rows: of each line the first 8 digits of SHA-256 of what encode gives, as JSON: "
    "ids, tokens, offsets in characters, words, type ids, special tokens, and the ids decoded with and without special tokens; "
    "null where the library fails. compare_tokenizers.mjs shows what a digest is of."
)

SENTENCES = [
    "All human beings are born free and equal in dignity and rights.",
    "Don't you think it's well-known? They'll say we've won, I'm sure: $3.50 (50%)!",
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Größe, STRASSE, ẞ",
    "Tous les êtres humains naissent libres et égaux — « l’œuvre » naïve, ÇA va?",
    "Todos los seres humanos nacen libres e iguales. ¿Qué? ¡Mañana!",
    "Ἅπαντες οἱ ἄνθρωποι γεννιοῦνται ἐλεύθεροι. ΟΔΟΣ ΣΊΣΥΦΟΣ",
    "Все люди рождаются свободными и равными в своём достоинстве. Ёлка, й",
    "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. ١٢٣",
    "כל בני האדם נולדו בני חורין ושווים. שָׁלוֹם",
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता। १२३",
    "সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা নিয়ে জন্মগ্রহণ করে।",
    "மனிதப் பிறிவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர்",
    "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกัน ๑๒๓",
    "ມະນຸດທຸກຄົນເກີດມາມີກຽດສັກສີ",
    "လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့်",
    "មនុស្សទាំងអស់កើតមកមានសេរីភាព",
    "人人生而自由,在尊严和权利上一律平等。𠀀𠮷",
    "すべての人間は、生まれながらにして自由である。カタカナー ｶﾀｶﾅ ㍿",
    "모든 인간은 태어날 때부터 자유로우며 각 ㄱㅏ",
    "Tất cả mọi người sinh ra đều được tự do và bình đẳng",
    "Bütün insanlar hür doğar. İstanbul ıI iİ",
    "Wszyscy ludzie rodzą się wolni i równi. Zażółć gęślą jaźń",
    "ყველა ადამიანი იბადება თავისუფალი ႠႡ ᲐᲑ",
    "Բոլոր մարդիկ ծնվում են ազատ և հավասար։",
    "ሰብዓዊ ፍጡራን ሁሉ ነጻና እኩል ናቸው። ፩፪",
    "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ꮳꮃꭹ",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪🇫🇷 ❤️ ☃ ✈︎ 1️⃣",
    "x² + y₃ = ½ ⅷ Ⅻ ① ㊿ ௱ ༳ 𝟘𝟙 ٣",
    "def f(x): return {'a': [1, 2.5e-3], \"b\": x**2}  # ok?\n\tif x != 0 && y <= 1: pass;",
    "https://example.org/a_b?c=d&e=%20#f <b>bold</b> user@mail.com C:\\dir\\file.txt",
    "tab\there\r\nnew line\n\n\n   many   spaces    \t end ",
    "a\u00a0b\u2003c\u3000d\u200be\u200cf\u200dg\ufeffh\u2028i\u2029j\u0085k\u180el",
    "ctl\x00\x01\x07\x0b\x0c\x1b\x7f\x80\x9f\x8f\xad\ufffd\U000e0001x\ue000",
    "e\u0301 e\u0323\u0301 e\u0301\u0323 q\u0307\u0323 \u1e69 s\u0323\u0307 \u0344 \u0958 \u2126 \u212b \u1e9b\u0323",
    "ﬁ ﬂ ﬃ ĳ ǆ ㎏ Ａｂｃ１２ ｡ ﷺ ㋿ ᾳ ΐ ǰ ŉ ﬄ",
    "Z̴a̵l̶g̷o̸ ̷͍t̶e̴x̵t ⃝a a⃗ ॐ़ ় ি",
    "[CLS] [MASK] [SEP] <s> </s> <mask> <unk> <pad> ▁ Ġ ## </w> <0x41>",
    " [MASK]  foo FOO  [MASK].[MASK]x x[MASK] _[MASK] é[MASK]",
    "aaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbb abababab",
    "",
    " ",
    "   ",
    "\n",
    "a",
    "é",
    "日",
    "😀",
    "\u0301",
    "\u0301a",
]

TRAIN = [s for s in SENTENCES if len(s) > 20]


def random_lines(count, rng):
    """Sentences, changed: cut, glued, in other forms and cases, with odd characters put in."""
    odd = list(
        "\u200b\u200d\u200e\u202e\u2066\u0301\u0323\u0334\u0345\u3099\ufe0f\u20e3\U0001f3fd"
        "\u00a0\u3000\u2028\t\n\r\x00\x1f\x85\xad\ufeff\ufffd▁Ġ#'’-_.,!?()[]{}<>\\/\"$€~^`|"
    )
    forms = ["NFC", "NFD", "NFKC", "NFKD"]
    blocks = [
        (0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x52F), (0x530, 0x6FF), (0x700, 0x8FF), (0x900, 0xDFF),
        (0xE00, 0x10FF), (0x1100, 0x17FF), (0x1800, 0x1FFF), (0x2000, 0x2BFF), (0x2C00, 0x2FFF),
        (0x3000, 0x33FF), (0x3400, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7FF), (0xF900, 0xFFFF),
        (0x10000, 0x10FFF), (0x11000, 0x11FFF), (0x12000, 0x1BFFF), (0x1D000, 0x1DFFF), (0x1F000, 0x1FAFF),
        (0x20000, 0x2FFFF), (0xE0000, 0xE01EF),
    ]  # fmt: skip
    lines = []
    while len(lines) < count:
        kind = rng.random()
        if kind < 0.25:
            low, high = rng.choice(blocks)
            line = "".join(
                chr(rng.randint(low, high)) if rng.random() < 0.85 else " "
                for _ in range(rng.randint(1, 24))
            )
        else:
            line = rng.choice(SENTENCES)
            start = rng.randrange(len(line) + 1)
            line = line[start : start + rng.randint(1, 40)]
            if kind < 0.5:
                other = rng.choice(SENTENCES)
                line += rng.choice(["", " ", "  "]) + other[: rng.randint(0, 20)]
        change = rng.random()
        if change < 0.1:
            line = line.upper()
        elif change < 0.2:
            line = line.title()
        elif change < 0.4:
            line = unicodedata.normalize(rng.choice(forms), line)
        for _ in range(rng.choice([0, 0, 1, 2, 4])):
            at = rng.randrange(len(line) + 1)
            line = line[:at] + rng.choice(odd) + line[at:]
        lines.append("".join(c for c in line if not 0xD800 <= ord(c) <= 0xDFFF))
    return lines


# Shows words as they are: no piece is known, and an unknown one is its own text.
WORDS = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0]], "byte_fallback": False}
EACH = {"type": "Split", "pattern": {"Regex": "(?m:.)"}, "behavior": "Isolated", "invert": False}
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CLIP = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)
REGEXES = [
    GPT4, QWEN, O200K, DEEPSEEK, CLIP, r"\s+", r"\S+", r" {2,}", r"\w+|[^\w\s]+", r"\b", r"\B", r"^", r"$", r"\A.", r".\z", r"\Z",
    r"[[:punct:]]", r"[[:alpha:]]+|[[:digit:]]", r"[^[:alnum:][:space:]]+", r"[a-c&&[^b]]+", r"(?<=[a-z])(?=[A-Z])", r"(?<!\d)\d{3}", r"(?<=ab|c)\w",
    r"(?:a|ab)(?:c|bcd)*", r"a++a|b", r"(?>a+)b?", r"a+?b", r"[^\n]{1,3}?\s", r"\p{Han}|\p{Hiragana}|\p{Latin}+", r"\p{^L}+", r"\P{L}", r"\h+",
    r"\R", r"\x{e9}|\u00e8", r"(?i)é|σ", r"(?i:[a-e]+)f?", r"(?m:.{2})", r"", r"x*", r"[\d\-.]+", r"[]a]+", r"(?#comment)a", r"(?<name>e)s?", r"\p{Emoji}", r"'(?=s\b)|(?=['’])",
]  # fmt: skip


def case(name, model=WORDS, **parts):
    empty = dict.fromkeys(
        ["truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder"]
    )
    return name, {"version": "1.0", "added_tokens": [], **empty, **parts, "model": model}


def normalizer_cases():
    def bert(**options):
        return {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False, **options}  # fmt: skip

    simple = ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"]
    steps = {name: {"type": name} for name in simple}
    for left in (True, False):
        for right in (True, False):
            steps[f"Strip {left} {right}"] = {
                "type": "Strip",
                "strip_left": left,
                "strip_right": right,
            }
    for option in ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"):
        steps[f"Bert {option}"] = bert(**{option: True})
    steps["Bert uncased"] = bert(
        clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True
    )
    steps["Bert cased"] = bert(clean_text=True, handle_chinese_chars=True, strip_accents=None)
    for text, by in ((" ", "▁"), ("a", ""), ("``", '"'), ("e", "xyz"), ("é", "e")):
        steps[f"Replace {text!r} {by!r}"] = {
            "type": "Replace",
            "pattern": {"String": text},
            "content": by,
        }
    for text, by in (
        (r" {2,}", " "),
        (r"\s+", "_"),
        (r"\p{N}", "0"),
        (r"[aeiou]", ""),
        (r"\d*x?", "~"),
        (r"(?<=s)$|^", "|"),
    ):
        steps[f"Replace /{text}/"] = {"type": "Replace", "pattern": {"Regex": text}, "content": by}
    for text in ("▁", "ab", "😀"):
        steps[f"Prepend {text}"] = {"type": "Prepend", "prepend": text}
    for name, step in steps.items():
        yield case(f"normalizer {name}", normalizer=step, pre_tokenizer=EACH)
    sequences = {
        "accents": ["NFD", "Lowercase", "StripAccents"],
        "nmt": ["Nmt", "NFKC", "Replace / {2,}/", "Lowercase"],
        "llama": ["Prepend ▁", "Replace ' ' '▁'"],
        "bytes": ["NFC", "Strip True True", "ByteLevel"],
        "bert": ["NFKD", "Bert uncased"],
        "bert after": ["Bert strip_accents", "NFC"],
    }
    for name, names in sequences.items():
        sequence = {"type": "Sequence", "normalizers": [steps[each] for each in names]}
        yield case(f"normalizers {name}", normalizer=sequence, pre_tokenizer=EACH)


def pre_tokenizer_cases():
    steps = {
        name: {"type": name}
        for name in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit", "UnicodeScripts")
    }
    for behavior in BEHAVIORS:
        steps[f"Punctuation {behavior}"] = {"type": "Punctuation", "behavior": behavior}
        for invert in (True, False):
            for kind, pattern in (
                ("String", "e"),
                ("String", "  "),
                ("Regex", r"\s"),
                ("Regex", r"[a-z]+"),
            ):
                steps[f"Split {kind} {pattern!r} {behavior} {invert}"] = {
                    "type": "Split",
                    "pattern": {kind: pattern},
                    "behavior": behavior,
                    "invert": invert,
                }
    for pattern in REGEXES:
        steps[f"Split /{pattern}/"] = {
            "type": "Split",
            "pattern": {"Regex": pattern},
            "behavior": "Isolated",
            "invert": False,
        }
    steps["Split empty"] = {
        "type": "Split",
        "pattern": {"String": ""},
        "behavior": "Isolated",
        "invert": False,
    }
    for individual in (True, False):
        steps[f"Digits {individual}"] = {"type": "Digits", "individual_digits": individual}
    for delimiter in ("e", "▁", "😀", " "):
        steps[f"CharDelimiterSplit {delimiter}"] = {
            "type": "CharDelimiterSplit",
            "delimiter": delimiter,
        }
    for scheme in ("first", "never", "always"):
        for split in (True, False):
            steps[f"Metaspace {scheme} {split}"] = {
                "type": "Metaspace",
                "replacement": "▁",
                "prepend_scheme": scheme,
                "split": split,
            }
    for space in (True, False):
        for regex in (True, False):
            steps[f"ByteLevel {space} {regex}"] = {
                "type": "ByteLevel",
                "add_prefix_space": space,
                "trim_offsets": True,
                "use_regex": regex,
            }
    for length in (1, 3):
        steps[f"FixedLength {length}"] = {"type": "FixedLength", "length": length}
    for name, step in steps.items():
        yield case(f"pre-tokenizer {name}", pre_tokenizer=step)
    sequences = {
        "code": ["Digits True", f"Split /{GPT4}/", "ByteLevel False False"],
        "words": ["Whitespace", "Digits False", "Punctuation MergedWithNext"],
        "marks": ["Metaspace first True", "UnicodeScripts", "FixedLength 3"],
        "spaces": ["WhitespaceSplit", "Metaspace first True"],
    }
    for name, names in sequences.items():
        sequence = {"type": "Sequence", "pretokenizers": [steps[each] for each in names]}
        yield case(f"pre-tokenizers {name}", pre_tokenizer=sequence)


def trained(model, trainer, **parts):
    """The model's JSON after training on the sentences."""
    _, json_of = case("", json.loads(model), **parts)
    tokenizer = Tokenizer.from_str(json.dumps(json_of))
    tokenizer.train_from_iterator(TRAIN, trainer)
    return json.loads(tokenizer.to_str())["model"]


def model_cases():
    t = tokenizers.trainers
    space = {"type": "WhitespaceSplit"}
    byte = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    mark = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    bert = {"type": "BertPreTokenizer"}
    quiet = {"show_progress": False}

    empty = json.dumps(
        {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {},
        }
    )
    pieces = trained(
        empty,
        t.WordPieceTrainer(
            vocab_size=320, special_tokens=["[UNK]", "[CLS]", "[SEP]"], limit_alphabet=120, **quiet
        ),
        pre_tokenizer=bert,
    )
    yield case(
        "WordPiece",
        pieces,
        pre_tokenizer=bert,
        decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
    )
    yield case(
        "WordPiece short words",
        {**pieces, "max_input_chars_per_word": 4},
        pre_tokenizer=bert,
        decoder={"type": "WordPiece", "prefix": "##", "cleanup": False},
    )
    renamed = {
        "@" + token[2:] if token.startswith("##") else token: at
        for token, at in pieces["vocab"].items()
    }
    yield case(
        "WordPiece other prefix",
        {**pieces, "continuing_subword_prefix": "@", "vocab": renamed},
        pre_tokenizer=bert,
        decoder={"type": "WordPiece", "prefix": "@", "cleanup": True},
    )
    yield case(
        "WordPiece no prefix", {**pieces, "continuing_subword_prefix": ""}, pre_tokenizer=bert
    )
    words = {
        word: at
        for at, word in enumerate(
            ["<u>", "the", "and", "free", "All", "are", "born", ".", "a", "日", "de", " ", ""]
        )
    }
    yield case(
        "WordLevel",
        {"type": "WordLevel", "vocab": words, "unk_token": "<u>"},
        pre_tokenizer={"type": "Whitespace"},
    )
    yield case(
        "WordLevel no unknown",
        {"type": "WordLevel", "vocab": words, "unk_token": "<none>"},
        pre_tokenizer=space,
    )

    def bpe(**options):
        return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": {}, "merges": [], **options}  # fmt: skip

    options = {
        "vocab_size": 500,
        "initial_alphabet": tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        **quiet,
    }
    bytes_ = trained(json.dumps(bpe()), t.BpeTrainer(**options), pre_tokenizer=byte)
    decoder = {
        "type": "ByteLevel",
        "add_prefix_space": True,
        "trim_offsets": True,
        "use_regex": True,
    }
    yield case("BPE bytes", bytes_, pre_tokenizer=byte, decoder=decoder)
    yield case(
        "BPE bytes ignore_merges",
        {**bytes_, "ignore_merges": True, "merges": bytes_["merges"][:40]},
        pre_tokenizer=byte,
        decoder=decoder,
    )
    yield case(
        "BPE bytes old merges",
        {**bytes_, "merges": [" ".join(pair) for pair in bytes_["merges"]], "dropout": 0.0},
        pre_tokenizer=byte,
    )
    letters = trained(
        json.dumps(bpe(unk_token="<unk>")),
        t.BpeTrainer(vocab_size=260, limit_alphabet=70, special_tokens=["<unk>"], **quiet),
        pre_tokenizer=mark,
    )
    marked = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    for fuse in (True, False):
        yield case(
            f"BPE letters fuse_unk={fuse}",
            {**letters, "fuse_unk": fuse},
            pre_tokenizer=mark,
            decoder=marked,
        )
    yield case("BPE letters no unknown", {**letters, "unk_token": None}, pre_tokenizer=mark)
    yield case(
        "BPE letters one word",
        letters,
        normalizer={"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
    )
    fallback = dict(letters["vocab"])
    for value in range(256):
        fallback[f"<0x{value:02X}>"] = len(fallback)
    llama = {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    }
    prepend = {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ],
    }
    for fuse in (True, False):
        yield case(
            f"BPE byte_fallback fuse_unk={fuse}",
            {**letters, "vocab": fallback, "byte_fallback": True, "fuse_unk": fuse},
            normalizer=prepend,
            decoder=llama,
        )
    some = {token: at for token, at in fallback.items() if token not in ("<0xE3>", "<0xD0>")}
    yield case(
        "BPE byte_fallback some bytes",
        {**letters, "vocab": some, "byte_fallback": True},
        pre_tokenizer=mark,
        decoder=llama,
    )
    parts = trained(
        json.dumps(bpe(unk_token="<unk>", continuing_subword_prefix="##")),
        t.BpeTrainer(
            vocab_size=260,
            limit_alphabet=70,
            special_tokens=["<unk>"],
            continuing_subword_prefix="##",
            **quiet,
        ),
        pre_tokenizer=space,
    )
    yield case("BPE prefix", parts, pre_tokenizer=space)
    ends = trained(
        json.dumps(bpe(unk_token="<unk>", end_of_word_suffix="</w>")),
        t.BpeTrainer(
            vocab_size=260,
            limit_alphabet=70,
            special_tokens=["<unk>"],
            end_of_word_suffix="</w>",
            **quiet,
        ),
        pre_tokenizer=space,
    )
    yield case(
        "BPE suffix", ends, pre_tokenizer=space, decoder={"type": "BPEDecoder", "suffix": "</w>"}
    )

    rng = random.Random(7)
    counts = {}
    for sentence in TRAIN:
        for word in sentence.split():
            word = "▁" + word
            for start in range(len(word)):
                for end in range(start + 1, min(start + 6, len(word) + 1)):
                    counts[word[start:end]] = counts.get(word[start:end], 0) + 1
    kept = sorted(counts, key=lambda piece: (-counts[piece] * len(piece), piece))[:420]
    vocab = [
        ["<unk>", 0.0],
        *[
            [piece, -rng.choice([1.5, 2.0, 3.25, 4.0]) - rng.random() * len(piece)]
            for piece in kept
        ],
    ]
    yield case(
        "Unigram",
        {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": False},
        pre_tokenizer=mark,
        decoder=marked,
    )
    equal = [[piece, -1.0 * len(piece)] for piece, _ in vocab]
    yield case(
        "Unigram as likely",
        {"type": "Unigram", "unk_id": 0, "vocab": equal, "byte_fallback": False},
        pre_tokenizer=mark,
    )
    fallback = [*vocab, *[[f"<0x{value:02X}>", 0.0] for value in range(256)]]
    yield case(
        "Unigram byte_fallback",
        {"type": "Unigram", "unk_id": 0, "vocab": fallback, "byte_fallback": True},
        pre_tokenizer=mark,
        decoder=llama,
    )
    yield case(
        "Unigram one word",
        {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": False},
        normalizer={"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
    )


def added_cases():
    vocab = [["<unk>", 0.0], *[[c, -1.0] for c in "abcdefghijklmnopqrstuvwxyz ▁"]]
    model = {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": False}

    def token(at, content, **options):
        return {"id": at, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **options}  # fmt: skip

    for option in (None, "single_word", "lstrip", "rstrip", "normalized", "special"):
        on = {option: True} if option else {}
        tokens = [
            token(29, "[MASK]", **on),
            token(30, "foo", **on),
            token(31, "  "),
            token(32, "Bar", **on),
            token(33, "é", **on),
        ]
        for name, normalizer in (("", None), (" lowercase", {"type": "Lowercase"})):
            yield case(
                f"added {option}{name}",
                model,
                added_tokens=tokens,
                normalizer=normalizer,
                pre_tokenizer={
                    "type": "Metaspace",
                    "replacement": "▁",
                    "prepend_scheme": "first",
                    "split": True,
                },
            )
    both = {"lstrip": True, "rstrip": True, "special": True}
    tokens = [
        token(29, "[MASK]", **both),
        token(30, "[MASK]x"),
        token(31, "an", normalized=True),
        token(32, "and"),
        token(33, "a"),
        token(7, "f", special=True),
    ]
    yield case(
        "added overlapping",
        model,
        added_tokens=tokens,
        pre_tokenizer={"type": "Whitespace"},
        normalizer={"type": "Prepend", "prepend": "▁"},
    )
    yield case(
        "added bytes",
        model,
        added_tokens=[token(29, "größe", normalized=True), token(30, "<s>", special=True)],
        normalizer={"type": "ByteLevel"},
        decoder={
            "type": "ByteLevel",
            "add_prefix_space": True,
            "trim_offsets": True,
            "use_regex": True,
        },
    )


def processor_cases():
    byte = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    vocab = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "merges": [["Ġ", "a"], ["Ġ", "Ġ"]]}  # fmt: skip
    model["vocab"] = {
        token: at for at, token in enumerate([*sorted(vocab), "Ġa", "ĠĠ", "[CLS]", "[SEP]"])
    }
    cls, sep = ["[CLS]", model["vocab"]["[CLS]"]], ["[SEP]", model["vocab"]["[SEP]"]]

    def special(name, type_id):
        return {"SpecialToken": {"id": name, "type_id": type_id}}

    def text(name, type_id):
        return {"Sequence": {"id": name, "type_id": type_id}}

    template = {
        "type": "TemplateProcessing",
        "single": [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)],
        "pair": [
            special("[CLS]", 0),
            text("A", 0),
            special("[SEP]", 0),
            text("B", 1),
            special("[SEP]", 1),
        ],
        "special_tokens": {
            name: {"id": name, "ids": [at], "tokens": [name]} for name, at in (cls, sep)
        },
    }
    odd = {
        **template,
        "single": [text("A", 3), special("both", 2)],
        "pair": [text("B", 1), special("both", 2), text("A", 0), text("A", 5)],
        "special_tokens": {
            "both": {"id": "both", "ids": [cls[1], sep[1]], "tokens": ["[CLS]", "[SEP]"]}
        },
    }
    steps = {
        "none": None,
        "Template": template,
        "Template odd": odd,
        "Bert": {"type": "BertProcessing", "sep": sep, "cls": cls},
    }
    for trims in (True, False):
        for space in (True, False):
            options = {"trim_offsets": trims, "add_prefix_space": space}
            steps[f"Roberta {trims} {space}"] = {
                "type": "RobertaProcessing",
                "sep": sep,
                "cls": cls,
                **options,
            }
            steps[f"ByteLevel {trims} {space}"] = {
                "type": "ByteLevel",
                "use_regex": True,
                **options,
            }
    steps["Sequence"] = {"type": "Sequence", "processors": [steps["ByteLevel True True"], template]}
    steps["Sequence after"] = {
        "type": "Sequence",
        "processors": [template, steps["ByteLevel True False"]],
    }
    for name, step in steps.items():
        yield case(
            f"processor {name}", model, pre_tokenizer=byte, post_processor=step, decoder=byte
        )


def decoder_cases():
    tokens = [
        "Ġa",
        "##b",
        "c</w>",
        "▁d",
        "e",
        " .",
        "<0xE2>",
        "<0x98>",
        "<0x83>",
        "<0xFF>",
        "|",
        "<pad>",
        " n't",
        "Ã",
        "©",
        "日",
        " do not",
        "ee",
        "▁",
        " 's",
        "<0x0a>",
    ]
    model = {
        "type": "WordLevel",
        "unk_token": "e",
        "vocab": {token: at for at, token in enumerate(tokens)},
    }
    mark = {"type": "Metaspace", "replacement": "▁", "split": True}
    steps = {
        "none": None,
        "ByteLevel": {
            "type": "ByteLevel",
            "add_prefix_space": True,
            "trim_offsets": True,
            "use_regex": True,
        },
        "ByteFallback": {"type": "ByteFallback"},
        "Fuse": {"type": "Fuse"},
        "BPEDecoder": {"type": "BPEDecoder", "suffix": "</w>"},
        "Replace": {"type": "Replace", "pattern": {"String": "e"}, "content": "E"},
        "Replace regex": {"type": "Replace", "pattern": {"Regex": "[a-d]"}, "content": ""},
    }
    for scheme in ("first", "never", "always"):
        steps[f"Metaspace {scheme}"] = {**mark, "prepend_scheme": scheme}
    for cleans in (True, False):
        steps[f"WordPiece {cleans}"] = {"type": "WordPiece", "prefix": "##", "cleanup": cleans}
        steps[f"CTC {cleans}"] = {
            "type": "CTC",
            "pad_token": "<pad>",
            "word_delimiter_token": "|",
            "cleanup": cleans,
        }
    for start, stop in ((1, 0), (0, 1), (2, 1)):
        steps[f"Strip {start} {stop}"] = {
            "type": "Strip",
            "content": "e",
            "start": start,
            "stop": stop,
        }
    steps["Sequence"] = {
        "type": "Sequence",
        "decoders": [steps["ByteFallback"], steps["Metaspace first"], steps["Fuse"]],
    }
    rng = random.Random(5)
    runs = [[rng.randrange(len(tokens) + 1) for _ in range(rng.randint(1, 7))] for _ in range(40)]
    for name, step in steps.items():
        yield *case(f"decoder {name}", model, decoder=step), runs


def row(tokenizer, *texts):
    """null: the library fails."""
    try:
        encoding = tokenizer.encode(*texts)
    except BaseException:  # a panic is none of Exception
        return None
    return whole(tokenizer, encoding)


def whole(tokenizer, encoding):
    try:
        decoded = [
            tokenizer.decode(encoding.ids, skip_special_tokens=skip) for skip in (False, True)
        ]
    except BaseException:
        decoded = None
    return {
        "ids": encoding.ids,
        "tokens": encoding.tokens,
        "offsets": encoding.offsets,
        "words": encoding.word_ids,
        "types": encoding.type_ids,
        "special": encoding.special_tokens_mask,
        "decoded": decoded,
    }


def settings_rows(json_of):
    """Truncation, padding and what they give, with each processor."""
    texts = ["a b c d e f g", " aa bb", "é日 b"]
    rows = []
    tokenizer = Tokenizer.from_str(json.dumps(json_of))
    for strategy in ("longest_first", "only_first", "only_second"):
        for side in ("right", "left"):
            for most, stride in ((9, 0), (6, 2), (5, 1), (7, 0), (30, 0)):
                for pair in (None, texts[1], texts[0]):
                    for text in texts:
                        try:
                            tokenizer.enable_truncation(
                                most, stride=stride, strategy=strategy, direction=side
                            )
                            encoding = tokenizer.encode(text, pair)
                        except BaseException:
                            encoding = None
                        rows.append(
                            [strategy, side, most, stride, text, pair]
                            + [
                                encoding
                                and [
                                    [e.ids, e.offsets, e.type_ids, e.word_ids]
                                    for e in (encoding, *encoding.overflowing)
                                ]
                            ]
                        )
    tokenizer.no_truncation()
    padded = []
    for side in ("right", "left"):
        for multiple in (None, 4):
            for length in (None, 12):
                tokenizer.enable_padding(
                    direction=side,
                    pad_id=3,
                    pad_type_id=1,
                    pad_token="[PAD]",
                    length=length,
                    pad_to_multiple_of=multiple,
                )
                batch = tokenizer.encode_batch(texts)
                padded.append(
                    [
                        side,
                        multiple,
                        length,
                        [[e.ids, e.attention_mask, e.type_ids, e.tokens] for e in batch],
                    ]
                )
    return {"truncated": rows, "padded": padded, "texts": texts}


def all_cases():
    for group in (normalizer_cases, pre_tokenizer_cases, model_cases, added_cases, processor_cases):
        for name, json_of in group():
            yield name, json_of, None
    yield from decoder_cases()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=0, help="random lines beside the sentences")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name has this")
    parser.add_argument("--out", help="one case a line, for compare_tokenizers.mjs")
    given = parser.parse_args()
    assert tokenizers.__version__ == "0.23.1", tokenizers.__version__
    lines = SENTENCES + random_lines(given.lines, random.Random(given.seed))
    out = open(given.out, "w", encoding="utf-8") if given.out else None
    cases, settings = [], {}
    for name, json_of, runs in all_cases():
        if given.only not in name:
            continue
        tokenizer = Tokenizer.from_str(json.dumps(json_of))
        found = {"name": name, "json": json_of}
        if runs:
            found["decoded"] = [[run, decoded(tokenizer, run)] for run in runs]
        else:
            found["texts"] = lines
            found["rows"] = [row(tokenizer, text) for text in lines]
        if name.startswith("processor"):
            found["pairs"] = [
                [a, b, row(tokenizer, a, b)] for a, b in zip(SENTENCES[:8], SENTENCES[2:10])
            ]
            settings[name] = settings_rows(json_of)
        if out:
            print(
                json.dumps({**found, "settings": settings.get(name)}, ensure_ascii=False), file=out
            )
        else:
            found.pop("texts", None)
            found["rows"] = [digest(each) for each in found.get("rows", [])]
            found["pairs"] = [[a, b, digest(each)] for a, b, each in found.get("pairs", [])]
            cases.append(found)
    if not out:
        text = {
            "about": ABOUT,
            "tokenizers": tokenizers.__version__,
            "lines": lines,
            "cases": cases,
        }
        json.dump(text, sys.stdout, ensure_ascii=False, separators=(",", ":"))
        print()


def digest(found):
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return found and hashlib.sha256(text.encode()).hexdigest()[:8]


def decoded(tokenizer, run):
    try:
        return tokenizer.decode(run, skip_special_tokens=False)
    except BaseException:
        return None


if __name__ == "__main__":
    main()

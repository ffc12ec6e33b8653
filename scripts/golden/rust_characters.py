"""What the Rust library takes every character for, as JSON: of each kind the ranges [first, last].

    python3 scripts/golden/rust_characters.py | node scripts/golden/newer-characters.mjs > js/tokenizers/pipeline/newer-characters.ts

Its parts know versions of Unicode of their own, the oldest is 8. Needs tokenizers==0.23.1.
"""

import json
import sys

from tokenizers import Regex, normalizers, pre_tokenizers

CHARACTERS = [chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]


def ranges(characters):
    found = []
    for point in map(ord, characters):
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return found


def removed(normalizer):
    return ranges(c for c in CHARACTERS if normalizer.normalize_str(f"a{c}b") == "ab")


def isolated(pre_tokenizer):
    return ranges(c for c in CHARACTERS if len(pre_tokenizer.pre_tokenize_str(f"a{c}a")) > 1)


def unchanged(normalizer):
    return ranges(c for c in CHARACTERS if normalizer.normalize_str(c) == c)


def of_a_script():
    """All but those that pass for any script: they end no stretch of one, and begin none."""
    scripts = pre_tokenizers.UnicodeScripts()

    def is_free(c):
        return all(
            [piece for piece, _ in scripts.pre_tokenize_str(before + c + after)]
            == [before + c, after]
            for before, after in (("a", "я"), ("я", "α"))
        )

    return ranges(c for c in CHARACTERS if not is_free(c))


def bert(**options):
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False}
    return normalizers.BertNormalizer(**{**off, "lowercase": False, **options})


json.dump(
    {
        "punctuation": isolated(pre_tokenizers.Punctuation("isolated")),
        "mark": removed(normalizers.StripAccents()),
        "nonspacing": removed(bert(strip_accents=True)),
        "format": removed(bert(clean_text=True)),
        "oniguruma": removed(normalizers.Replace(Regex(r"(?<=a)\P{Cn}(?=b)"), "")),
        "canonical": unchanged(normalizers.NFD()),
        "compatible": unchanged(normalizers.NFKD()),
        "script": of_a_script(),
    },
    sys.stdout,
)

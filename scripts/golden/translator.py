"""A small MarianMTModel that translates three-word sentences from English to German and French, trained here, with its tokenizer's
files: source.spm by SentencePiece's usual rules (nmt_nfkc), target.spm by a few of its own, one vocab.json with language codes."""

import itertools
import json
import shutil

import torch
from transformers import GenerationConfig, MarianConfig, MarianMTModel, MarianTokenizer

from golden import sentence_pieces

NOUNS = {
    "cat": ("die Katze", "die Katze", "le chat"),
    "dog": ("der Hund", "den Hund", "le chien"),
    "bird": ("der Vogel", "den Vogel", "l'oiseau"),
    "child": ("das Kind", "das Kind", "l'enfant"),
    "woman": ("die Frau", "die Frau", "la femme"),
    "man": ("der Mann", "den Mann", "l'homme"),
}
VERBS = {
    "sees": ("sieht", "voit"),
    "hears": ("hört", "entend"),
    "loves": ("liebt", "aime"),
    "seeks": ("sucht", "cherche"),
}
CODES = [">>de<<", ">>fr<<"]
STEPS = 2000


def sentences():
    """[(English, German, French)]"""
    found = []
    for (who, (der, _, le)), (does, (tut, fait)), (whom, (_, den, l)) in itertools.product(
        NOUNS.items(), VERBS.items(), NOUNS.items()
    ):
        if who != whom:
            german, french = (
                f"{text[0].upper()}{text[1:]}."
                for text in (f"{der} {tut} {den}", f"{le} {fait} {l}")
            )
            found.append((f"The {who} {does} the {whom}.", german, french))
    return found


def save_tokenizer(folder, corpus):
    """Writes source.spm, target.spm, vocab.json and tokenizer_config.json."""
    source = sentence_pieces.train(
        [english for english, _, _ in corpus] + ["xyz"], model_type="unigram", vocab_size=90
    )
    target = sentence_pieces.train(
        [text for _, *texts in corpus for text in texts],
        model_type="unigram",
        vocab_size=110,
        rules=[("“", '"'), ("”", '"'), ("’", "'"), ("ſ", "s"), ("\u00a0", " "), ("e\u0301", "é")],
    )
    pieces = sorted(
        {piece for model in (source, target) for piece in sentence_pieces.normal_pieces(model)}
    )
    pieces.remove("y")  # one that vocab.json lacks: conversions have left some out
    tokens = ["</s>", "<unk>", *pieces, *CODES, "<pad>"]
    folder.mkdir(parents=True)
    (folder / "source.spm").write_bytes(source)
    (folder / "target.spm").write_bytes(target)
    (folder / "vocab.json").write_text(
        json.dumps({token: id for id, token in enumerate(tokens)}, ensure_ascii=False, indent=0)
        + "\n"
    )
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {"source_lang": "eng", "target_lang": "deu+fra", "tokenizer_class": "MarianTokenizer"}
        )
        + "\n"
    )
    return MarianTokenizer.from_pretrained(folder)


def train(tokenizer, corpus):
    """Teacher forcing on every sentence in both languages."""
    torch.manual_seed(20)
    pad = tokenizer.pad_token_id
    model = MarianMTModel(
        MarianConfig(
            vocab_size=len(tokenizer),
            d_model=32,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=64,
            decoder_ffn_dim=64,
            max_position_embeddings=64,
            activation_function="swish",
            scale_embedding=True,
            dropout=0.0,
            attention_dropout=0.0,
            activation_dropout=0.0,
            pad_token_id=pad,
            eos_token_id=tokenizer.eos_token_id,
            decoder_start_token_id=pad,
            forced_eos_token_id=tokenizer.eos_token_id,
        )
    )
    sources = [f"{code} {english}" for english, *_ in corpus for code in CODES]
    targets = [text for _, *texts in corpus for text in texts]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=STEPS)
    draw = torch.Generator().manual_seed(20)
    model.train()
    for _ in range(STEPS):
        chosen = torch.randint(len(sources), (32,), generator=draw).tolist()
        batch = tokenizer(
            [sources[i] for i in chosen],
            text_target=[targets[i] for i in chosen],
            padding=True,
            return_tensors="pt",
        )
        batch["labels"][batch["labels"] == pad] = -100
        model(**batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return model.eval()


def save(folder):
    """The whole checkpoint; returns its tokenizer and the model as it is read back."""
    shutil.rmtree(folder, ignore_errors=True)
    corpus = sentences()
    tokenizer = save_tokenizer(folder, corpus)
    model = train(tokenizer, corpus)
    pad, eos = tokenizer.pad_token_id, tokenizer.eos_token_id
    model.generation_config = GenerationConfig(
        decoder_start_token_id=pad,
        pad_token_id=pad,
        eos_token_id=eos,
        bad_words_ids=[[pad]],
        forced_eos_token_id=eos,
        max_length=64,
        num_beams=1,
    )
    model.half().save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    return tokenizer, MarianMTModel.from_pretrained(folder).double().eval()


def translations(tokenizer, model):
    """[{source, ids, text}]: what generate and batch_decode make of texts, one at a time."""
    corpus = sentences()
    texts = [f"{CODES[i % 2]} {corpus[7 * i][0]}" for i in range(8)]
    texts += [
        ">>fr<<The  cat   sees the dog.",
        "The dog loves the bird.",
        ">>es<< The man sees the man.",
        ">>de<< Ｔｈｅ cat ☃ sees the dog.",
    ]
    cases = []
    for text in texts:
        inputs = tokenizer([text], return_tensors="pt")
        ids = model.generate(**inputs, num_beams=1, do_sample=False, max_length=64)
        cases.append(
            {
                "source": text,
                "ids": ids[0].tolist(),
                "text": tokenizer.batch_decode(ids, skip_special_tokens=True)[0],
            }
        )
    return cases

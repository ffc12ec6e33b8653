"""SentencePiece models, trained on a few sentences with one thread so that the same sentences give the same bytes."""

import io
import os
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as model_pb2


def train(sentences, rules=None, **options):
    """The bytes of a model. rules: [(text, what takes its place)] instead of a named set of rules."""
    sentencepiece.set_random_generator_seed(0)
    writer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        if rules is not None:
            path = os.path.join(folder, "rules.tsv")
            codes = lambda text: " ".join(f"{ord(character):X}" for character in text)
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(f"{codes(text)}\t{codes(instead)}\n" for text, instead in rules)
            options["normalization_rule_tsv"] = path
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=writer,
            character_coverage=1.0,
            hard_vocab_limit=False,
            num_threads=1,
            minloglevel=2,
            **options,
        )
    proto = model_pb2.ModelProto.FromString(writer.getvalue())
    proto.normalizer_spec.ClearField("normalization_rule_tsv")  # names a file that is gone
    return proto.SerializeToString(deterministic=True)


def normal_pieces(model):
    proto = model_pb2.ModelProto.FromString(model)
    return [
        piece.piece
        for piece in proto.pieces
        if piece.type == model_pb2.ModelProto.SentencePiece.NORMAL
    ]


def of(pieces):
    """A unigram model of [(text, score, whether it is a symbol that stays as it is)]; identity is its normalisation."""
    proto = model_pb2.ModelProto()
    proto.trainer_spec.model_type = model_pb2.TrainerSpec.UNIGRAM
    kinds = model_pb2.ModelProto.SentencePiece
    proto.pieces.add(piece="<unk>", score=0, type=kinds.UNKNOWN)
    for text, score, is_symbol in pieces:
        proto.pieces.add(
            piece=text, score=score, type=kinds.USER_DEFINED if is_symbol else kinds.NORMAL
        )
    return proto.SerializeToString(deterministic=True)


def cut(model, text):
    return sentencepiece.SentencePieceProcessor(model_proto=model).encode(text, out_type=str)

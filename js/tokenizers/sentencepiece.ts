// A SentencePiece model's file: its pieces with their scores, and what it does to a text before it looks for them.
// https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto. Kudo and Richardson 2018, arXiv:1808.06226.
import { fail } from '../core/errors.js';
import { largestId } from './vocab.js';
import { fieldsOf, valueOf, type WireField } from './protobuf.js';

const kinds = ['normal', 'unknown', 'control', 'user_defined', 'unused', 'byte'] as const;
const algorithms = ['unigram', 'bpe', 'word', 'char'] as const;

export interface SentencePiece {
  text: string;
  /** Log probability; of byte-pair encoding minus its rank. */
  score: number;
  kind: (typeof kinds)[number];
}

export interface SentencePieceModel {
  /** As errors call the file. */
  name: string;
  pieces: readonly SentencePiece[];
  algorithm: (typeof algorithms)[number];
  /** A character that no piece has becomes the pieces of its bytes. */
  byteFallback: boolean;
  /** A space belongs to the word before it, not to the one after it. */
  spaceAsSuffix: boolean;
  /** Rules of normalisation, as charsmap.ts reads them; empty for none. */
  charsmap: Uint8Array;
  addDummyPrefix: boolean;
  removeExtraSpaces: boolean;
  escapeSpaces: boolean;
}

/** Of a piece, in UTF-16 units: mergesOf tries every way to cut one in two. */
const longestPiece = 1 << 10;

export function readSentencePiece(name: string, file: Uint8Array): SentencePieceModel {
  const pieces: SentencePiece[] = [];
  const model: SentencePieceModel = {
    name,
    pieces,
    algorithm: 'unigram',
    byteFallback: false,
    spaceAsSuffix: false,
    charsmap: new Uint8Array(),
    addDummyPrefix: true,
    removeExtraSpaces: true,
    escapeSpaces: true,
  };
  for (const field of fieldsOf(name, file)) {
    if (field.number === 1)
      pieces.push(readPiece(`${name}: pieces[${pieces.length}]`, valueOf(name, field, 'bytes')));
    else if (field.number === 2) readTrainer(model, valueOf(name, field, 'bytes'));
    else if (field.number === 3) readNormalizer(model, valueOf(name, field, 'bytes'));
  }
  checkPieces(name, pieces);
  return model;
}

function readPiece(name: string, message: Uint8Array): SentencePiece {
  const piece: SentencePiece = { text: '', score: 0, kind: 'normal' };
  for (const field of fieldsOf(name, message)) {
    if (field.number === 1) piece.text = textOf(name, valueOf(name, field, 'bytes'));
    else if (field.number === 2) piece.score = floatOf(valueOf(name, field, 'fixed32'));
    else if (field.number === 3) piece.kind = nameOf(`${name}: type`, kinds, field);
  }
  if (piece.text === '') fail('bad_checkpoint', `${name}: expected a text, got none`);
  if (piece.text.length > longestPiece)
    fail(
      'bad_checkpoint',
      `${name}: expected at most ${longestPiece} characters, got ${piece.text.length}`,
    );
  if (!Number.isFinite(piece.score))
    fail('bad_checkpoint', `${name}: score: expected a number, got ${piece.score}`);
  return piece;
}

function readTrainer(model: SentencePieceModel, message: Uint8Array): void {
  const name = `${model.name}: trainer_spec`;
  for (const field of fieldsOf(name, message)) {
    if (field.number === 3) model.algorithm = nameOf(`${name}.model_type`, algorithms, field);
    else if (field.number === 24) model.spaceAsSuffix = valueOf(name, field, 'integer') !== 0;
    else if (field.number === 35) model.byteFallback = valueOf(name, field, 'integer') !== 0;
  }
}

function readNormalizer(model: SentencePieceModel, message: Uint8Array): void {
  const name = `${model.name}: normalizer_spec`;
  for (const field of fieldsOf(name, message)) {
    if (field.number === 2) model.charsmap = valueOf(name, field, 'bytes');
    else if (field.number === 3) model.addDummyPrefix = valueOf(name, field, 'integer') !== 0;
    else if (field.number === 4) model.removeExtraSpaces = valueOf(name, field, 'integer') !== 0;
    else if (field.number === 5) model.escapeSpaces = valueOf(name, field, 'integer') !== 0;
  }
}

function checkPieces(name: string, pieces: readonly SentencePiece[]): void {
  if (pieces.length === 0 || pieces.length > largestId)
    fail('bad_checkpoint', `${name}: expected 1 to ${largestId} pieces, got ${pieces.length}`);
  const indexes = new Map<string, number>();
  pieces.forEach(({ text }, index) => {
    const first = indexes.get(text);
    if (first !== undefined)
      fail(
        'bad_checkpoint',
        `${name}: pieces[${index}]: expected another text than pieces[${first}], got "${text.slice(0, 40)}"`,
      );
    indexes.set(text, index);
  });
  const unknown = pieces.filter(({ kind }) => kind === 'unknown').length;
  if (unknown !== 1)
    fail('bad_checkpoint', `${name}: expected one piece of type unknown, got ${unknown}`);
}

/** An enumeration's value, which counts from 1. */
function nameOf<T>(name: string, names: readonly T[], field: WireField): T {
  const value = valueOf(name, field, 'integer');
  return (
    names[value - 1] ??
    fail('bad_checkpoint', `${name}: expected 1 to ${names.length}, got ${value}`)
  );
}

function textOf(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    fail('bad_checkpoint', `${name}: expected UTF-8 text, got other bytes`, error);
  }
}

const floatOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);

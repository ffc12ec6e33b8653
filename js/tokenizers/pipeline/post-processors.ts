// The post-processors of tokenizer.json: what is put around a text or two, and offsets without spaces. As src/processors.
import { fail } from '../../core/errors.js';
import { isWhitespace } from './characters.js';
import type { Fields } from './fields.js';
import type { Piece, Pieces } from './pieces.js';

export interface PostProcessor {
  /** How many tokens it puts around one text, or two. */
  added(isPair: boolean): number;
  /** Parts in, parts out: the texts, then also what stands around them. */
  process(parts: readonly Pieces[], addsSpecial: boolean): readonly Pieces[];
}

type TokenToId = (token: string) => number | undefined;

export function readPostProcessor(step: Fields, tokenToId: TokenToId): PostProcessor {
  switch (step.string('type')) {
    case 'TemplateProcessing':
      return readTemplate(step, tokenToId);
    case 'BertProcessing':
      return readBert(step);
    case 'RobertaProcessing':
      return readRoberta(step);
    case 'ByteLevel': {
      const trims = step.boolean('trim_offsets', true);
      const addsSpace = step.boolean('add_prefix_space', true);
      return {
        added: () => 0,
        process: (parts) => (trims ? parts.map((part) => trimmed(part, addsSpace)) : parts),
      };
    }
    case 'Sequence': {
      const steps = step.steps('processors', (each) => readPostProcessor(each, tokenToId));
      return {
        added: (isPair) => steps.reduce((sum, each) => sum + each.added(isPair), 0),
        process: (parts, addsSpecial) =>
          steps.reduce((all, each) => each.process(all, addsSpecial), parts),
      };
    }
    default:
      return step.unknownType();
  }
}

const special = (id: number, token: string, typeId: number): Piece => ({
  id,
  token,
  text: token,
  typeId,
  word: null,
  start: 0,
  end: 0,
  isSpecial: true,
  isPadding: false,
  sequence: null,
});

const typed = (part: Pieces, typeId: number): Pieces => ({
  pieces: part.pieces.map((piece) => ({ ...piece, typeId })),
  overflow: part.overflow,
});

function readTemplate(step: Fields, tokenToId: TokenToId): PostProcessor {
  const tokens =
    step.value('special_tokens') === undefined ? undefined : step.object('special_tokens');
  const specialOf = (name: string): (readonly [id: number, token: string])[] => {
    if (tokens?.value(name) === undefined) {
      const id = tokenToId(name); // a hand-written file may leave its id out
      return id === undefined
        ? fail(
            'bad_checkpoint',
            `${step.name}.special_tokens: expected ${JSON.stringify(name)}, got none`,
          )
        : [[id, name]];
    }
    const token = tokens.object(name);
    const [ids, texts] = [token.list('ids'), token.list('tokens')];
    return ids.map((id, at): [number, string] => {
      const text = texts[at];
      return typeof text === 'string' && Number.isInteger(id) && (id as number) >= 0
        ? [id as number, text]
        : token.wrong(`ids[${at}]`, 'an id and its token', id);
    });
  };
  const read = (
    field: string,
  ): ((parts: readonly Pieces[], addsSpecial: boolean) => Pieces[]) & { added: number } => {
    let added = 0;
    const pieces = step.steps(field, (piece) => {
      const kind = piece.value('Sequence') === undefined ? 'SpecialToken' : 'Sequence';
      const named = piece.object(kind);
      const typeId = named.integer('type_id', 0);
      if (kind === 'Sequence')
        return { typeId, index: named.oneOf('id', ['A', 'B']) === 'A' ? 0 : 1 };
      const found = specialOf(named.string('id'));
      added += found.length;
      return { typeId, pieces: found.map(([id, token]) => special(id, token, typeId)) };
    });
    const apply = (parts: readonly Pieces[], addsSpecial: boolean): Pieces[] =>
      pieces.flatMap((piece) => {
        if (piece.pieces) return addsSpecial ? [{ pieces: piece.pieces, overflow: [] }] : [];
        const part = parts[piece.index];
        if (!part) fail('bad_checkpoint', `${step.name}.${field}: expected one text, got a second`);
        return [typed(part, piece.typeId)];
      });
    return Object.assign(apply, { added });
  };
  const single = read('single');
  const pair = step.value('pair') === undefined ? single : read('pair');
  return {
    added: (isPair) => (isPair ? pair : single).added,
    process: (parts, addsSpecial) => {
      if (parts.length > 2)
        fail('bad_checkpoint', `${step.name}: expected one text or two, got ${parts.length} parts`);
      return (parts.length === 2 ? pair : single)(parts, addsSpecial);
    },
  };
}

function readSpecial(step: Fields, field: string): readonly [token: string, id: number] {
  const [token, id] = step.list(field);
  if (typeof token !== 'string' || !Number.isInteger(id) || (id as number) < 0)
    step.wrong(field, 'a token and its id', step.value(field));
  return [token, id as number];
}

const around = (part: Pieces, before: readonly Piece[], after: readonly Piece[]): Pieces => ({
  pieces: [...before, ...part.pieces, ...after],
  overflow: part.overflow.map((cut) => [...before, ...cut, ...after]),
});

/** [CLS] A [SEP] B [SEP]. */
function readBert(step: Fields): PostProcessor {
  const [[sep, sepId], [cls, clsId]] = [readSpecial(step, 'sep'), readSpecial(step, 'cls')];
  return {
    added: (isPair) => (isPair ? 3 : 2),
    process: (parts, addsSpecial) =>
      addsSpecial
        ? parts.map((part, at) =>
            around(part, at === 0 ? [special(clsId, cls, 0)] : [], [
              special(sepId, sep, at === 0 ? 0 : 1),
            ]),
          )
        : parts,
  };
}

/** <s> A </s></s> B </s>, all of type 0. */
function readRoberta(step: Fields): PostProcessor {
  const [[sep, sepId], [cls, clsId]] = [readSpecial(step, 'sep'), readSpecial(step, 'cls')];
  const trims = step.boolean('trim_offsets', true);
  const addsSpace = step.boolean('add_prefix_space', true);
  const [begin, end] = [special(clsId, cls, 0), special(sepId, sep, 0)];
  return {
    added: (isPair) => (isPair ? 4 : 2),
    process: (parts, addsSpecial) =>
      parts.map((given, at) => {
        const part = typed(trims ? trimmed(given, addsSpace) : given, 0);
        if (!addsSpecial) return part;
        const overflow = part.overflow.map((cut) => cut.map((piece) => ({ ...piece, typeId: 0 })));
        return around({ pieces: part.pieces, overflow }, [at === 0 ? begin : end], [end]);
      }),
  };
}

function trimmed({ pieces, overflow }: Pieces, addsSpace: boolean): Pieces {
  const trim = (all: readonly Piece[]): Piece[] =>
    all.map((piece, at) => trimPiece(piece, at === 0, addsSpace));
  return { pieces: trim(pieces), overflow: overflow.map(trim) };
}

const isSpace = (character: string): boolean =>
  character === 'Ġ' || isWhitespace(character.codePointAt(0)!);

/** Its offsets without the spaces around it, but with the one that was put before the text. */
function trimPiece(piece: Piece, isFirst: boolean, addsSpace: boolean): Piece {
  const characters = Array.from(piece.text);
  let leading = characters.findIndex((character) => !isSpace(character));
  if (leading < 0) leading = characters.length;
  let trailing = 0;
  while (trailing < characters.length && isSpace(characters.at(-1 - trailing)!)) trailing += 1;
  if (leading === 0 && trailing === 0) return piece;
  let { start, end } = piece;
  if (leading > 0) {
    if ((isFirst || start === 0) && addsSpace && leading === 1) leading = 0;
    start = Math.min(start + leading, end);
  }
  if (trailing > 0 && end >= trailing) end = Math.max(end - trailing, start);
  return { ...piece, start, end };
}

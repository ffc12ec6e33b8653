// A tokenizer as tokenizer.json says it: added tokens, normalizer, pre-tokenizer, model, post-processor, decoder.
// As TokenizerImpl of the Rust library tokenizers 0.23.1, src/tokenizer/mod.rs.
import { fail } from '../../core/errors.js';
import { describe } from '../../core/validation.js';
import { AddedTokens, type AddedToken } from './added-tokens.js';
import { sizeAt, type AlignedText } from './aligned-text.js';
import { readDecoder, type Decoder } from './decoders.js';
import { Fields } from './fields.js';
import { bytesOf, type TokenModel, type Token } from './model.js';
import { readModel } from './models.js';
import { readNormalizer, type Normalizer } from './normalizers.js';
import { mergePieces, type Piece, type Pieces, type Side } from './pieces.js';
import { readPostProcessor, type PostProcessor } from './post-processors.js';
import { readPreTokenizer, type PreTokenizer } from './pre-tokenizers.js';
import { truncateTexts, truncationStrategies, type Truncation } from './truncation.js';

/** What the file says of texts that are to be as long as each other. */
export interface PaddingSettings {
  /** undefined: as long as the longest. */
  length: number | undefined;
  multipleOf: number;
  side: Side;
  id: number;
  typeId: number;
  token: string;
}

/** Steps that no tokenizer.json can say. */
export interface Steps {
  normalizer?: Normalizer | undefined;
  preTokenizer?: PreTokenizer | undefined;
  model?: TokenModel;
  decoder?: Decoder | undefined;
}

export class Pipeline {
  readonly model: TokenModel;
  readonly added: AddedTokens;
  readonly truncation: Truncation | undefined;
  readonly padding: PaddingSettings | undefined;
  readonly #preTokenizer: PreTokenizer | undefined;
  readonly #postProcessor: PostProcessor | undefined;
  readonly #decoder: Decoder | undefined;

  /** `name` is what errors call the file; `steps` take the place of the file's. */
  constructor(
    json: Readonly<Record<string, unknown>>,
    readonly name: string,
    steps: Steps = {},
  ) {
    const file = new Fields(json, name);
    const version = file.value('version') ?? '1.0';
    if (version !== '1.0') file.wrong('version', '1.0', version);
    const read = <T>(field: string, reader: (step: Fields) => T): T | undefined =>
      file.value(field) === undefined
        ? undefined
        : reader(Fields.of(json[field], `${name}: ${field}`));
    this.model = steps.model ?? readModel(Fields.of(json['model'], `${name}: model`));
    const normalizer = steps.normalizer ?? read('normalizer', readNormalizer);
    const added =
      file.value('added_tokens') === undefined ? [] : file.steps('added_tokens', (each) => each);
    this.added = new AddedTokens(added, this.model, normalizer, name);
    this.#preTokenizer = steps.preTokenizer ?? read('pre_tokenizer', readPreTokenizer);
    this.#postProcessor = read('post_processor', (step) =>
      readPostProcessor(step, (token) => this.tokenToId(token)),
    );
    this.#decoder = steps.decoder ?? read('decoder', readDecoder);
    this.truncation = read('truncation', readTruncation);
    this.padding = read('padding', readPadding);
  }

  /** One text, or two as one. */
  encode(texts: readonly string[], addsSpecial: boolean, truncation?: Truncation): Pieces {
    const isPair = texts.length === 2;
    let parts: readonly Pieces[] = texts.map((text, sequence) => {
      const isLimited = truncation && (truncation.strategy !== 'only_second' || sequence > 0);
      return {
        pieces: this.#encodeText(text, sequence, isLimited ? truncation : undefined),
        overflow: [],
      };
    });
    if (truncation) {
      const added = addsSpecial ? (this.#postProcessor?.added(isPair) ?? 0) : 0;
      parts = truncateTexts(parts, added, truncation);
    }
    return mergePieces(this.#postProcessor?.process(parts, addsSpecial) ?? parts);
  }

  decode(ids: readonly number[], skipsSpecial: boolean): string {
    const tokens = ids.flatMap((id) => {
      const token = this.idToToken(id);
      const skips = skipsSpecial && token !== undefined && this.added.byContent.get(token)?.special;
      return token === undefined || skips ? [] : [token];
    });
    return this.#decoder ? this.#decoder(tokens).join('') : tokens.join(' ');
  }

  tokenToId(token: string): number | undefined {
    return this.added.byContent.get(token)?.id ?? this.model.vocab.get(token);
  }

  /** An added token as the decoder is to have it. */
  idToToken(id: number): string | undefined {
    return this.added.byId.get(id)?.pattern ?? this.model.idToToken(id);
  }

  /** One more than the largest id: a vocabulary may have gaps. */
  get vocabSize(): number {
    let largest = -1;
    for (const id of this.model.vocab.values()) largest = Math.max(largest, id);
    for (const id of this.added.byId.keys()) largest = Math.max(largest, id);
    return largest + 1;
  }

  /** A limit ends the work once there are tokens enough, of whole words: the library cuts what is beyond no further. */
  #encodeText(text: string, sequence: number, limit: Truncation | undefined): Piece[] {
    const parts = this.added.split(text).flatMap(({ text: part, token }) => {
      if (token || !this.#preTokenizer) return [{ text: part, token }];
      return this.#preTokenizer(part)
        .filter((word) => word.text !== '')
        .map((word) => ({ text: word, token: undefined }));
    });
    const words: { text: AlignedText; tokens: readonly Token[] }[] = [];
    const isLeft = limit?.side === 'left';
    let count = 0;
    for (let at = 0; at < parts.length; ++at) {
      const { text: word, token } = parts[isLeft ? parts.length - 1 - at : at]!;
      const tokens = token ? [tokenOf(token, word)] : this.model.tokenize(word.text);
      words.push({ text: word, tokens });
      count += tokens.length;
      if (limit && !token && count >= limit.maxLength) break;
    }
    if (isLeft) words.reverse();
    return words.flatMap(({ text: word, tokens }, index) =>
      piecesOf(word, tokens, index, sequence),
    );
  }
}

const tokenOf = ({ id, content }: AddedToken, word: AlignedText): Token => ({
  id,
  text: word.text,
  content,
  start: 0,
  end: bytesOf(word.text),
});

function piecesOf(
  word: AlignedText,
  tokens: readonly Token[],
  index: number,
  sequence: number,
): Piece[] {
  const { text } = word;
  const units = /[^\0-\x7f]/.test(text) ? unitsOfBytes(text) : undefined;
  const unitAt = (byte: number): number => units?.[byte] ?? Math.min(byte, text.length - 1);
  return tokens.map((token) => {
    const last = unitAt(token.end - 1);
    const [start, end] = word.source(unitAt(token.start), last + sizeAt(text, last));
    return {
      id: token.id,
      token: token.content ?? token.text,
      text: token.text,
      typeId: sequence,
      word: index,
      start,
      end,
      isSpecial: false,
      isPadding: false,
      sequence,
    };
  });
}

/** Of each UTF-8 byte the unit where its character begins. */
function unitsOfBytes(text: string): Int32Array {
  const units = new Int32Array(3 * text.length);
  let byte = 0;
  for (let unit = 0; unit < text.length; unit += sizeAt(text, unit)) {
    const codePoint = text.codePointAt(unit)!;
    const end = byte + (codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4);
    units.fill(unit, byte, end);
    byte = end;
  }
  return units.subarray(0, byte);
}

function readTruncation(step: Fields): Truncation {
  const names = {
    LongestFirst: 'longest_first',
    OnlyFirst: 'only_first',
    OnlySecond: 'only_second',
  };
  const strategy = step.oneOf('strategy', Object.keys(names) as (keyof typeof names)[]);
  return {
    strategy: truncationStrategies[Object.keys(names).indexOf(strategy)]!,
    maxLength: step.integer('max_length'),
    stride: step.integer('stride', 0),
    side: sideOf(step),
  };
}

function readPadding(step: Fields): PaddingSettings {
  const strategy = step.value('strategy');
  const fixed =
    typeof strategy === 'object'
      ? step.object('strategy').integer('Fixed', undefined, 1 << 20)
      : undefined;
  if (fixed === undefined && strategy !== 'BatchLongest')
    fail(
      'bad_checkpoint',
      `${step.name}.strategy: expected BatchLongest or { Fixed }, got ${describe(strategy)}`,
    );
  return {
    length: fixed,
    multipleOf: step.integer('pad_to_multiple_of', 0),
    side: sideOf(step),
    id: step.integer('pad_id', 0),
    typeId: step.integer('pad_type_id', 0),
    token: step.string('pad_token', '[PAD]'),
  };
}

const sideOf = (step: Fields): Side =>
  step.oneOf('direction', ['Left', 'Right'], 'Right') === 'Left' ? 'left' : 'right';

// Text to token ids and back, in the package's own names: one text, a pair, or many, cut and padded as a call asks.
import { bindMembers } from '../core/bound.js';
import { fail } from '../core/errors.js';
import type { EncodeOptions, Encoding, TextInput, Tokenizer } from '../core/text-types.js';
import { checkInteger, checkKeys, checkString, describe } from '../core/validation.js';
import { encodeHow, type EncodeDefaults, type EncodeHow } from './encode-options.js';
import { encodingOf } from './encoding.js';
import { bytesOfToken } from './pipeline/byte-alphabet.js';
import { padPieces, type Pieces, type Side } from './pipeline/pieces.js';
import type { Pipeline } from './pipeline/pipeline.js';

type Json = Readonly<Record<string, unknown>>;

/** What else a tokenizer's files say. */
export interface TokenizerFacts {
  /** tokenizer_config.json. */
  config: Json;
  /** Its tokens are of GPT-2's characters for bytes. */
  isByteLevel: boolean;
  /** What a token that is not the first of its word begins with, and what the last ends with. */
  prefix: string;
  suffix: string;
  /** A byte-pair encoding has spaces of its own. */
  isBpe: boolean;
  languageCodes: readonly string[];
}

export class LoadedTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly maskTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  readonly clsTokenId: number | undefined;
  readonly sepTokenId: number | undefined;
  readonly specialTokenIds: readonly number[];
  readonly languageCodes: readonly string[];
  readonly #pipeline: Pipeline;
  readonly #facts: TokenizerFacts;
  readonly #cleansUp: boolean;
  readonly #defaults: EncodeDefaults;

  constructor(pipeline: Pipeline, facts: TokenizerFacts) {
    bindMembers(this);
    const { config } = facts;
    this.#pipeline = pipeline;
    this.#facts = facts;
    // As Transformers 5: never of byte-pair encoding, whose own spaces it would take.
    this.#cleansUp = config['clean_up_tokenization_spaces'] === true && !facts.isBpe;
    this.vocabSize = pipeline.vocabSize;
    this.languageCodes = facts.languageCodes;
    const special = [...pipeline.added.byId.values()].filter((token) => token.special);
    this.specialTokenIds = special.map((token) => token.id);
    const named = (field: string, ...usual: string[]): number | undefined => {
      const name =
        contentOf(config[field]) ??
        usual.find((candidate) => special.some((token) => token.content === candidate));
      return name === undefined ? undefined : pipeline.tokenToId(name);
    };
    this.maskTokenId = named('mask_token', '[MASK]', '<mask>');
    this.padTokenId = named('pad_token', '[PAD]', '<pad>');
    this.unkTokenId = named('unk_token', '[UNK]', '<unk>');
    this.clsTokenId = named('cls_token', '[CLS]', '<s>');
    this.sepTokenId = named('sep_token', '[SEP]', '</s>');
    this.#defaults = defaultsOf(pipeline, config, this.padTokenId);
  }

  encode(text: string, pair?: string | EncodeOptions, options?: EncodeOptions): Encoding;
  encode(texts: readonly TextInput[], options?: EncodeOptions): Encoding[];
  encode(
    given: string | readonly TextInput[],
    second?: string | EncodeOptions,
    third?: EncodeOptions,
  ): Encoding | Encoding[] {
    if (Array.isArray(given)) {
      const how = encodeHow(second as EncodeOptions | undefined, this.#defaults);
      const inputs = (given as readonly unknown[]).map((each, at) => {
        const texts: unknown[] = Array.isArray(each) ? each : [each];
        if (texts.length === 0 || texts.length > 2)
          fail('invalid_argument', `texts[${at}]: expected one text or two, got ${texts.length}`);
        return texts.map((text) => checkString(`texts[${at}]`, text as string));
      });
      return this.#encode(inputs, how);
    }
    const pair = typeof second === 'object' && second !== null ? undefined : second;
    const options = pair === undefined && third === undefined ? (second as EncodeOptions) : third;
    const texts = [checkString('text', given as string)];
    if (pair !== undefined) texts.push(checkString('pair', pair));
    return this.#encode([texts], encodeHow(options, this.#defaults))[0]!;
  }

  #encode(inputs: readonly (readonly string[])[], how: EncodeHow): Encoding[] {
    const sound = inputs.map((texts) => texts.map(wellFormed));
    const all = sound.map((texts) => this.#pipeline.encode(texts, how.addsSpecial, how.truncation));
    const longest = all.reduce((most, { pieces }) => Math.max(most, pieces.length), 0);
    const length = how.padding?.lengthOf(longest) ?? 0;
    const encoding = (pieces: Pieces['pieces'], texts: readonly string[]): Encoding =>
      encodingOf(how.padding ? padPieces(pieces, length, how.padding) : pieces, texts, (token) =>
        this.#textOf(token),
      );
    return all.map(({ pieces, overflow }, at) => ({
      ...encoding(pieces, sound[at]!),
      ...(how.overflow && { overflow: overflow.map((cut) => encoding(cut, sound[at]!)) }),
    }));
  }

  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string {
    if (!Array.isArray(ids))
      fail('invalid_argument', `ids: expected an array of ids, got ${describe(ids)}`);
    ids.forEach((id, index) => checkInteger(`ids[${index}]`, id, 0));
    const { skipSpecialTokens = false } = checkKeys(
      'options',
      options,
      new Set(['skipSpecialTokens']),
    );
    const text = this.#pipeline.decode(ids, skipSpecialTokens);
    return this.#cleansUp ? cleanedUp(text) : text;
  }

  tokenToId(token: string): number | undefined {
    return this.#pipeline.tokenToId(checkString('token', token));
  }

  idToToken(id: number): string | undefined {
    return this.#pipeline.idToToken(checkInteger('id', id, 0));
  }

  /** Without the marks of pieces and words; bytes that are no characters as \xE2. */
  #textOf(token: string): string {
    const { isByteLevel, prefix, suffix } = this.#facts;
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
    if (byte) return bytesAsText([Number.parseInt(byte[1]!, 16)]);
    const bytes = isByteLevel ? bytesOfToken(token) : undefined;
    if (bytes) return bytesAsText(bytes);
    let text = prefix !== '' && token.startsWith(prefix) ? token.slice(prefix.length) : token;
    if (suffix !== '' && text.endsWith(suffix)) text = text.slice(0, -suffix.length);
    return text.replaceAll('▁', ' ');
  }
}

function defaultsOf(pipeline: Pipeline, config: Json, padId: number | undefined): EncodeDefaults {
  const { truncation, padding } = pipeline;
  const longest = config['model_max_length'];
  const side = (field: string): Side => (config[field] === 'left' ? 'left' : 'right');
  return {
    truncation,
    padding,
    maxLength:
      typeof longest === 'number' && longest > 0 && longest <= 1 << 22 ? longest : undefined,
    truncationSide: side('truncation_side'),
    paddingSide: side('padding_side'),
    pad: padId === undefined ? undefined : { id: padId, token: pipeline.idToToken(padId) ?? '' },
    padTypeId: 0,
  };
}

/** Half a pair of surrogates is no character: U+FFFD, as long. */
const wellFormed = (text: string): string =>
  text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');

/** Characters; the bytes of none as \xE2. */
function bytesAsText(bytes: readonly number[]): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at]!;
    const length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    try {
      text += decoder.decode(Uint8Array.from(bytes.slice(at, at + length)));
      at += length;
    } catch {
      text += `\\x${first.toString(16).toUpperCase().padStart(2, '0')}`;
      at += 1;
    }
  }
  return text;
}

/** As PreTrainedTokenizerBase.clean_up_tokenization of Transformers. */
const cleanedUp = (text: string): string =>
  text
    .replaceAll(/ ([.?!,])/g, '$1')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(/ ('m|'s|'ve|'re)/g, '$1');

/** tokenizer_config.json gives a token as its text or as an object with it. */
function contentOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  const content = (token as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : undefined;
}

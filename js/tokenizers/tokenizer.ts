// Text to token ids and back: @huggingface/tokenizers behind the package's own names, with words and offsets added.
import type { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { AttentionLabError, fail, messageOf } from '../core/errors.js';
import type { Encoding, Tokenizer } from '../core/types.js';
import { checkInteger, checkKeys, checkString, describe } from '../core/validation.js';
import { alignTokens } from './token-alignment.js';

type Json = Readonly<Record<string, unknown>>;

export class LoadedTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly maskTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  readonly clsTokenId: number | undefined;
  readonly sepTokenId: number | undefined;
  readonly specialTokenIds: readonly number[];
  readonly #inner: HuggingFaceTokenizer;
  readonly #file: string;
  readonly #cleansUp: boolean;

  /** `file` is what errors name. */
  constructor(
    inner: HuggingFaceTokenizer,
    config: Json,
    file: string,
    readonly languageCodes: readonly string[] = [],
  ) {
    this.#inner = inner;
    this.#file = file;
    // As Transformers 5: never of byte-pair encoding, whose own spaces it would take.
    this.#cleansUp =
      config['clean_up_tokenization_spaces'] === true && !('bpe_ranks' in inner.model!);
    this.vocabSize = inner.get_vocab().size;
    const special = [...inner.get_added_tokens_decoder().values()].filter((token) => token.special);
    this.specialTokenIds = special.map((token) => token.id);
    const named = (field: string, ...usual: string[]): number | undefined => {
      const said = contentOf(config[field]);
      const name =
        said ?? usual.find((candidate) => special.some((token) => token.content === candidate));
      return name === undefined ? undefined : inner.token_to_id(name);
    };
    this.maskTokenId = named('mask_token', '[MASK]', '<mask>');
    this.padTokenId = named('pad_token', '[PAD]', '<pad>');
    this.unkTokenId = named('unk_token', '[UNK]', '<unk>');
    this.clsTokenId = named('cls_token', '[CLS]', '<s>');
    this.sepTokenId = named('sep_token', '[SEP]', '</s>');
  }

  encode(text: string, pair?: string): Encoding {
    checkString('text', text);
    if (pair !== undefined) checkString('pair', pair);
    const encoded = this.#sound(() => {
      const {
        ids,
        tokens,
        token_type_ids: types,
      } = this.#inner.encode(text, { text_pair: pair ?? null, return_token_type_ids: true });
      return {
        ids,
        tokens,
        tokenTypeIds: types ?? ids.map(() => 0),
        ...alignTokens(this.#inner, text, pair, tokens),
      };
    });
    const { ids, tokens } = encoded;
    ids.forEach((id, index) => {
      if (!Number.isInteger(id)) {
        fail(
          'bad_checkpoint',
          `${this.#file}: the token ${describe(tokens[index])} has no id, and there is no unknown token`,
        );
      }
    });
    return encoded;
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
    const known = ids.filter((id) => this.#inner.id_to_token(id) !== undefined);
    if (known.length === 0) return '';
    const how = {
      skip_special_tokens: skipSpecialTokens,
      clean_up_tokenization_spaces: this.#cleansUp,
    };
    return this.#sound(() => this.#inner.decode(known, how));
  }

  tokenToId(token: string): number | undefined {
    return this.#inner.token_to_id(checkString('token', token));
  }

  idToToken(id: number): string | undefined {
    return this.#inner.id_to_token(checkInteger('id', id, 0));
  }

  /** What the library makes of the file; parts of a file that it cannot use it finds only when they are used. */
  #sound<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      if (error instanceof AttentionLabError) throw error;
      fail('bad_checkpoint', `${this.#file}: ${messageOf(error)}`, error);
    }
  }
}

/** tokenizer_config.json gives a token as its text or as an object with it. */
function contentOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  const content = (token as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : undefined;
}

// What tokenizer_config.json, special_tokens_map.json and added_tokens.json say: a tokenizer's options and its special tokens.
// As PreTrainedTokenizerBase._from_pretrained and TokenizersBackend of Transformers read them.
import { ConfigReader } from '../core/config-reader.js';
import { fail } from '../core/errors.js';
import { describe } from '../core/validation.js';
import type { CheckpointFiles } from './files.js';
import { checkIds, type Vocab } from './vocab.js';

type Json = Readonly<Record<string, unknown>>;

const file = 'tokenizer_config.json';

/** In the order in which tokens that a vocabulary lacks get their ids. */
const named = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;
type Named = (typeof named)[number];

/** A token that is looked for in a text before anything else. */
export interface DeclaredToken {
  content: string;
  special: boolean;
  normalized: boolean;
  lstrip: boolean;
  rstrip: boolean;
}

export class Settings {
  readonly #config: ConfigReader;

  constructor(
    /** The fields of all files. */
    readonly fields: Json,
    /** Tokens without a role of their own. */
    private readonly declared: readonly DeclaredToken[],
    private readonly defaults: Json = {},
  ) {
    this.#config = new ConfigReader(fields, '', file);
  }

  /** With the tokens that a kind of tokenizer has unless a file says otherwise. */
  withDefaults(defaults: Partial<Record<Named, string>>): Settings {
    return new Settings({ ...defaults, ...this.fields }, this.declared, defaults);
  }

  boolean(name: string, otherwise: boolean): boolean {
    return this.#config.boolean(name, otherwise);
  }

  /** A token without which the tokenizer is none. */
  token(name: Named, vocab: Vocab, vocabFile: string): string {
    const content = this.#named(name)?.content;
    if (content === undefined)
      fail('bad_checkpoint', `${file}: ${name}: expected a token, got none`);
    if (!Object.hasOwn(vocab, content))
      fail(
        'bad_checkpoint',
        `${vocabFile}: expected the ${name} ${describe(content)}, got no such token`,
      );
    return content;
  }

  /** All tokens, with their ids: those of the vocabulary, or the next ones. */
  added(vocab: Vocab): (DeclaredToken & { id: number })[] {
    const tokens = new Map<string, DeclaredToken>();
    const names = named.flatMap((name) => this.#named(name) ?? []);
    const special = new Set(names.map(({ content }) => content));
    for (const token of [...this.declared, ...names, ...this.#extra()]) {
      if (!tokens.has(token.content))
        tokens.set(token.content, {
          ...token,
          special: token.special || special.has(token.content),
        });
    }
    const defaults = new Set(Object.values(this.defaults));
    let next = Object.values(vocab).reduce((largest, id) => Math.max(largest, id), -1) + 1;
    return [...tokens.values()].flatMap((token) => {
      const known = Object.hasOwn(vocab, token.content);
      // A default that the vocabulary lacks would have an id that the model lacks.
      if (
        !known &&
        defaults.has(token.content) &&
        !this.declared.some(({ content }) => content === token.content)
      )
        return [];
      return [{ ...token, id: known ? vocab[token.content]! : next++ }];
    });
  }

  #named(name: Named): DeclaredToken | undefined {
    const value = this.fields[name];
    if (value === undefined || value === null) return undefined;
    const content = typeof value === 'string' ? value : (value as { content?: unknown }).content;
    return (
      this.declared.find((token) => token.content === content) ?? {
        ...addedToken(name, value),
        special: true,
      }
    );
  }

  #extra(): DeclaredToken[] {
    const given =
      this.fields['extra_special_tokens'] ?? this.fields['additional_special_tokens'] ?? [];
    if (typeof given !== 'object' || given === null)
      fail(
        'bad_checkpoint',
        `${file}: extra_special_tokens: expected a list, got ${describe(given)}`,
      );
    return Object.values(given).map((token, index) => ({
      ...addedToken(`extra_special_tokens[${index}]`, token),
      special: true,
    }));
  }
}

/** `config` is tokenizer_config.json. */
export async function readSettings(files: CheckpointFiles, config: Json): Promise<Settings> {
  const decoder = config['added_tokens_decoder'];
  if (decoder !== undefined && decoder !== null)
    return new Settings(config, declaredTokens(decoder));
  // Before 2023 these two files had it.
  const fields = { ...config, ...(await files.settings('special_tokens_map.json')) };
  const added = (await files.settings('added_tokens.json')) ?? {};
  checkIds('added_tokens.json', Object.entries(added));
  const tokens = Object.entries(added).sort(([, a], [, b]) => (a as number) - (b as number));
  return new Settings(
    fields,
    tokens.map(([content]) => addedToken('added_tokens.json', { content, normalized: true })),
  );
}

function declaredTokens(decoder: unknown): DeclaredToken[] {
  const name = 'added_tokens_decoder';
  if (typeof decoder !== 'object' || Array.isArray(decoder))
    fail('bad_checkpoint', `${file}: ${name}: expected an object, got ${describe(decoder)}`);
  const tokens = Object.entries(decoder as object).map(([id, token]: [string, unknown]) => ({
    id: Number(id),
    token,
  }));
  checkIds(
    file,
    tokens.map(({ id }) => [name, id]),
  );
  return tokens
    .sort((a, b) => a.id - b.id)
    .map(({ id, token }) => addedToken(`${name}.${id}`, token));
}

function addedToken(name: string, value: unknown): DeclaredToken {
  const fields: Json =
    typeof value === 'string'
      ? { content: value }
      : typeof value === 'object' && value !== null
        ? (value as Json)
        : {};
  const { content } = fields;
  if (typeof content !== 'string' || content === '')
    fail('bad_checkpoint', `${file}: ${name}: expected a token, got ${describe(content ?? value)}`);
  const [special, normalized, lstrip, rstrip] = ['special', 'normalized', 'lstrip', 'rstrip'].map(
    (field) => fields[field] === true,
  );
  return { content, special: special!, normalized: normalized!, lstrip: lstrip!, rstrip: rstrip! };
}

// A sequence-to-sequence model: an encoder reads one text, a decoder writes another. Runs in a worker, so every answer is a promise.
// Knows no view.
import { AttentionLabError } from 'attention-lab';
import type { Backend } from '../../lab/engine/backend.ts';
import { textOfId, textOfToken } from '../../lib/tokens.ts';
import type { Edits } from './edits.ts';
import { OpenModel, type Focus, type Origin } from './open-model.svelte.ts';
import { resultsOf } from './pass.ts';
import type { Input, Run, Token } from './run.ts';
import { runSites } from './sites.ts';

/** Of a translation. */
const mostWritten = 60;
/** What a decoder begins with has no text of its own. */
const begin = { text: '▸', special: true, unknown: false };

export class Seq2SeqModel extends OpenModel {
  readonly kind = 'seq2seq';
  readonly isRemote = true;
  /** Without a tokenizer words are ids: the page says so. */
  readonly hasTokenizer: boolean;
  readonly canWrite: boolean;
  /** One of them comes first in a text, where there are any. */
  readonly languageCodes: readonly string[];
  /** What a decoder begins with; asked of the model once. */
  #start: readonly number[] | undefined;

  constructor(name: string, origin: Origin, backend: Backend) {
    super(name, origin, backend);
    const { tokenizer } = backend.facts;
    this.hasTokenizer = tokenizer !== null;
    this.canWrite = this.config.lmHead;
    this.languageCodes = tokenizer?.languageCodes ?? [];
  }

  get isQuick(): boolean {
    return this.tracesAll;
  }

  protected async tokenText(id: number): Promise<string> {
    return this.hasTokenizer ? this.backend.decode([id]) : String(id);
  }

  /** What the model writes of its own, likeliest word by word. */
  async write(source: string, signal: AbortSignal): Promise<string> {
    const ids = idsOf(cut(await this.#encode(source), this.config.encoder!.maxLen));
    const start = (await this.#startOf(ids)).length;
    const maxNewTokens = Math.min(mostWritten, this.maxLen - start);
    const written = await this.backend.write(ids, maxNewTokens);
    if (signal.aborted) throw new AttentionLabError('aborted', 'write: aborted');
    const answer = written.ids.slice(start);
    if (!this.hasTokenizer) return answer.join(' ');
    // The token that ends an answer is no word of it, though not every tokenizer knows that.
    return this.backend.decode(written.finish === 'stop_token' ? answer.slice(0, -1) : answer, {
      skipSpecialTokens: true,
    });
  }

  /** The encoder reads `text`, the decoder, word by word, `target`: what it has written so far. */
  async run({ text, target }: Input, edits: Edits, focus: Focus): Promise<Run> {
    const read = await this.#encode(text);
    const from = cut(read, this.config.encoder!.maxLen);
    const begun = this.canWrite ? await this.#startOf(idsOf(from)) : [];
    const to = (await this.#encode(target, { isAnswer: true })).filter(({ special }) => !special); // without what a tokenizer adds around it
    const whole = [...begun.map((id): Token => ({ id, ...begin, continues: false })), ...to];
    const given = whole.slice(0, this.maxLen);
    if (given.length === 0)
      throw new AttentionLabError(
        'invalid_argument',
        'target: expected at least one token, got none',
      );
    const [S, T] = [from.length, given.length];
    const inputs = { inputIds: idsOf(from), decoderInputIds: idsOf(given) };
    const sizes = { mask: [T, T], encoderMask: [S, S], crossMask: [T, S] } as const;
    const output = await this.backend.forward(inputs, this.options(edits, focus, sizes));
    // A row of cross-attention is a place to write at: the word that stands there next, at the end the model's own guess.
    const guess = output.logits && {
      text: await this.#guess(output.logits.data.subarray(-this.vocabSize)),
      special: false,
      unknown: false,
    };
    const written = guess ? [...given.slice(1), guess] : given;
    return {
      ...resultsOf(output),
      inputs,
      tokens: given,
      sites: runSites(
        this.config,
        output.trace,
        (which) => ({ queries: given, keys: from, written })[which],
      ),
      truncated: from.length < read.length || given.length < whole.length,
    };
  }

  async #guess(logits: Float32Array): Promise<string> {
    const likeliest = logits.reduce((best, value, id) => (value > logits[best]! ? id : best), 0);
    return textOfId(likeliest, await this.tokenText(likeliest));
  }

  async #startOf(source: readonly number[]): Promise<readonly number[]> {
    this.#start ??= (await this.backend.write(source, 1)).ids.slice(0, -1);
    return this.#start;
  }

  /** `isAnswer`: by the tokenizer of the answer's language, where it has one of its own. */
  async #encode(text: string, { isAnswer = false } = {}): Promise<Token[]> {
    if (!this.hasTokenizer) return this.#readIds(text);
    const { ids, tokens, words, specialTokens } = await this.backend.encode(text, null, isAnswer);
    const unkTokenId = this.backend.facts.tokenizer?.unkTokenId;
    return ids.map((id, i) => ({
      id,
      text: textOfToken(tokens[i]!),
      special: specialTokens[i] ?? false,
      continues: i > 0 && words[i] !== null && words[i] === words[i - 1],
      unknown: id === unkTokenId,
    }));
  }

  #readIds(text: string): Token[] {
    const largest = this.vocabSize - 1;
    return text
      .split(/[\s,]+/)
      .filter((name) => name !== '')
      .map((name) => {
        const id = Number(name);
        if (!Number.isInteger(id) || id < 0 || id > largest) {
          throw new AttentionLabError(
            'invalid_argument',
            `tokens: expected ids from 0 to ${largest}, got "${name.slice(0, 20)}"`,
          );
        }
        return { id, text: name, special: false, continues: false, unknown: false };
      });
  }
}

/** The first `most` tokens; what a tokenizer puts at the end of a text stays there. */
const cut = (tokens: readonly Token[], most: number): readonly Token[] => {
  const last = tokens.at(-1);
  if (tokens.length <= most || !last) return tokens;
  return last.special ? [...tokens.slice(0, most - 1), last] : tokens.slice(0, most);
};

const idsOf = (tokens: readonly Token[]): number[] => tokens.map(({ id }) => id);

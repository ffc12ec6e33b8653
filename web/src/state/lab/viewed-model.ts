// A model that is not one stack over a text: an encoder–decoder, or one that reads pictures. Runs in a worker, so every answer is
// a promise. Knows no view.
import { AttentionLabError, type ForwardInputs } from 'attention-lab';
import type { Backend } from '../../lab/engine/backend.ts';
import type { Pass } from '../../lab/engine/host.ts';
import { pictureOf } from '../../lib/pen.ts';
import { textOfId, textOfToken } from '../../lib/tokens.ts';
import type { Edits, MaskSizes } from './edits.ts';
import { OpenModel, type Focus, type Origin } from './open-model.svelte.ts';
import type { Input, Run, Shown, Token } from './run.ts';
import { runSites } from './sites.ts';
import type { InputToken } from '../shared/attention.ts';

/** Of a translation. */
const mostWritten = 60;
/** What a decoder begins with has no text of its own. */
const begin = { text: '▸', special: true, unknown: false };

export class ViewedModel extends OpenModel {
  readonly kind: 'pair' | 'picture';
  readonly isRemote = true;
  /** Without a tokenizer words are ids: the page says so. */
  readonly hasTokenizer: boolean;
  readonly canWrite: boolean;
  /** One of them comes first in a text, where there are any. */
  readonly languageCodes: readonly string[];
  /** Both sides of a drawing: the model's own, where one can draw in that. */
  readonly drawingSize: number;
  /** What a decoder begins with; asked of the model once. */
  #start: readonly number[] | undefined;

  constructor(name: string, origin: Origin, backend: Backend) {
    super(name, origin, backend);
    const { encoder, image, lmHead } = this.config;
    const { tokenizer, hasPreprocessor } = backend.facts;
    this.kind = encoder ? 'pair' : 'picture';
    this.hasTokenizer = tokenizer !== null;
    this.canWrite = lmHead;
    this.languageCodes = tokenizer?.languageCodes ?? [];
    const [height, width] = image?.size ?? [0, 0];
    this.drawingSize = height === width && width <= 48 ? width : 28;
    if (this.kind === 'picture' && !hasPreprocessor) {
      throw new AttentionLabError(
        'no_preprocessor',
        'preprocessor_config.json: expected in the folder, got none',
      );
    }
  }

  get isQuick(): boolean {
    return this.tracesAll;
  }

  protected async tokenText(id: number): Promise<string> {
    if (this.kind === 'picture') return this.backend.facts.labels[id] ?? String(id);
    return this.hasTokenizer ? this.backend.decode([id]) : String(id);
  }

  run({ text, target, picture }: Input, edits: Edits, focus: Focus): Promise<Run> {
    return this.kind === 'pair'
      ? this.#readPair(text, target, edits, focus)
      : this.#readPicture(picture!, edits, focus);
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

  /** An encoder–decoder reads `source` and, word by word, `target`: what it has written so far. */
  async #readPair(source: string, target: string, edits: Edits, focus: Focus): Promise<Run> {
    const read = await this.#encode(source);
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
    const output = await this.#forward(inputs, edits, focus, {
      mask: [T, T],
      encoderMask: [S, S],
      crossMask: [T, S],
    });
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

  async #readPicture(picture: Shown, edits: Edits, focus: Focus): Promise<Run> {
    const { image } = this.config;
    const pixels = await this.backend.preprocess(
      'bitmap' in picture ? picture.bitmap : pictureOf(picture.drawing, image!.channels),
    );
    const [rows, columns] = [0, 1].map((axis) =>
      Math.floor(image!.size[axis]! / image!.patchSize[axis]!),
    ) as [number, number];
    const patches = Array.from({ length: rows * columns }, (_, i): InputToken => ({
      text: `${Math.floor(i / columns) + 1}·${(i % columns) + 1}`,
      special: false,
      unknown: false,
    }));
    const tokens = [{ text: '[CLS]', special: true, unknown: false }, ...patches];
    const inputs = { pixelValues: pixels };
    const output = await this.#forward(inputs, edits, focus, {
      mask: [tokens.length, tokens.length],
    });
    return {
      ...resultsOf(output),
      inputs,
      tokens,
      sites: runSites(this.config, output.trace, () => tokens),
      seen: { pixels, grid: [rows, columns] },
    };
  }

  async #forward(inputs: ForwardInputs, edits: Edits, focus: Focus, sizes: MaskSizes) {
    const [queries, keys] = sizes.mask ?? [0, 0];
    return this.backend.forward(
      inputs,
      this.options(edits, focus, sizes),
      // The attentions of an encoder–decoder differ in size.
      this.kind === 'picture' ? this.surveyed(queries * keys) : undefined,
    );
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

const resultsOf = ({ id, milliseconds, trace, lastHiddenState, logits }: Pass) => ({
  pass: id,
  milliseconds,
  trace,
  lastHiddenState,
  logits,
  truncated: false,
});

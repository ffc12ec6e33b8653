// A model that is not one stack over a text: an encoder–decoder, or one that reads pictures. Runs in a worker, so every answer is
// a promise. Knows no view.
import {
  AttentionLabError,
  type ForwardInputs,
  type ModelOutput,
  type SweepCall,
  type SweepResult,
  type SweepSpec,
} from 'attention-lab';
import type { WorkerModel } from 'attention-lab/worker';
import { pictureOf } from '../../lib/pen.ts';
import { textOfId, textOfToken } from '../../lib/tokens.ts';
import type { Edits, MaskSizes } from './edits.ts';
import { OpenModel, type Origin } from './open-model.svelte.ts';
import type { Input, Run, Shown, Token } from './run.ts';
import { sitesOf } from './sites.ts';
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
  readonly dispose: () => void;
  readonly #model: WorkerModel;
  /** What a decoder begins with; asked of the model once. */
  #start: readonly number[] | undefined;

  /** `dispose` ends the worker. */
  constructor(
    name: string,
    origin: Origin,
    model: WorkerModel,
    parameterCount: number,
    dispose: () => void,
  ) {
    super(name, origin, model.config, parameterCount);
    const { encoder, image, lmHead } = model.config;
    this.#model = model;
    this.dispose = dispose;
    this.kind = encoder ? 'pair' : 'picture';
    this.hasTokenizer = model.tokenizer !== undefined;
    this.canWrite = lmHead;
    this.languageCodes = model.tokenizer?.languageCodes ?? [];
    const [height, width] = image?.size ?? [0, 0];
    this.drawingSize = height === width && width <= 48 ? width : 28;
    if (this.kind === 'picture' && !model.preprocessor) {
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
    if (this.kind === 'picture') return this.#model.labels[id] ?? String(id);
    return this.hasTokenizer ? this.#model.decode([id]) : String(id);
  }

  run({ text, target, picture }: Input, edits: Edits, site: number): Promise<Run> {
    return this.kind === 'pair'
      ? this.#readPair(text, target, edits, site)
      : this.#readPicture(picture!, edits, site);
  }

  protected sweep(spec: SweepSpec, call: SweepCall): Promise<SweepResult> {
    return this.#model.sweep(spec, call);
  }

  /** What the model writes of its own, likeliest word by word. */
  async write(source: string, signal: AbortSignal): Promise<string> {
    const ids = idsOf(await this.#encode(source));
    const start = (await this.#startOf(ids)).length;
    const written = await this.#model.generate(ids, {
      maxNewTokens: Math.min(mostWritten, this.maxLen - start),
      signal,
    });
    const answer = written.ids.slice(start);
    if (!this.hasTokenizer) return answer.join(' ');
    // The token that ends an answer is no word of it, though not every tokenizer knows that.
    return this.#model.decode(written.finish === 'stop_token' ? answer.slice(0, -1) : answer, {
      skipSpecialTokens: true,
    });
  }

  /** An encoder–decoder reads `source` and, word by word, `target`: what it has written so far. */
  async #readPair(source: string, target: string, edits: Edits, site: number): Promise<Run> {
    const from = await this.#encode(source);
    const begun = this.canWrite ? await this.#startOf(idsOf(from)) : [];
    const to = (await this.#encode(target, { isAnswer: true })).filter(({ special }) => !special); // without what a tokenizer adds around it
    const given = [...begun.map((id): Token => ({ id, ...begin, continues: false })), ...to];
    if (given.length === 0)
      throw new AttentionLabError(
        'invalid_argument',
        'target: expected at least one token, got none',
      );
    const [S, T] = [from.length, given.length];
    const inputs = { inputIds: idsOf(from), decoderInputIds: idsOf(given) };
    const { output, milliseconds } = await this.#forward(inputs, edits, site, {
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
      sites: sitesOf(output, (which) => ({ queries: given, keys: from, written })[which]),
      milliseconds,
    };
  }

  async #guess(logits: Float32Array): Promise<string> {
    const likeliest = logits.reduce((best, value, id) => (value > logits[best]! ? id : best), 0);
    return textOfId(likeliest, await this.tokenText(likeliest));
  }

  async #readPicture(picture: Shown, edits: Edits, site: number): Promise<Run> {
    const { image } = this.config;
    const pixels = await this.#model.preprocess(
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
    const { output, milliseconds } = await this.#forward(inputs, edits, site, {
      mask: [tokens.length, tokens.length],
    });
    return {
      ...resultsOf(output),
      inputs,
      tokens,
      sites: sitesOf(output, () => tokens),
      seen: { pixels, grid: [rows, columns] },
      milliseconds,
    };
  }

  async #forward(inputs: ForwardInputs, edits: Edits, site: number, sizes: MaskSizes) {
    const start = performance.now();
    const output = await this.#model.forward(inputs, this.options(edits, site, sizes));
    return { output, milliseconds: performance.now() - start };
  }

  async #startOf(source: readonly number[]): Promise<readonly number[]> {
    this.#start ??= (await this.#model.generate(source, { maxNewTokens: 1 })).ids.slice(0, -1);
    return this.#start;
  }

  /** `isAnswer`: by the tokenizer of the answer's language, where it has one of its own. */
  async #encode(text: string, { isAnswer = false } = {}): Promise<Token[]> {
    if (!this.hasTokenizer) return this.#readIds(text);
    const tokenizer = (isAnswer ? this.#model.targetTokenizer : this.#model.tokenizer)!;
    const { ids, tokens, words, specialTokens } = await tokenizer.encode(text);
    const { unkTokenId } = tokenizer;
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

const idsOf = (tokens: readonly Token[]): number[] => tokens.map(({ id }) => id);

const resultsOf = ({ trace, lastHiddenState, logits }: ModelOutput) => ({
  trace,
  lastHiddenState,
  logits,
  truncated: false,
});

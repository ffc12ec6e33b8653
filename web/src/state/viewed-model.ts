// A model that is not one stack over a text: an encoder–decoder, or one that reads pictures. Reads one input and gives what the
// page draws of it. Runs in a worker, so every answer is a promise. Knows no view.
import { AttentionLabError, type ModelOutput, type Picture, type Tensor } from 'attention-lab';
import type { WorkerModel } from 'attention-lab/worker';
import { softmax, top } from '../lib/pattern.ts';
import { textOfToken } from '../lib/tokens.ts';
import { sitesOf, switchedOff } from './sites.ts';
import type { HeadName, InputToken, SitePattern } from './training-protocol.ts';

export interface Candidate {
  text: string;
  probability: number;
}

/** One forward pass over one input. */
export interface Reading {
  sites: readonly SitePattern[];
  /** Of the answer, place by place, the likeliest first; of a picture there is one place. Empty without an output layer. */
  answers: readonly (readonly Candidate[])[];
  /** The picture as the model saw it [1, C, H, W], and its patches as rows and columns. */
  seen?: { pixels: Tensor; grid: readonly [rows: number, columns: number] };
}

const listed = 5;
/** Of a translation. */
const mostWritten = 60;

export class ViewedModel {
  readonly kind: 'pair' | 'picture';
  readonly numLayers: number;
  readonly numHeads: number;
  /** Without a tokenizer words are ids: the page says so. */
  readonly hasTokenizer: boolean;
  readonly canWrite: boolean;
  readonly channels: number;
  /** An input that it knows, where somebody knows one. */
  sample: string | undefined;
  readonly #texts = new Map<number, string>();
  /** What a decoder begins with; asked of the model once. */
  #start: readonly number[] | undefined;

  constructor(
    readonly name: string,
    private readonly model: WorkerModel,
    readonly parameterCount: number,
    /** Ends the worker. */
    readonly dispose: () => void,
  ) {
    const { config } = model;
    this.kind = config.encoder ? 'pair' : 'picture';
    this.numLayers = config.numLayers;
    this.numHeads = config.attention.numHeads;
    this.hasTokenizer = model.tokenizer !== undefined;
    this.canWrite = config.lmHead;
    this.channels = config.image?.channels ?? 0;
    if (this.kind === 'picture' && !model.preprocessor) {
      throw new AttentionLabError('no_preprocessor', 'preprocessor_config.json: expected in the folder, got none');
    }
  }

  /** An encoder–decoder reads `source` and, word by word, `target`: what it has written so far. */
  async readPair(source: string, target: string, off: readonly HeadName[]): Promise<Reading> {
    const from = await this.#encode(source);
    const begun = this.canWrite ? await this.#startOf(from.ids) : [];
    const to = await this.#encode(target, { isAnswer: true });
    const ids = [...begun, ...to.ids];
    if (ids.length === 0) throw new AttentionLabError('invalid_argument', 'target: expected at least one token, got none');
    const given = [...begun.map((): InputToken => ({ text: '▸', special: true, unknown: false })), ...to.tokens];
    const output = await this.#forward({ inputIds: from.ids, decoderInputIds: ids }, off);
    const answers = output.logits ? await this.#answers(output.logits, (id) => this.#textOf(id)) : [];
    // A row of cross-attention is a place to write at: the word that stands there next, at the end the model's own guess.
    const next = answers.at(-1)?.[0]?.text;
    const written = output.logits ? given.map((token, t) => given[t + 1] ?? { text: next ?? token.text, special: false, unknown: false }) : given;
    return { sites: sitesOf(output, (which) => ({ queries: given, keys: from.tokens, written })[which]), answers };
  }

  /** What the model writes of its own, likeliest word by word. */
  async write(source: string, signal: AbortSignal): Promise<string> {
    const { ids } = await this.#encode(source);
    const start = (await this.#startOf(ids)).length;
    const written = await this.model.generate(ids, { maxNewTokens: Math.min(mostWritten, this.model.config.maxLen - start), signal });
    const answer = written.ids.slice(start);
    return this.hasTokenizer ? this.model.decode(answer, { skipSpecialTokens: true }) : answer.join(' ');
  }

  async readPicture(picture: Picture, off: readonly HeadName[]): Promise<Reading> {
    const pixels = await this.model.preprocess(picture);
    const output = await this.#forward({ pixelValues: pixels }, off);
    const { size, patchSize } = this.model.config.image!;
    const [rows, columns] = [0, 1].map((axis) => Math.floor(size[axis as 0 | 1] / patchSize[axis as 0 | 1])) as [number, number];
    const patches = Array.from({ length: rows * columns }, (_, i): InputToken => ({
      text: `${Math.floor(i / columns) + 1}·${(i % columns) + 1}`, special: false, unknown: false, // prettier-ignore
    }));
    const tokens = [{ text: '[CLS]', special: true, unknown: false }, ...patches];
    const answers = output.logits ? await this.#answers(output.logits, async (id) => this.model.labels[id] ?? String(id)) : [];
    return { sites: sitesOf(output, () => tokens), answers, seen: { pixels, grid: [rows, columns] } };
  }

  #forward(inputs: Parameters<WorkerModel['forward']>[0], off: readonly HeadName[]): Promise<ModelOutput> {
    return this.model.forward(inputs, { outputAttentions: true, interventions: switchedOff(off) });
  }

  async #startOf(source: readonly number[]): Promise<readonly number[]> {
    this.#start ??= (await this.model.generate(source, { maxNewTokens: 1 })).ids.slice(0, -1);
    return this.#start;
  }

  /** Ids and tokens of a text; of an answer without what a tokenizer adds around it. */
  async #encode(text: string, { isAnswer = false } = {}): Promise<{ ids: number[]; tokens: InputToken[] }> {
    if (!this.hasTokenizer) return this.#readIds(text);
    const tokenizer = (isAnswer ? this.model.targetTokenizer : this.model.tokenizer)!;
    const { ids, tokens, specialTokens } = await tokenizer.encode(text);
    const { unkTokenId } = tokenizer;
    const all = ids.map((id, i) => ({ id, token: { text: textOfToken(tokens[i]!), special: specialTokens[i] ?? false, unknown: id === unkTokenId } }));
    const kept = isAnswer ? all.filter(({ token }) => !token.special) : all;
    return { ids: kept.map(({ id }) => id), tokens: kept.map(({ token }) => token) };
  }

  #readIds(text: string): { ids: number[]; tokens: InputToken[] } {
    const names = text.split(/[\s,]+/).filter((name) => name !== '');
    const largest = this.model.config.vocabSize - 1;
    const ids = names.map((name) => {
      const id = Number(name);
      if (!Number.isInteger(id) || id < 0 || id > largest) {
        throw new AttentionLabError('invalid_argument', `tokens: expected ids from 0 to ${largest}, got "${name.slice(0, 20)}"`);
      }
      return id;
    });
    return { ids, tokens: names.map((text) => ({ text, special: false, unknown: false })) };
  }

  async #textOf(id: number): Promise<string> {
    if (!this.hasTokenizer) return String(id);
    const known = this.#texts.get(id);
    if (known !== undefined) return known;
    const text = (await this.model.decode([id])).trim() || `#${id}`;
    this.#texts.set(id, text);
    return text;
  }

  /** logits [1, T, V] or [1, V] → the likeliest at every place. */
  async #answers({ data, dims }: Tensor, textOf: (id: number) => Promise<string>): Promise<Candidate[][]> {
    const size = dims.at(-1)!;
    const places = Array.from({ length: data.length / size }, (_, t) => top(softmax(data.subarray(t * size, (t + 1) * size)), listed));
    return Promise.all(
      places.map((ranked) => Promise.all(ranked.map(async ({ index, value }) => ({ text: await textOf(index), probability: value })))),
    );
  }
}

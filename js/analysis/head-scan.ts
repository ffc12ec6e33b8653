// Every head over a corpus: its scores, where its strongest weights point, and the texts that show it best.
import type { Global } from '../core/global.js';
import { checkAborted, fail } from '../core/errors.js';
import { yieldToEventLoop } from '../core/event-loop.js';
import { largest, Tensor } from '../core/tensor.js';
import type { Encoding } from '../core/text-types.js';
import {
  checkInteger,
  checkKeys,
  checkOneOf,
  checkSignal,
  checkString,
  describe,
} from '../core/validation.js';
import type { AnalysedModel } from './analysed-model.js';
import { headMeasures, measureHeads, type HeadMeasure } from './measures.js';

/** What a scan scores: the measures that need a run's attention weights and ids alone. */
export type ScannedMeasure = Exclude<HeadMeasure, 'weightNorm'>;

export interface HeadScanOptions {
  /** Which measures of `measureHeads`. Default: all but `weightNorm`. */
  scores?: readonly ScannedMeasure[];
  /** Examples a head and score. Default 5. */
  topK?: number;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  signal?: Global<'AbortSignal'> | undefined;
}

/** A text in which a head scores high, and its strongest weight there. */
export interface HeadExample {
  /** Index in the corpus. */
  text: number;
  score: number;
  query: number;
  key: number;
  weight: number;
}

/** Where a head's strongest weight of each query lies, as shares of all queries. */
export interface AttentionTargets {
  previous: Tensor; // [N, H], likewise the others
  next: Tensor;
  self: Tensor;
  first: Tensor;
}

export interface HeadScan {
  texts: number;
  queries: number;
  /** Means over the texts in which a score is defined: [N, H]; NaN where it is in none. */
  scores: Record<ScannedMeasure, Tensor>;
  targets: AttentionTargets;
  /** examples[score][layer][head]: the texts with the highest scores, the highest first. */
  examples: Record<ScannedMeasure, HeadExample[][][]>;
}

/** A model that reads texts. */
export interface ReadingModel extends AnalysedModel {
  encode(text: string): Encoding;
}

const optionKeys = new Set(['scores', 'topK', 'onProgress', 'signal']);
const scannedMeasures = headMeasures.filter((name) => name !== 'weightNorm');

/** Weights that a batch may hold: 64 MB. */
const mostWeights = 1 << 24;

/** Texts of a model of one stack, in batches, between which it yields to the event loop. */
export async function scanHeads(
  model: ReadingModel,
  given: readonly string[],
  call?: HeadScanOptions,
): Promise<HeadScan> {
  const options = checkKeys('options', call, optionKeys);
  const { onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function')
    fail('invalid_argument', `onProgress: expected a function, got ${describe(onProgress)}`);
  const signal = checkSignal('signal', options.signal);
  const topK = checkInteger('topK', options.topK ?? 5, 1, 1 << 20);
  const measures = [...(options.scores ?? scannedMeasures)];
  measures.forEach((name, i) => checkOneOf(`scores[${i}]`, name, scannedMeasures));
  const { config } = model;
  if (config.encoder)
    fail('invalid_argument', 'scanHeads: expected a model of one stack, got an encoder–decoder');
  if (!Array.isArray(given) || given.length === 0)
    fail('invalid_argument', `texts: expected an array of at least one, got ${describe(given)}`);
  checkAborted(signal, 'scanHeads');
  const texts = given.map((text, i) => model.encode(checkString(`texts[${i}]`, text)));
  const tally = new Tally(config.numLayers, config.attention.numHeads, measures, topK);
  let done = 0;
  for (const batch of batchesOf(texts, config.numLayers * config.attention.numHeads)) {
    tally.add(model, batch, texts);
    done += batch.length;
    onProgress?.({ done, total: texts.length });
    await yieldToEventLoop();
    checkAborted(signal, 'scanHeads');
  }
  return tally.result(texts.length);
}

/** Texts of like length together, so that little is padding. */
function* batchesOf(texts: readonly Encoding[], maps: number): Generator<number[]> {
  const order = [...texts.keys()].sort((a, b) => texts[b]!.ids.length - texts[a]!.ids.length);
  for (let start = 0; start < order.length;) {
    const longest = Math.max(texts[order[start]!]!.ids.length, 1);
    const count = Math.max(1, Math.floor(mostWeights / (maps * longest * longest)));
    yield order.slice(start, start + Math.min(count, 256));
    start += Math.min(count, 256);
  }
}

class Tally {
  private queries = 0;
  private readonly sums: Record<string, Float64Array> = {};
  private readonly counts: Record<string, Float64Array> = {};
  private readonly found: Record<string, HeadExample[][]> = {};
  private readonly targets: Record<keyof AttentionTargets, Float64Array>;

  constructor(
    private readonly layers: number,
    private readonly heads: number,
    private readonly measures: readonly ScannedMeasure[],
    private readonly topK: number,
  ) {
    const zeros = (): Float64Array => new Float64Array(layers * heads);
    for (const name of measures) {
      this.sums[name] = zeros();
      this.counts[name] = zeros();
      this.found[name] = Array.from({ length: layers * heads }, () => []);
    }
    this.targets = { previous: zeros(), next: zeros(), self: zeros(), first: zeros() };
  }

  /** Runs a batch of texts and counts every text of it. */
  add(model: ReadingModel, members: readonly number[], texts: readonly Encoding[]): void {
    const length = Math.max(...members.map((text) => texts[text]!.ids.length));
    const dims = [members.length, length];
    const ids = new Int32Array(members.length * length).fill(Math.max(model.config.padTokenId, 0));
    const mask = new Int32Array(ids.length);
    members.forEach((text, row) => {
      ids.set(texts[text]!.ids, row * length);
      mask.fill(1, row * length, row * length + texts[text]!.ids.length);
    });
    const { attentions } = model.forward(
      { inputIds: { data: ids, dims }, attentionMask: { data: mask, dims } },
      { outputAttentions: true },
    );
    const size = this.heads * length * length;
    members.forEach((text, row) => {
      const own = attentions!.map(
        ({ data }) =>
          new Tensor(data.subarray(row * size, (row + 1) * size), [1, this.heads, length, length]),
      );
      this.addText(text, texts[text]!, own, length);
    });
  }

  private addText(
    text: number,
    { ids, specialTokens }: Encoding,
    attentions: readonly Tensor[],
    length: number,
  ): void {
    const padded = <T>(row: readonly T[], by: T): T[] => [
      ...row,
      ...new Array<T>(length - row.length).fill(by),
    ];
    const scores = measureHeads(attentions, {
      inputIds: [padded(ids, 0)],
      attentionMask: [padded(new Array<number>(ids.length).fill(1), 0)],
      specialTokens: padded(specialTokens, true),
    });
    const queries = specialTokens.flatMap((isSpecial, at) => (isSpecial ? [] : [at]));
    this.queries += queries.length;
    attentions.forEach(({ data }, layer) => {
      for (let head = 0; head < this.heads; ++head) {
        const index = layer * this.heads + head;
        const strongest = this.strongest(
          data.subarray(head * length * length, (head + 1) * length * length),
          length,
          queries,
          index,
        );
        for (const name of this.measures) {
          const score = scores[name]?.data[index] ?? NaN;
          if (Number.isNaN(score)) continue;
          this.sums[name]![index]! += score;
          this.counts[name]![index]! += 1;
          if (strongest) this.keep(this.found[name]![index]!, { text, score, ...strongest });
        }
      }
    });
  }

  /** Counts where each query's largest weight lies; returns the largest of all. */
  private strongest(
    pattern: Float32Array,
    length: number,
    queries: readonly number[],
    index: number,
  ): Pick<HeadExample, 'query' | 'key' | 'weight'> | undefined {
    let best: Pick<HeadExample, 'query' | 'key' | 'weight'> | undefined;
    for (const query of queries) {
      const row = pattern.subarray(query * length, (query + 1) * length);
      const [key] = largest(row, 1) as [number];
      const weight = row[key]!;
      if (weight === 0) continue;
      if (key === query) this.targets.self[index]! += 1;
      if (key === query - 1) this.targets.previous[index]! += 1;
      if (key === query + 1) this.targets.next[index]! += 1;
      if (key === 0) this.targets.first[index]! += 1;
      if (!best || weight > best.weight) best = { query, key, weight };
    }
    return best;
  }

  private keep(examples: HeadExample[], example: HeadExample): void {
    if (examples.length === this.topK && example.score <= examples.at(-1)!.score) return;
    const after = examples.findIndex(({ score }) => score < example.score);
    examples.splice(after < 0 ? examples.length : after, 0, example);
    examples.length = Math.min(examples.length, this.topK);
  }

  result(texts: number): HeadScan {
    const { layers, heads } = this;
    const tensor = (data: Float32Array): Tensor => new Tensor(data, [layers, heads]);
    const byName = <T>(make: (name: ScannedMeasure) => T) =>
      Object.fromEntries(this.measures.map((name) => [name, make(name)])) as Record<
        ScannedMeasure,
        T
      >;
    const share = (counts: Float64Array): Tensor =>
      tensor(Float32Array.from(counts, (count) => count / this.queries));
    return {
      texts,
      queries: this.queries,
      scores: byName((name) =>
        tensor(Float32Array.from(this.sums[name]!, (sum, i) => sum / this.counts[name]![i]!)),
      ),
      targets: {
        previous: share(this.targets.previous),
        next: share(this.targets.next),
        self: share(this.targets.self),
        first: share(this.targets.first),
      },
      examples: byName((name) =>
        Array.from({ length: layers }, (_, layer) =>
          this.found[name]!.slice(layer * heads, (layer + 1) * heads),
        ),
      ),
    };
  }
}

// A chapter about published attention programs, run on the matrices of a trained model's last layer. Knows no view.
import {
  Tensor,
  type Listing,
  type ListingName,
  type MaskTensor,
  type Model,
  type Runtime,
} from 'attention-lab';
import { writeAddress } from '../../lib/address.ts';
import { headOf, rowOf } from '../../lib/pattern.ts';
import type { Arc, Figure } from '../../parts/figure.ts';
import { getRuntime } from '../shared/runtime.ts';
import { modelOf } from './models.ts';
import { share } from './share.ts';
import { passOf, type Pass } from './story.ts';
import type { Chosen, Subject } from './subject.ts';
import { words } from './words.svelte.ts';

/** Of a row, so many weights are drawn, from this size on. */
const [most, worthDrawing] = [4, 0.03];
const projections = ['q_proj', 'k_proj', 'v_proj', 'out_proj'] as const;

export async function open(chosen: Chosen): Promise<Subject> {
  const [runtime, model] = await Promise.all([getRuntime(), modelOf(chosen.chapter.model)]);
  return new Programs(runtime, model, chosen);
}

class Programs implements Subject {
  readonly #listings = new Map<ListingName, Listing>();

  constructor(
    private readonly runtime: Runtime,
    private readonly model: Model,
    private readonly chosen: Chosen,
  ) {}

  readonly #text = $derived.by(() => {
    const { input, side } = this.chosen;
    return input.text.replace('{word}', input.words[side]);
  });
  readonly #pass: Pass = $derived.by(() => passOf(this.model, this.#text));
  /** What the last layer's attention reads: [1, T, D]. */
  readonly #input: Tensor = $derived.by(() => {
    const site = `blocks.${this.model.config.numLayers - 1}.resid_pre`;
    return this.model.forward(this.#pass.inputs, { trace: [site] }).trace.get(site)!;
  });

  readonly #plain: Tensor = $derived.by(() => this.#patternOf(this.chosen.card.listing!));
  readonly #now: Tensor = $derived.by(() => {
    const { card, on } = this.chosen;
    return on ? this.#patternOf(card.beside ?? card.listing!) : this.#plain;
  });

  /** [1, H, T, T] */
  #patternOf(name: ListingName | 'model' | 'weights'): Tensor {
    const mask = this.chosen.card.masksAll ? this.#maskOfAll() : undefined;
    if (name === 'model') {
      return mask
        ? this.model
            .forward(this.#pass.inputs, { mask, outputAttentions: true })
            .attentions!.at(-1)!
        : this.#pass.patterns.at(-1)!;
    }
    const listing = this.#listing(name === 'weights' ? 'no_weights' : name);
    if (listing.name === 'no_weights') {
      const [, T, D] = this.#input.dims as [number, number, number];
      const which = name === 'weights' ? 'weights' : 'pattern';
      const { trace } = listing.forward(
        { query: { data: this.#input.data, dims: [T, D] } },
        { trace: [which] },
      );
      return squareOf(trace.get(which)!);
    }
    const inputs = { query: this.#input, ...(mask && { mask }) };
    return listing.forward(inputs, { trace: ['pattern'] }).trace.get('pattern')!;
  }

  /** The asked word may read nobody. */
  #maskOfAll(): MaskTensor {
    const { length } = this.#pass.tokens;
    const data = new Uint8Array(length * length).fill(1);
    data.fill(0, this.#query * length, (this.#query + 1) * length);
    return { data, dims: [length, length] };
  }

  /** With the matrices of the model's last layer, where its own have their sizes. */
  #listing(name: ListingName): Listing {
    const known = this.#listings.get(name);
    if (known) return known;
    const { dModel, numHeads } = this.model.config.attention;
    const isSingle = name === 'fused' || name === 'single_head';
    const listing = this.runtime.createListing(
      name,
      name === 'no_weights' ? {} : { dModel, seed: 1, ...(!isSingle && { numHeads }) },
    );
    if (listing.layer) this.#fill(listing.layer.parameterShapes(), listing);
    this.#listings.set(name, listing);
    return listing;
  }

  #fill(shapes: ReadonlyMap<string, readonly number[]>, { layer }: Listing): void {
    const site = `blocks.${this.model.config.numLayers - 1}.attn`;
    for (const projection of projections)
      for (const kind of ['weight', 'bias']) {
        const name = `${projection}.${kind}`;
        const own = this.model.parameter(`${site}.${name}`);
        if (shapes.get(name)?.join() === own.dims.join()) layer!.setParameter(name, own);
      }
    // One matrix of three: q, k and v below each other.
    for (const [name, dims] of shapes) {
      const kind = /^qkv_proj\.(weight|bias)$/.exec(name)?.[1];
      if (!kind) continue;
      const parts = projections
        .slice(0, 3)
        .map((projection) => this.model.parameter(`${site}.${projection}.${kind}`).data);
      const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
      parts.forEach((part, i) => data.set(part, i * part.length));
      layer!.setParameter(name, { data, dims });
    }
  }

  readonly #query = $derived.by(() => this.chosen.selected ?? this.#pass.target);
  #wordAt(position: number): string {
    const { text, hidden } = this.#pass.tokens[position]!;
    return hidden ? '?' : text;
  }

  /** The asked word's row in each head. */
  #rowsOf(pattern: Tensor): Float32Array[] {
    return Array.from({ length: pattern.dims[1]! }, (_, head) =>
      rowOf(headOf(pattern, head), this.#query),
    );
  }

  /** Of the first head, or of all. */
  readonly #drawnRows = $derived.by(() => {
    const rows = this.#rowsOf(this.#now);
    return this.chosen.card.allHeads ? rows : rows.slice(0, 1);
  });
  /** The strongest weights that are drawn. */
  readonly #drawn = $derived.by(() =>
    this.#drawnRows
      .flatMap((row) =>
        Array.from(row, (weight, key) => ({ key, weight, says: weightOf(weight, row) })),
      )
      .filter(({ weight }) => Math.abs(weight) >= worthDrawing)
      .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
      .slice(0, most),
  );

  readonly values = $derived.by(() => {
    const [plain] = this.#rowsOf(this.#plain);
    const now = this.#rowsOf(this.#now);
    const row = plain!;
    const largest = Math.max(...row);
    return {
      count: String(row.length),
      heads: String(now.length),
      asked: this.#wordAt(this.#query),
      largest: weightOf(largest, row),
      largestOf: this.#nameOf(row.indexOf(largest)),
      nowLargest: weightOf(Math.max(...now[0]!), now[0]!),
      nowOf: this.#nameOf(now[0]!.indexOf(Math.max(...now[0]!))),
      total: weightOf(sum(row), row),
      nowTotal: weightOf(sum(now[0]!), now[0]!),
      nowNegative: String(now[0]!.filter((weight) => weight < 0).length),
      self: String(this.#ownWords(this.#plain)),
      difference: String(largestDifference(this.#plain, this.#now)),
      root: String(Math.sqrt(this.model.config.attention.dHead)),
      wide: String(Math.sqrt(this.model.config.attention.dModel)),
    };
  });

  #nameOf(position: number): string {
    const text = this.#wordAt(position);
    return this.#pass.tokens[position]!.special ? words.strings.listings.mark(text) : `“${text}”`;
  }

  /** How many tokens read themselves most. */
  #ownWords(pattern: Tensor): number {
    const matrix = headOf(pattern, 0);
    return Array.from({ length: matrix.rows }, (_, at) => {
      const row = rowOf(matrix, at);
      return Number(row.indexOf(Math.max(...row)) === at);
    }).reduce((total, each) => total + each, 0);
  }

  readonly figure: Figure = $derived.by(() => {
    const largest = Math.max(1, ...this.#drawn.map(({ weight }) => Math.abs(weight)));
    const tokens = this.#pass.tokens.map((_, position) => ({
      text: this.#wordAt(position),
      asked: position === this.#query,
    }));
    return {
      storeys: [
        { label: words.strings.storeys.words, tokens },
        { label: words.strings.listings.storey, tokens },
      ],
      arcs: this.#drawn.map(({ key, weight, says }): Arc => ({
        storey: 1,
        query: this.#query,
        key,
        size: Math.abs(weight) / largest,
        label: says,
        tone: weight < 0 ? 'second' : 'first',
      })),
      answer: null,
    };
  });

  readonly line = $derived.by(() => {
    const [row] = this.#drawnRows;
    const heads = this.#now.dims[1]!;
    const t = words.strings.listings;
    const { allHeads } = this.chosen.card;
    return t.row(
      this.#wordAt(this.#query),
      this.#drawn.map(({ key, says }) => `${this.#nameOf(key)} ${says}`),
      allHeads && heads > 1 ? '' : weightOf(sum(row!), row!),
      heads === 1 ? t.oneHead : allHeads ? t.allHeads(heads) : t.firstHead(heads),
    );
  });

  describe({ query, key, label }: Arc): string {
    return words.strings.listings.arc(this.#wordAt(query), this.#wordAt(key), label ?? '');
  }

  readonly lab = $derived.by(() =>
    writeAddress('lab', [], {
      model: this.chosen.chapter.model,
      text: this.#text,
      listing: this.chosen.card.listing,
    }),
  );
}

const squareOf = ({ data, dims }: Tensor): Tensor => new Tensor(data, [1, 1, ...dims]);

const sum = (row: Float32Array): number => row.reduce((total, x) => total + x, 0);

/** A weight as a percentage where its row is a distribution, else as a number. */
const weightOf = (value: number, row: Float32Array): string =>
  isDistribution(row) ? share(Math.min(1, value)) : plainNumber(value);

const isDistribution = (row: Float32Array): boolean =>
  row.every((weight) => weight >= 0) && Math.abs(sum(row) - 1) < 1e-3;

const plainNumber = (value: number): string =>
  value === 0 ? '0' : value.toFixed(Math.abs(value) < 10 ? 1 : 0).replace('-', '−');

function largestDifference(a: Tensor, b: Tensor): number {
  if (a.data.length !== b.data.length) return Number.NaN;
  return a.data.reduce((most, x, i) => Math.max(most, Math.abs(x - b.data[i]!)), 0);
}

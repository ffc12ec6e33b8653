// What a head does by its weights alone: which keys a word asks for (QK), what attending to a word adds to the logits (OV),
// whether it copies, and which earlier heads it reads. Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits".
import type { Global } from '../core/global.js';
import { checkAborted, fail } from '../core/errors.js';
import { yieldToEventLoop } from '../core/event-loop.js';
import type { CompleteModelConfig } from '../core/config-types.js';
import { Tensor } from '../core/tensor.js';
import { checkInteger, checkKeys, checkSignal, describe } from '../core/validation.js';
import { parameterOf, type AnalysedModel } from './analysed-model.js';
import { eigenvalues } from './eigenvalues.js';
import { dot, product, rowOf, transposedProduct } from './vectors.js';

export interface CircuitQuestion {
  layer: number;
  head: number;
  /** Token ids, each taken as a query and as a key. Default: none. */
  tokens?: readonly number[];
  /** How many words of the whole vocabulary for each of `tokens`. Default 10. */
  topK?: number;
  signal?: Global<'AbortSignal'> | undefined;
}

/** Token ids and their values, the largest first. */
export interface RankedTokens {
  ids: number[];
  values: number[];
}

export interface Circuit {
  /** Score of each of `tokens` as query on each as key, biases and positions aside: [n, n]. */
  qk: Tensor;
  /** What attending with weight 1 to each of `tokens` adds to the logit of each: [n, n]. */
  ov: Tensor;
  /** For each of `tokens` as query: the words of the vocabulary that it scores highest. */
  keys: RankedTokens[];
  /** For each of `tokens` as key: the words whose logits attending to it raises most. */
  outputs: RankedTokens[];
  /**
   * Σ Re λ / Σ |λ| over the eigenvalues of the OV circuit from the vocabulary to the vocabulary: near 1 where attending to a
   * word raises that word, near −1 where it lowers it.
   */
  copying: number;
  /** ‖A B‖ / (‖A‖ ‖B‖) in Frobenius norms, B what an earlier head writes and A what this head's q, k or v reads: [layer, H]. */
  composition: { q: Tensor; k: Tensor; v: Tensor };
}

const optionKeys = new Set(['layer', 'head', 'tokens', 'topK', 'signal']);

/** Rows of the vocabulary that are held at a time. */
const blockRows = 4096;

/**
 * Words are read as their embeddings through the gain of the head's norm, and written through that of the final norm: the
 * direct path, without the norms' statistics. Of a model with one vocabulary and a linear head (GPT-2, Llama).
 */
export async function circuit(model: AnalysedModel, question: CircuitQuestion): Promise<Circuit> {
  const options = checkKeys('options', question, optionKeys);
  const { config } = model;
  refuseOthers(config);
  const { numLayers, attention, vocabSize } = config;
  const layer = checkInteger('layer', options.layer, 0, numLayers - 1);
  const head = checkInteger('head', options.head, 0, attention.numHeads - 1);
  const topK = checkInteger('topK', options.topK ?? Math.min(10, vocabSize), 1, vocabSize);
  const tokens = checkTokens(options.tokens, vocabSize);
  const signal = checkSignal('signal', options.signal);

  const own = headOf(model, layer, head);
  const words = new Words(model, layer);
  // Of `tokens`: W_Q x and W_K x, W_V x, and what W_O makes of it.
  const read = tokens.map((id) => words.read(id));
  const q = read.map((x) => product(own.q, x));
  const k = read.map((x) => product(own.k, x));
  const written = read.map((x) => product(own.o, product(own.v, x)));
  const unembedded = tokens.map((id) => words.write(id));
  const scale = 1 / Math.sqrt(attention.scaleBy === 'd_model' ? config.dModel : attention.dHead);
  const byScale = attention.scaleBy === 'none' ? 1 : scale;

  const keys = tokens.map(() => new Ranking(topK));
  const outputs = tokens.map(() => new Ranking(topK));
  const width = attention.dHead;
  const both = new Float64Array(width * width); // Σ over the vocabulary of (W_V x)(W_Oᵀ u)ᵀ
  for (let first = 0; first < vocabSize; first += blockRows) {
    const count = Math.min(blockRows, vocabSize - first);
    words.each(first, count, (id, x, u) => {
      const key = product(own.k, x);
      q.forEach((query, i) => keys[i]!.offer(id, byScale * dot(query, key)));
      written.forEach((vector, i) => outputs[i]!.offer(id, dot(vector, u)));
      const value = product(own.v, x);
      const asked = transposedProduct(own.o, u);
      for (let r = 0; r < width; ++r)
        for (let c = 0; c < width; ++c) both[r * width + c]! += value[r]! * asked[c]!;
    });
    await yieldToEventLoop();
    checkAborted(signal, 'circuit');
  }
  const spectrum = eigenvalues(both, width);
  const n = tokens.length;
  const table = (value: (i: number, j: number) => number): Tensor =>
    new Tensor(
      Float32Array.from({ length: n * n }, (_, at) => value(Math.floor(at / n), at % n)),
      [n, n],
    );
  return {
    qk: table((i, j) => byScale * dot(q[i]!, k[j]!)),
    ov: table((i, j) => dot(written[i]!, unembedded[j]!)),
    keys: keys.map((ranking) => ranking.result()),
    outputs: outputs.map((ranking) => ranking.result()),
    copying:
      spectrum.reduce((sum, { re }) => sum + re, 0) /
      spectrum.reduce((sum, { re, im }) => sum + Math.hypot(re, im), 0),
    composition: composition(model, layer, own),
  };
}

function refuseOthers(config: CompleteModelConfig): void {
  const { encoder, lmHead, vocabSize, norm, attention, feedForward } = config;
  const isDecoder = !encoder && lmHead && vocabSize > 0 && norm !== 'post' && feedForward === 'mlp';
  const isLinear = !attention.sharedHeads && attention.outProjection && !attention.qkNorm;
  if (!isDecoder || !isLinear || config.dEmbed > 0)
    fail(
      'invalid_argument',
      'circuit: expected a pre-norm model of one stack with a language-model head, from whose words to whose words a head is linear (no qkNorm, no dEmbed)',
    );
}

function checkTokens(given: readonly number[] | undefined, end: number): number[] {
  if (given === undefined) return [];
  if (!Array.isArray(given))
    fail('invalid_argument', `tokens: expected an array of ids, got ${describe(given)}`);
  return given.map((id, i) => checkInteger(`tokens[${i}]`, id, 0, end - 1));
}

/** One head's matrices: q, k, v [K, D] and o [D, K]. */
interface HeadWeights {
  q: Tensor;
  k: Tensor;
  v: Tensor;
  o: Tensor;
}

function headOf(model: AnalysedModel, layer: number, head: number): HeadWeights {
  const { numHeads, numKvHeads, dHead, fused } = model.config.attention;
  const name = `blocks.${layer}.attn`;
  const group = Math.floor((head * numKvHeads) / numHeads);
  const starts = fused ? [0, numHeads * dHead, (numHeads + numKvHeads) * dHead] : [0, 0, 0];
  const [q, k, v] = (['q', 'k', 'v'] as const).map((which, i) =>
    model.parameterRows(
      `${name}.${fused ? 'qkv_proj' : `${which}_proj`}.weight`,
      starts[i]! + (which === 'q' ? head : group) * dHead,
      dHead,
    ),
  ) as [Tensor, Tensor, Tensor];
  const whole = parameterOf(model, `${name}.out_proj.weight`); // [D, H·K]
  const D = whole.dims[0]!;
  const data = new Float32Array(D * dHead);
  for (let r = 0; r < D; ++r)
    data.set(rowOf(whole, r).subarray(head * dHead, (head + 1) * dHead), r * dHead);
  return { q, k, v, o: new Tensor(data, [D, dHead]) };
}

/** The vocabulary as a head reads it and as the logits read what it writes. */
class Words {
  private readonly gain: Float32Array;
  private readonly finalGain: Float32Array | undefined;
  private readonly output: string;

  constructor(
    private readonly model: AnalysedModel,
    layer: number,
  ) {
    const { finalNorm, tieEmbeddings } = model.config;
    this.gain = parameterOf(model, `blocks.${layer}.norm1.weight`).data;
    this.finalGain = finalNorm ? parameterOf(model, 'final_norm.weight').data : undefined;
    this.output = tieEmbeddings ? 'embed.token.weight' : 'lm_head.weight';
  }

  read(id: number): Float64Array {
    return this.readRow(this.model.parameterRows('embed.token.weight', id, 1).data);
  }

  write(id: number): Float64Array {
    return this.writeRow(this.model.parameterRows(this.output, id, 1).data);
  }

  each(
    first: number,
    count: number,
    visit: (id: number, read: Float64Array, write: Float64Array) => void,
  ): void {
    const embeddings = this.model.parameterRows('embed.token.weight', first, count);
    const outputs =
      this.output === 'embed.token.weight'
        ? embeddings
        : this.model.parameterRows(this.output, first, count);
    for (let i = 0; i < count; ++i)
      visit(first + i, this.readRow(rowOf(embeddings, i)), this.writeRow(rowOf(outputs, i)));
  }

  /** g ⊙ (x − mean x); of an RMS norm without the mean. */
  private readRow(row: Float32Array): Float64Array {
    const mean = this.model.config.normKind === 'layer' ? meanOf(row) : 0;
    return Float64Array.from(row, (x, i) => (x - mean) * this.gain[i]!);
  }

  /** The direction in the stream that a logit reads: the row through the final norm, from behind. */
  private writeRow(row: Float32Array): Float64Array {
    const { finalGain } = this;
    if (!finalGain) return Float64Array.from(row);
    const through = Float64Array.from(row, (x, i) => x * finalGain[i]!);
    const mean = this.model.config.normKind === 'layer' ? meanOf(through) : 0;
    return through.map((x) => x - mean);
  }
}

const meanOf = (row: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < row.length; ++i) sum += row[i]!;
  return sum / row.length;
};

/** The largest of many values that come one by one. */
class Ranking {
  private readonly ids: number[] = [];
  private readonly values: number[] = [];

  constructor(private readonly size: number) {}

  offer(id: number, value: number): void {
    const { ids, values, size } = this;
    if (values.length === size && value <= values[size - 1]!) return;
    let at = values.length;
    while (at > 0 && values[at - 1]! < value) --at;
    ids.splice(at, 0, id);
    values.splice(at, 0, value);
    ids.length = values.length = Math.min(values.length, size);
  }

  result(): RankedTokens {
    return { ids: [...this.ids], values: [...this.values] };
  }
}

/** How much of what every earlier head writes this head's q, k and v read. */
function composition(
  model: AnalysedModel,
  layer: number,
  own: HeadWeights,
): Circuit['composition'] {
  const { numHeads } = model.config.attention;
  // A = W_Qᵀ W_K for q, its transpose for k, W_O W_V for v; as pairs [D, K], [K, D] whose product is A.
  const gain = parameterOf(model, `blocks.${layer}.norm1.weight`).data;
  const readers = {
    q: { left: own.k, right: scaled(own.q, gain) },
    k: { left: own.q, right: scaled(own.k, gain) },
    v: { left: transposed(own.o), right: scaled(own.v, gain) },
  };
  const size = layer * numHeads;
  const result = {
    q: new Float32Array(size),
    k: new Float32Array(size),
    v: new Float32Array(size),
  };
  const norms = (['q', 'k', 'v'] as const).map((which) =>
    productNorm(readers[which].left, gram(readers[which].right, readers[which].right)),
  );
  for (let l = 0; l < layer; ++l)
    for (let h = 0; h < numHeads; ++h) {
      const earlier = headOf(model, l, h);
      const writes = transposed(earlier.o); // [K, D]
      const ofEarlier = productNorm(writes, gram(earlier.v, earlier.v));
      (['q', 'k', 'v'] as const).forEach((which, i) => {
        // ‖leftᵀ (right · writesᵀ) v‖: the middle is [K, K].
        const middle = gram(readers[which].right, writes);
        const both = middleNorm(readers[which].left, middle, earlier.v);
        result[which][l * numHeads + h] = both / (norms[i]! * ofEarlier);
      });
    }
  const tensor = (data: Float32Array): Tensor => new Tensor(data, [layer, numHeads]);
  return { q: tensor(result.q), k: tensor(result.k), v: tensor(result.v) };
}

/** W diag(g). */
function scaled({ data, dims }: Tensor, gain: Float32Array): Tensor {
  return new Tensor(
    data.map((x, i) => x * gain[i % gain.length]!),
    dims,
  );
}

function transposed({ data, dims: [rows, columns] }: Tensor): Tensor {
  const result = new Float32Array(data.length);
  for (let r = 0; r < rows!; ++r)
    for (let c = 0; c < columns!; ++c) result[c * rows! + r] = data[r * columns! + c]!;
  return new Tensor(result, [columns!, rows!]);
}

/** A Bᵀ of two matrices of rows [K, D]: [K, K]. */
function gram(a: Tensor, b: Tensor): Float64Array {
  const [n, m] = [a.dims[0]!, b.dims[0]!];
  const result = new Float64Array(n * m);
  for (let i = 0; i < n; ++i)
    for (let j = 0; j < m; ++j) result[i * m + j] = dot(rowOf(a, i), rowOf(b, j));
  return result;
}

/** ‖Lᵀ R‖ of L and R [K, D] given R Rᵀ: √trace((L Lᵀ)(R Rᵀ)). */
function productNorm(left: Tensor, ofRight: Float64Array): number {
  return Math.sqrt(Math.max(dot(gram(left, left), ofRight), 0));
}

/** ‖Lᵀ M R‖ of L and R [K, D] and M [K, K]: √trace((L Lᵀ) M (R Rᵀ) Mᵀ). */
function middleNorm(left: Tensor, middle: Float64Array, right: Tensor): number {
  const n = left.dims[0]!;
  const m = right.dims[0]!;
  const ofRight = gram(right, right);
  const inner = new Float64Array(n * n); // M (R Rᵀ) Mᵀ
  const half = new Float64Array(n * m);
  for (let i = 0; i < n; ++i)
    for (let k = 0; k < m; ++k)
      for (let j = 0; j < m; ++j) half[i * m + j]! += middle[i * m + k]! * ofRight[k * m + j]!;
  for (let i = 0; i < n; ++i)
    for (let j = 0; j < n; ++j)
      inner[i * n + j] = dot(
        half.subarray(i * m, (i + 1) * m),
        middle.subarray(j * m, (j + 1) * m),
      );
  return Math.sqrt(Math.max(dot(gram(left, left), inner), 0));
}

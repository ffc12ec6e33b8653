// One attention weight by hand, whatever attention it is of: q · k → ÷ √d → ÷ temperature → + mask → softmax → × v, from the operands that the page shows.
import type { Tensor } from 'attention-lab';

/** The traced tensors of one attention. Heads may share keys and values: G ≤ H. */
export interface LayerTrace {
  q: Tensor; //             [1, H, T, K]
  k: Tensor; //             [1, G, S, K]
  v: Tensor; //             [1, G, S, Kv]
  scores: Tensor; //        [1, H, T, S]
  maskedScores: Tensor; //  [1, H, T, S]
  pattern: Tensor; //       [1, H, T, S]
  z: Tensor; //             [1, H, T, Kv]
}

export interface CellArithmetic {
  q: Float32Array;
  k: Float32Array;
  v: Float32Array;
  products: number[];
  dot: number;
  /** √d_head, or what the layer divides by instead. */
  divisor: number;
  scaled: number;
  temperature: number;
  score: number;
  masked: boolean;
  /** The whole row: masked scores as used, e^(score − largest), and their share. */
  row: { score: number; exp: number; weight: number }[];
  largest: number;
  total: number;
  weight: number;
  /** weight × v: what this key adds to z of the query. */
  added: number[];
  z: Float32Array;
  /** Largest absolute difference from what WebAssembly computed: of this score, this row of the pattern, and z. */
  disagreement: { score: number; pattern: number; z: number };
}

/** Row `index` of head `head` in a tensor [1, H, rows, columns]. */
function vector(tensor: Tensor, head: number, index: number): Float32Array {
  const [rows, columns] = tensor.dims.slice(-2) as [number, number];
  const start = (head * rows + index) * columns;
  return tensor.data.subarray(start, start + columns);
}

const dotProduct = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/**
 * @param divisor what scores are divided by before the temperature
 * @param useSoftmax false for a layer whose weights are its masked scores
 */
export function cellArithmetic(
  trace: LayerTrace,
  cell: { head: number; query: number; key: number },
  {
    divisor,
    temperature,
    useSoftmax = true,
  }: { divisor: number; temperature: number; useSoftmax?: boolean },
): CellArithmetic {
  const { head, query, key } = cell;
  /** The keys and values of this head. */
  const group = Math.floor((head * trace.k.dims.at(-3)!) / trace.q.dims.at(-3)!);
  const q = vector(trace.q, head, query);
  const wasmScores = vector(trace.scores, head, query);
  const wasmMasked = vector(trace.maskedScores, head, query);
  const wasmPattern = vector(trace.pattern, head, query);
  const z = vector(trace.z, head, query);

  // A masked score is one that the mask replaced; every other is recomputed from q and k.
  const isMasked = (s: number) => wasmMasked[s] !== wasmScores[s];
  const scores = Array.from(
    wasmScores,
    (_, s) => dotProduct(q, vector(trace.k, group, s)) / divisor / temperature,
  );
  const maskedScores = scores.map((score, s) => (isMasked(s) ? wasmMasked[s]! : score));
  const largest = Math.max(...maskedScores);
  const exps = maskedScores.map((score) => (largest === -Infinity ? 0 : Math.exp(score - largest)));
  const total = exps.reduce((sum, e) => sum + e, 0);
  const row = maskedScores.map((score, s) => ({
    score,
    exp: exps[s]!,
    weight: useSoftmax ? (total === 0 ? 0 : exps[s]! / total) : score,
  }));

  const k = vector(trace.k, group, key);
  const v = vector(trace.v, group, key);
  const dot = dotProduct(q, k);
  const weight = row[key]!.weight;
  const zByHand = Array.from(z, (_, i) =>
    row.reduce((sum, cellOf, s) => sum + cellOf.weight * vector(trace.v, group, s)[i]!, 0),
  );
  const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((most: number, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);

  return {
    q,
    k,
    v,
    z,
    dot,
    divisor,
    temperature,
    row,
    largest,
    total,
    weight,
    products: Array.from(q, (x, i) => x * k[i]!),
    scaled: dot / divisor,
    score: scores[key]!,
    masked: isMasked(key),
    added: Array.from(v, (x) => x * weight),
    disagreement: {
      score: Math.abs(scores[key]! - wasmScores[key]!),
      pattern: furthest(
        row.map((r) => r.weight),
        wasmPattern,
      ),
      z: furthest(zByHand, z),
    },
  };
}

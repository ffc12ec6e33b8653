// Small dense algebra in double precision over rows of float32 parameters. Knows no model.
import type { Tensor } from '../core/tensor.js';

/** Σ a_i b_i. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; ++i) sum += a[i]! * b[i]!;
  return sum;
}

/** a ← a + b. */
export function addTo(a: Float64Array, b: ArrayLike<number>): Float64Array {
  for (let i = 0; i < a.length; ++i) a[i]! += b[i]!;
  return a;
}

/** Row `row` of a matrix, the last axis being its columns. */
export function rowOf({ data, dims }: Tensor, row: number): Float32Array {
  const width = dims.at(-1)!;
  return data.subarray(row * width, (row + 1) * width);
}

/** y = W x, W [out, in] the columns [first, first + x.length) of `weight`. */
export function product(weight: Tensor, x: ArrayLike<number>, first = 0): Float64Array {
  const { data, dims } = weight;
  const [out, columns] = dims as [number, number];
  const y = new Float64Array(out);
  for (let r = 0; r < out; ++r) {
    let sum = 0;
    const start = r * columns + first;
    for (let i = 0; i < x.length; ++i) sum += data[start + i]! * x[i]!;
    y[r] = sum;
  }
  return y;
}

/** y = Wᵀ x, W [in, out]: the sum of W's rows, weighted by x. */
export function transposedProduct(weight: Tensor, x: ArrayLike<number>): Float64Array {
  const [rows, out] = weight.dims as [number, number];
  const y = new Float64Array(out);
  for (let r = 0; r < rows; ++r) {
    const row = rowOf(weight, r);
    const by = x[r]!;
    for (let i = 0; i < out; ++i) y[i]! += by * row[i]!;
  }
  return y;
}

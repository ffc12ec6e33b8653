// What one does with numbers besides: helpers over whatever a tensor may be made of.
import { fail } from './errors.js';
import { type RankedNumber, type Tensor, type TensorInput } from './tensor.js';
import { checkShape, checkTensor } from './validation.js';

/** A Tensor [...] of nested arrays, of a typed array, or of { data, dims }: a copy. `invalid_argument` or `shape_mismatch` where it is none. */
export function tensor(values: TensorInput): Tensor {
  return checkTensor('values', values);
}

/** Probabilities that sum to 1 along the last axis: [..., n] → [..., n]. In double precision. */
export function softmax(values: TensorInput): Tensor {
  return tensor(values).softmax();
}

/** The k largest numbers and where they stand, the largest first; of equal ones the earlier. Of more axes, row-major. */
export function topK(values: TensorInput, k: number): RankedNumber[] {
  return tensor(values).topK(k);
}

/** a · b / (‖a‖ ‖b‖), from −1 to 1, of two vectors [n] as `embed` gives them; 0 where one is all zeros. `shape_mismatch` if they differ in length. */
export function cosineSimilarity(a: TensorInput, b: TensorInput): number {
  const [x, y] = [checkTensor('a', a), checkTensor('b', b)];
  checkShape('b', y.dims, x.dims);
  if (x.dims.length === 0) fail('shape_mismatch', 'a: expected a vector [n], got a number');
  let [both, ofX, ofY] = [0, 0, 0];
  x.data.forEach((value, at) => {
    const other = y.data[at]!;
    both += value * other;
    ofX += value * value;
    ofY += other * other;
  });
  return both === 0 ? 0 : both / Math.sqrt(ofX * ofY);
}

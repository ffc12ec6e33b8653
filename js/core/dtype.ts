// How a model keeps its matrices. Sums, norms, softmax and activations are f32 whatever it is.
import { checkOneOf } from './validation.js';

/**
 * f32: exact. f16: half the memory, the same numbers where the file is f16. int8: little more than a
 * quarter, and faster: one scale to 32 weights of an output, and inputs that are rounded as they enter a product.
 */
export type WeightDtype = 'f32' | 'f16' | 'int8';

export function checkDtype(value: unknown): WeightDtype {
  return checkOneOf('dtype', value, ['f32', 'f16', 'int8']);
}

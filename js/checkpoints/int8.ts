// Matrices as int8, as a file holds them and as cpp/kernels/packed.h rounds them: weight = q · scale, q from −127 to 127, one scale to
// 32 inputs of an output. In a file q is the tensor `name`, I8, and the scales are `name_scale`, F32 [out, ⌈in / 32⌉] (of a matrix that
// lies as [in, out], the other way round).
import type { Tensor } from '../core/tensor.js';
import { fail } from '../core/errors.js';
import { shapeText } from '../core/validation.js';
import { roundHalfEven } from './dtypes.js';
import type { TensorInfo } from './safetensors.js';

/** Inputs that share a scale: kInt8Group. */
const group = 32;

/** What config.json says of such a file. */
export const quantisation = {
  quant_method: 'attention_lab',
  bits: 8,
  group_size: group,
  scheme: 'symmetric: weight = I8 * weight_scale, one scale to each group of inputs of an output',
};

export function isOurQuantisation(config: unknown): boolean {
  return (
    typeof config === 'object' &&
    config !== null &&
    'quant_method' in config &&
    config.quant_method === quantisation.quant_method
  );
}

const suffix = '_scale';
export const scaleName = (name: string): string => name + suffix;

/** The int8 tensor that this one has the scales of, if there is one. */
export function ofScale(
  name: string,
  tensors: ReadonlyMap<string, TensorInfo>,
): string | undefined {
  const matrix = name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
  return matrix !== undefined && tensors.get(matrix)?.dtype.name === 'I8' ? matrix : undefined;
}

/** The dims of a matrix's scales; its outputs are the first axis, or the second where the file has [in, out]. */
export function scaleDims(dims: readonly number[], transposed = false): number[] {
  const [first = 1, ...rest] = dims;
  const second = rest.reduce((product, size) => product * size, 1);
  return transposed ? [Math.ceil(first / group), second] : [first, Math.ceil(second / group)];
}

/** Whether the tensor is int8, its scales beside it; `bad_checkpoint` where these do not fit. */
export function isQuantised(
  file: string,
  info: TensorInfo,
  transposed: boolean | undefined,
  tensors: ReadonlyMap<string, TensorInfo>,
): boolean {
  const scale = tensors.get(scaleName(info.name));
  if (info.dtype.name !== 'I8' || !scale) return false;
  const expected = scaleDims(info.dims, transposed);
  if (scale.dtype.name !== 'F32' || shapeText(scale.dims) !== shapeText(expected))
    fail(
      'bad_checkpoint',
      `${file}: ${scale.name}: expected F32 ${shapeText(expected)}, got ${scale.dtype.name} ${shapeText(scale.dims)}`,
    );
  return true;
}

/** The tensors as they come, int8 ones widened in place once their scales are there, too. */
export async function* widened(
  read: AsyncIterable<[name: string, tensor: Tensor]>,
  quantised: ReadonlySet<string>,
): AsyncGenerator<[name: string, tensor: Tensor]> {
  const waiting = new Map<string, Tensor>();
  const scaled = new Map([...quantised].map((name) => [scaleName(name), name]));
  for await (const [name, tensor] of read) {
    const matrix = scaled.get(name) ?? (quantised.has(name) ? name : undefined);
    if (matrix === undefined) {
      yield [name, tensor];
      continue;
    }
    const other = waiting.get(matrix);
    if (!other) {
      waiting.set(matrix, tensor);
      continue;
    }
    waiting.delete(matrix);
    const [weight, scale] = name === matrix ? [tensor, other] : [other, tensor];
    multiply(weight, scale);
    yield [matrix, weight];
  }
}

function multiply({ data, dims }: Tensor, scale: Tensor): void {
  const width = data.length / (dims[0] || 1);
  const [, columns = 1] = scale.dims;
  const byRow = scale.dims[0] === dims[0]; // one column has one group: both ways are the same then
  for (let i = 0; i < data.length; ++i) {
    const row = Math.floor(i / width);
    const column = i % width;
    data[i]! *=
      scale.data[
        byRow
          ? row * columns + Math.floor(column / group)
          : Math.floor(row / group) * columns + column
      ]!;
  }
}

/** 16 bits of a scale's fraction stay, so that q · scale is exact, and rounding it again gives the same. */
const dropped = 0x7f;
const nothing = 2 ** -100;

const one = new Float32Array(1);
const oneAsBits = new Uint32Array(one.buffer);

const roundedTo = (scale: number, value: number): number =>
  roundHalfEven(Math.fround(value / scale));

/** int8_scale of cpp/kernels: `most` over 127, 126 … or 120, whichever rounds the group to the least squared error. */
function bestScale(weights: Float32Array, most: number): number {
  let best = 0;
  let least = Infinity;
  for (let q = 127; q >= 120; --q) {
    one[0] = most / q;
    oneAsBits[0] = (oneAsBits[0]! + dropped) & ~dropped;
    const scale = one[0];
    let errors = 0;
    for (const weight of weights) errors += (weight - roundedTo(scale, weight) * scale) ** 2;
    if (errors < least) [best, least] = [scale, errors];
  }
  return best;
}

/** Rows [out, in] as q, and their scales [out, ⌈in / 32⌉]. */
export function quantise(
  name: string,
  data: Float32Array,
  rows: number,
): { q: Int8Array; scales: Float32Array } {
  const width = data.length / rows;
  const groups = Math.ceil(width / group);
  const q = new Int8Array(data.length);
  const scales = new Float32Array(rows * groups);
  for (let at = 0; at < scales.length; ++at) {
    const row = Math.floor(at / groups);
    const begin = row * width + (at % groups) * group;
    const end = Math.min(begin + group, (row + 1) * width);
    let most = 0;
    for (let i = begin; i < end; ++i) {
      const size = Math.abs(data[i]!);
      if (!(size <= 2 ** 127))
        fail('not_finite', `${name}: expected finite numbers, for int8, got ${data[i]}`);
      if (size > most) most = size;
    }
    if (most < nothing) continue;
    scales[at] = bestScale(data.subarray(begin, end), most);
    for (let i = begin; i < end; ++i) q[i] = roundedTo(scales[at]!, data[i]!);
  }
  return { q, scales };
}

// The number formats of safetensors: their sizes, and f32, f16 and bf16 decoded to f32 as the bytes arrive.
import { fail } from '../errors.js';

export interface Dtype {
  name: string;
  bytes: number;
}

// prettier-ignore
const sizes: Readonly<Record<string, number>> = {
  BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1,
  U16: 2, I16: 2, F16: 2, BF16: 2,
  U32: 4, I32: 4, F32: 4,
  U64: 8, I64: 8, F64: 8,
};

const readable = ['F32', 'F16', 'BF16'];

/** A dtype whose size is known, so that its bytes can at least be skipped. */
export function checkableDtype(label: string, name: unknown): Dtype {
  const bytes = typeof name === 'string' && Object.hasOwn(sizes, name) ? sizes[name] : undefined;
  if (bytes === undefined) {
    fail('bad_checkpoint', `${label}: expected a dtype of ${Object.keys(sizes).join(', ')}, got ${JSON.stringify(name)}`);
  }
  return { name: name as string, bytes };
}

export function checkReadable(label: string, dtype: Dtype): void {
  if (!readable.includes(dtype.name)) {
    fail('unsupported_checkpoint', `${label}: expected the dtype ${readable.join(' or ')}, got ${dtype.name}`);
  }
}

/** Collects the little-endian bytes of one tensor, in pieces of any length, into its f32 values. */
export class FloatDecoder {
  readonly values: Float32Array;
  private readonly bytes: Uint8Array;
  private readonly convert: ((bits: Uint16Array, values: Float32Array) => void) | undefined;
  private at: number;

  constructor(name: string, dtype: Dtype, count: number) {
    checkReadable(name, dtype);
    try {
      this.values = new Float32Array(count);
    } catch (error) {
      fail('out_of_memory', `${name}: no memory for ${count} values`, error);
    }
    // 16-bit values fill the upper half of their own f32 memory, and are widened from the front: no second buffer.
    this.bytes = new Uint8Array(this.values.buffer);
    this.convert = dtype.name === 'F16' ? widenHalf : dtype.name === 'BF16' ? widenBfloat : undefined;
    this.at = this.convert ? count * 2 : 0;
  }

  push(piece: Uint8Array): void {
    this.bytes.set(piece, this.at);
    this.at += piece.length;
    if (this.at === this.bytes.length && this.convert) {
      this.convert(new Uint16Array(this.values.buffer, this.values.length * 2), this.values);
    }
  }
}

// bits[j] lies at bytes 2·count + 2j and values[i] at 4i … 4i + 3. They overlap only where 2j ≤ 4i + 3 − 2·count, and as
// i < count that means j ≤ i: every loop below reads bits[i] first, and never needs what it has written over.

function widenBfloat(bits: Uint16Array, values: Float32Array): void {
  const wide = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; ++i) wide[i] = bits[i]! << 16;
}

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. Exact: f32 holds every f16, subnormals included. */
function widenHalf(bits: Uint16Array, values: Float32Array): void {
  const wide = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; ++i) {
    const half = bits[i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) wide[i] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent > 0) wide[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else values[i] = (sign ? -1 : 1) * fraction * 2 ** -24;
  }
}

// The number formats of safetensors: their sizes; f32, f16, bf16 and f64 decoded to f32 as the bytes arrive; f32 as f16.
import { fail } from '../core/errors.js';

export interface Dtype {
  name: string;
  bytes: number;
}

const sizes: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

/** I8 is read, too, where scales are beside it (int8.ts). */
const readable = ['F32', 'F16', 'BF16', 'F64'];

/** A dtype whose size is known, so that its bytes can at least be skipped. */
export function checkableDtype(label: string, name: unknown): Dtype {
  const bytes = typeof name === 'string' && Object.hasOwn(sizes, name) ? sizes[name] : undefined;
  if (bytes === undefined) {
    fail(
      'bad_checkpoint',
      `${label}: expected a dtype of ${Object.keys(sizes).join(', ')}, got ${JSON.stringify(name)}`,
    );
  }
  return { name: name as string, bytes };
}

export function isReadable(dtype: Dtype): boolean {
  return readable.includes(dtype.name);
}

export function checkReadable(label: string, dtype: Dtype): void {
  if (!isReadable(dtype)) {
    fail(
      'unsupported_checkpoint',
      `${label}: expected the dtype ${readable.join(' or ')}, got ${dtype.name}`,
    );
  }
}

/** Collects the little-endian bytes of one tensor, in pieces of any length, into its f32 values. */
export class FloatDecoder {
  readonly values: Float32Array;
  private readonly bytes: Uint8Array;
  private readonly convert: ((values: Float32Array) => void) | undefined;
  /** Of F64, whose values take a memory of their own until they are all there. */
  private readonly doubles: Float64Array | undefined;
  private at: number;

  constructor(
    private readonly name: string,
    dtype: Dtype,
    count: number,
  ) {
    if (dtype.name !== 'I8') checkReadable(name, dtype);
    try {
      this.values = new Float32Array(count);
      if (dtype.name === 'F64') this.doubles = new Float64Array(count);
    } catch (error) {
      fail('out_of_memory', `${name}: no memory for ${count} values`, error);
    }
    // Narrower values fill the end of their own f32 memory, and are widened from the front: no second buffer.
    this.bytes = new Uint8Array((this.doubles ?? this.values).buffer);
    this.convert = converters[dtype.name];
    this.at = this.convert ? count * (4 - dtype.bytes) : 0;
  }

  push(piece: Uint8Array): void {
    this.bytes.set(piece, this.at);
    this.at += piece.length;
    if (this.at === this.bytes.length) this.convert?.(this.values);
    if (this.at === this.bytes.length && this.doubles) this.round(this.doubles);
  }

  private round(doubles: Float64Array): void {
    this.values.set(doubles);
    const wrong = this.values.findIndex(
      (value, index) => Math.abs(value) === Infinity && Number.isFinite(doubles[index]),
    );
    if (wrong >= 0)
      fail(
        'bad_checkpoint',
        `${this.name}[${wrong}]: expected a number that float32 can hold, got ${doubles[wrong]}`,
      );
  }
}

// bits[j] lies at bytes 2·count + 2j and values[i] at 4i … 4i + 3. They overlap only where 2j ≤ 4i + 3 − 2·count, and as
// i < count that means j ≤ i: every loop below reads bits[i] first, and never needs what it has written over. So it is with bytes,
// which lie at 3·count + j.

const converters: Readonly<Record<string, ((values: Float32Array) => void) | undefined>> = {
  F16: widenHalf,
  BF16: widenBfloat,
  I8: widenInt8,
};

const lastHalves = (values: Float32Array): Uint16Array =>
  new Uint16Array(values.buffer, values.length * 2);

function widenInt8(values: Float32Array): void {
  const bytes = new Int8Array(values.buffer, values.length * 3);
  for (let i = 0; i < bytes.length; ++i) values[i] = bytes[i]!;
}

function widenBfloat(values: Float32Array): void {
  const bits = lastHalves(values);
  const wide = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; ++i) wide[i] = bits[i]! << 16;
}

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. Exact: f32 holds every f16, subnormals included. */
function widenHalf(values: Float32Array): void {
  const bits = lastHalves(values);
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

/** The largest that binary16 holds; from half a step above it, rounding would give ∞. */
const largestHalf = 65504;
const overflowsHalf = 65520;

/** f32 → IEEE 754 binary16, to the nearest, ties to even; `name` is how an error calls a value too large for it. */
export function narrowHalf(name: string, values: Float32Array): Uint16Array {
  const wide = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(wide, (bits, i) => {
    const sign = (bits >>> 16) & 0x8000;
    const size = Math.abs(values[i]!);
    if (Number.isNaN(size)) return sign | 0x7e00;
    if (size === Infinity) return sign | 0x7c00;
    if (size >= overflowsHalf)
      fail(
        'invalid_argument',
        `${name}: expected at most ${largestHalf} in size for f16, got ${values[i]}`,
      );
    if (size < 2 ** -14) return sign | roundHalfEven(size * 2 ** 24); // subnormal, and at 1024 the smallest normal
    const magnitude = bits & 0x7fffffff;
    // 13 bits of the fraction go. A carry out of it rightly adds one to the exponent.
    const odd = (magnitude >>> 13) & 1;
    return sign | ((magnitude + 0xfff + odd - (112 << 23)) >>> 13);
  });
}

/** Exact: the product by a power of two was. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return below + (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0);
}

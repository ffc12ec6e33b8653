// The float16 tensors of a small safetensors file, as float32. Pure.
// https://huggingface.co/docs/safetensors: eight bytes of header length, a header in JSON, the data.

export interface NamedTensor {
  data: Float32Array;
  dims: readonly number[];
}

interface Entry {
  dtype: string;
  shape: readonly number[];
  data_offsets: readonly [start: number, end: number];
}

export function readHalfTensors(file: Uint8Array): Map<string, NamedTensor> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<
    string,
    Entry
  >;
  const tensors = new Map<string, NamedTensor>();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    if (dtype !== 'F16') throw new Error(`${name}: expected F16, got ${dtype}`);
    const [start, end] = offsets;
    const data = Float32Array.from({ length: (end - start) / 2 }, (_, i) =>
      halfToNumber(view.getUint16(8 + length + start + 2 * i, true)),
    );
    tensors.set(name, { data, dims: shape });
  }
  return tensors;
}

/** IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 0) return sign * fraction * 2 ** -14;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (1 + fraction) * 2 ** (exponent - 15);
}

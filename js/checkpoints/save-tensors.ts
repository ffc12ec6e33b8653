// Writes the safetensors container, as safetensors.ts reads it: a u64 length, a JSON header, and the tensors' bytes.
import { fail } from '../core/errors.js';
import { narrowHalf } from './dtypes.js';

export interface Entry {
  name: string;
  dims: readonly number[];
  dtype: keyof typeof sizes;
  /** Computed only when it is written, so that no second copy of all weights is held. Of I8 as they are written. */
  values(): Float32Array | Int8Array;
}

const sizes = { F32: 4, F16: 2, I8: 1 } as const;

export function writeSafetensors(entries: readonly Entry[]): Uint8Array {
  // Transformers wants to know which framework wrote it: pt, PyTorch, is how it lays tensors out.
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const { name, dims, dtype } of entries) {
    const begin = end;
    end += dims.reduce((product, size) => product * size, sizes[dtype]);
    header[name] = { dtype, shape: dims, data_offsets: [begin, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8; // the tensors begin at a multiple of 8 bytes
  const file = allocate(8 + length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.fill(0x20, 8, 8 + length).set(text, 8);
  let at = 8 + length;
  for (const { name, dtype, values } of entries) {
    const given = values();
    const data = dtype === 'F16' ? narrowHalf(name, given as Float32Array) : given;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

function allocate(size: number): Uint8Array {
  try {
    return new Uint8Array(size);
  } catch (error) {
    fail('out_of_memory', `save: no memory for ${size} bytes`, error);
  }
}

// relaxed.wasm as it ships: a module whose only section says how the relaxed variant differs from simd128.wasm. The two have all but
// a few thousand bytes in common, so a package that held both in full would be a quarter larger.
import { fail } from './errors.js';

/** The custom section that holds the difference; scripts/lib/wasm-patch.mjs writes it. */
const sectionName = 'attention-lab.difference';

/** What the module holds, or undefined for one that is whole. */
export function differenceIn(module: WebAssembly.Module): Uint8Array | undefined {
  const [section] = WebAssembly.Module.customSections(module, sectionName);
  return section && new Uint8Array(section);
}

/**
 * The relaxed variant out of the baseline. The difference: the result's length and FNV-1a hash (u32 each), then, until that length,
 * LEB128 numbers: how many bytes follow literally, those bytes, where the next copy begins (zigzag, from the end of the last one),
 * and how many bytes it takes over from the baseline.
 */
export function patched(baseline: Uint8Array, difference: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new DataView(difference.buffer, difference.byteOffset);
  const result = new Uint8Array(head.getUint32(0, true));
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = difference[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  let from = 0;
  for (let length = 0; length < result.length;) {
    const literals = number();
    result.set(difference.subarray(at, at + literals), length);
    at += literals;
    length += literals;
    const move = number();
    from += move & 1 ? ~(move >> 1) : move >> 1;
    const copied = number();
    result.set(baseline.subarray(from, from + copied), length);
    from += copied;
    length += copied;
  }
  if (hashOf(result) !== head.getUint32(4, true))
    fail('wasm_load', 'simd128.wasm: expected the file of the same version as relaxed.wasm');
  return result;
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

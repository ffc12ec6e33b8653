// Which wasm variant runs: the one asked for, or the fastest that the engine has.
import { relaxedSimd, simd } from 'wasm-feature-detect';
import { fail } from './errors.js';
import type { RuntimeOptions, VariantName } from './runtime-types.js';
import { checkOneOf } from './validation.js';

export function checkVariant(asked: RuntimeOptions['variant'] = 'auto'): 'auto' | VariantName {
  return checkOneOf('variant', asked, ['auto', 'relaxed', 'simd128']);
}

export async function chooseVariant(given: RuntimeOptions['variant']): Promise<VariantName> {
  const asked = checkVariant(given);
  if (!(await simd())) {
    fail(
      'unsupported_engine',
      'this JavaScript engine has no WebAssembly SIMD, which attention-lab needs',
    );
  }
  if (asked === 'simd128') return asked;
  if ((await relaxedSimd()) && (asked === 'relaxed' || multipliesBytes())) return 'relaxed';
  if (asked === 'auto') return 'simd128';
  fail(
    'unsupported_engine',
    'variant: this JavaScript engine has no relaxed SIMD; ask for "simd128" or "auto"',
  );
}

/**
 * A module whose f() is i32x4.relaxed_dot_i8x16_i7x16_add_s of sixteen 1, sixteen 2 and a sum of two vectors that lies in a
 * register by itself: 18. V8's baseline compiler (seen in 11.3, Node 20) overwrites such a sum, and gives 16.
 */
const probe = (): BufferSource => {
  const four = (bytes: number[]): number[] => [...bytes, ...bytes, ...bytes, ...bytes];
  const vector = (word: number[]): number[] => [0xfd, 0x0c, ...four(word)];
  const five = vector([5, 0, 0, 0]);
  const code = [
    ...[0, ...vector([1, 1, 1, 1]), ...vector([2, 2, 2, 2]), ...five, ...five],
    ...[0xfd, 0xae, 1, 0xfd, 0x93, 2, 0xfd, 0x1b, 0, 0x0b], // add, dot, lane 0, end
  ];
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0];
  const exported = [7, 5, 1, 1, 0x66, 0, 0];
  return Uint8Array.of(...[...header, ...exported, 10, code.length + 2, 1, code.length, ...code]);
};

let sound: boolean | undefined;

/** @internal Whether relaxed products of bytes, which int8 models are made of, are right in this engine. */
export function multipliesBytes(): boolean {
  if (sound === undefined) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(probe()));
    sound = (exports['f'] as () => number)() === 18;
  }
  return sound;
}

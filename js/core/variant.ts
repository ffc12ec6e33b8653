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
  if (await relaxedSimd()) return 'relaxed';
  if (asked === 'auto') return 'simd128';
  fail(
    'unsupported_engine',
    'variant: this JavaScript engine has no relaxed SIMD; ask for "simd128" or "auto"',
  );
}

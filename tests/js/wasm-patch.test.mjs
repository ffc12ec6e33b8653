// relaxed.wasm ships as its difference from simd128.wasm: what the loader makes of the two is the built module, byte for byte.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { build } from 'esbuild';
import { wasmPath } from '../../scripts/lib/cpp.mjs';
import { differenceModule } from '../../scripts/lib/wasm-patch.mjs';

const { outputFiles } = await build({
  entryPoints: [new URL('../../js/core/wasm-patch.ts', import.meta.url).pathname],
  bundle: true,
  format: 'esm',
  write: false,
});
const { differenceIn, patched } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);
const restored = async (baseline, module) =>
  patched(baseline, differenceIn(await WebAssembly.compile(module)));

test('the built variants: a small difference that gives the relaxed one back', async () => {
  const [baseline, relaxed] = ['simd128', 'relaxed'].map((name) => readFileSync(wasmPath(name)));
  const module = differenceModule(baseline, relaxed);
  assert.ok(module.length <= relaxed.length / 8, `${module.length} bytes`);
  assert.deepEqual(Buffer.from(await restored(baseline, module)), relaxed);
});

test('any two files: equal, empty, longer, shorter, without anything in common', async () => {
  const bytes = (length, of) => Uint8Array.from({ length }, (_, index) => of(index));
  const all = [
    bytes(0, () => 0),
    bytes(1, () => 7),
    bytes(1000, (index) => (index * index) % 251),
    bytes(1300, (index) => (index * index + (index % 97 === 0 ? 1 : 0)) % 251),
    bytes(40_000, (index) => (index * 2654435761) >>> 24),
  ];
  for (const baseline of all)
    for (const target of all)
      assert.deepEqual(await restored(baseline, differenceModule(baseline, target)), target);
});

test('a baseline of another version is refused', async () => {
  const baseline = readFileSync(wasmPath('simd128'));
  const module = differenceModule(baseline, readFileSync(wasmPath('relaxed')));
  const other = Buffer.from(baseline);
  other[other.length >> 1] ^= 1;
  await assert.rejects(restored(other, module), {
    code: 'wasm_load',
    message: 'simd128.wasm: expected the file of the same version as relaxed.wasm',
  });
});

test('a whole module holds no difference', async () => {
  assert.equal(
    differenceIn(await WebAssembly.compile(readFileSync(wasmPath('simd128')))),
    undefined,
  );
});

// A .zip that somebody brings to the page: the true size first, limits, and a broken one is called broken.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { importPage } from './page-library.mjs';

const { mostBytes, unzip } = await importPage('lib/unzip.ts');
const text = new TextEncoder().encode('{"a": 1}'.repeat(100));
const archive = () =>
  zipSync({ 'config.json': text, 'sub/model.safetensors': new Uint8Array(3000).fill(7) });

/** Where the directory's entry of the first file begins. */
const entryOf = (bytes) => Buffer.from(bytes).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));

test('a sound archive, whatever stands behind it', () => {
  const files = unzip(archive());
  assert.deepEqual([...files.keys()], ['config.json', 'sub/model.safetensors']);
  assert.deepEqual(files.get('config.json'), text);
});

test('a declared size beyond the limit is refused before anything is unpacked', () => {
  const bytes = archive();
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(entryOf(bytes) + 24, mostBytes + 1, true);
  assert.throws(() => unzip(bytes), /at most \d+ bytes unpacked/);
  const bomb = zipSync({ zeros: new Uint8Array(mostBytes + 1) });
  assert.ok(bomb.length < 1 << 20);
  assert.throws(() => unzip(bomb), /at most \d+ bytes unpacked/);
});

test('a size that is not the true one, a flipped bit, a cut: broken', () => {
  const lying = archive();
  new DataView(lying.buffer, lying.byteOffset).setUint32(entryOf(lying) + 24, 10, true);
  assert.throws(() => unzip(lying));
  const whole = archive();
  for (let cut = 0; cut < whole.length; cut += 7)
    assert.throws(() => unzip(whole.slice(0, cut)), Error);
  const stored = zipSync({ x: text }, { level: 0 });
  stored[stored.indexOf(text[0], 30) + 5] ^= 1;
  assert.throws(() => unzip(stored), /broken: x/);
  assert.throws(() => unzip(new Uint8Array(0)), /broken/);
  assert.throws(() => unzip(text), /broken/);
});

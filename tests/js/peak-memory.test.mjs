// What a load holds at its peak, inside and outside of the module: at most 1.25 times the f32 weights and one tensor, from any source.
import assert from 'node:assert/strict';
import { createReadStream, existsSync, openAsBlob, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRuntime } from 'attention-lab';
import { checkpoint, config, container, tensorShapes, weights } from './checkpoint.mjs';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const bytesOf = (dims, each = 4) => dims.reduce((product, size) => product * size, each);

/** One large table and many matrices, so that one tensor is not most of it. */
const large = {
  ...config,
  vocab_size: 60_000,
  hidden_size: 64,
  intermediate_size: 2048,
  num_hidden_layers: 12,
};
const shapes = tensorShapes(large);

/** One layer of matrices that lie transposed in the file, and next to nothing else. */
const transposed = {
  model_type: 'gpt2',
  vocab_size: 16,
  n_positions: 16,
  n_embd: 1280,
  n_layer: 1,
  n_head: 16,
};
const transposedShapes = {
  'wte.weight': [16, 1280],
  'wpe.weight': [16, 1280],
  ...Object.fromEntries(
    ['h.0.ln_1', 'h.0.ln_2', 'ln_f'].flatMap((name) => [
      [`${name}.weight`, [1280]],
      [`${name}.bias`, [1280]],
    ]),
  ),
  'h.0.attn.c_attn.weight': [1280, 3840],
  'h.0.attn.c_attn.bias': [3840],
  'h.0.attn.c_proj.weight': [1280, 1280],
  'h.0.attn.c_proj.bias': [1280],
  'h.0.mlp.c_fc.weight': [1280, 5120],
  'h.0.mlp.c_fc.bias': [5120],
  'h.0.mlp.c_proj.weight': [5120, 1280],
  'h.0.mlp.c_proj.bias': [1280],
};

function allowedFor(tensors) {
  const sizes = Object.values(tensors).map((dims) => bytesOf(dims));
  return 1.25 * sizes.reduce((sum, size) => sum + size, 0) + Math.max(...sizes);
}

/** The same values as 16-bit floats: what they are does not matter here. */
const halved = (tensors, dtype) =>
  new Map(
    [...tensors].map(([name, { shape }]) => [
      name,
      { dtype, shape, bytes: new Uint8Array(bytesOf(shape, 2)) },
    ]),
  );

function filesOf(tensors) {
  return checkpoint({
    'config.json': JSON.stringify(large),
    'model.safetensors': container(tensors),
  });
}

function shardsOf(tensors, count) {
  const shards = Array.from({ length: count }, () => new Map());
  [...tensors].forEach(([name, tensor], i) => shards[i % count].set(name, tensor));
  const nameOf = (i) => `model-0000${i + 1}-of-0000${count}.safetensors`;
  const map = Object.fromEntries(
    shards.flatMap((shard, i) => [...shard.keys()].map((name) => [name, nameOf(i)])),
  );
  return checkpoint({
    'config.json': JSON.stringify(large),
    'model.safetensors': null,
    'model.safetensors.index.json': JSON.stringify({ weight_map: map }),
    ...Object.fromEntries(shards.map((shard, i) => [nameOf(i), container(shard)])),
  });
}

describe('memory at the peak of a load', () => {
  const folders = [];
  async function folderOf(files) {
    const folder = await mkdtemp(join(tmpdir(), 'peak-'));
    folders.push(folder);
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content);
    return folder;
  }

  let folder;
  let server;
  let url;
  before(async () => {
    folder = await folderOf(filesOf(weights(shapes)));
    // From the disk, piece by piece: a server in this process must hold little itself.
    server = createServer((request, response) => {
      const path = join(folder, request.url.split('/').at(-1));
      if (!existsSync(path)) return response.writeHead(404).end();
      response.writeHead(200, { 'Content-Length': statSync(path).size, ETag: '"one"' });
      return createReadStream(path).pipe(response);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${server.address().port}`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    for (const each of folders) await rm(each, { recursive: true });
  });

  const hub = async () => ({ hub: `${url}/hub`, cacheDir: await folderOf({}) });
  const sources = {
    'a path': async () => [folder],
    'transposed matrices': async () => [
      await folderOf({
        'config.json': JSON.stringify(transposed),
        'model.safetensors': container(weights(transposedShapes)),
      }),
    ],
    Files: async () => [
      await Promise.all(
        ['config.json', 'model.safetensors'].map(async (name) =>
          Object.assign(await openAsBlob(join(folder, name)), { name }),
        ),
      ),
    ],
    f16: async () => [await folderOf(filesOf(halved(weights(shapes), 'F16')))],
    bf16: async () => [await folderOf(filesOf(halved(weights(shapes), 'BF16')))],
    shards: async () => [await folderOf(shardsOf(weights(shapes), 3))],
    'a URL': async () => [url],
    'a hub': async () => ['org/name', await hub()],
    'a hub, from what is kept': async () => {
      const options = await hub();
      const rt = await createRuntime({ variant: 'simd128' });
      (await rt.loadModel('org/name', options)).dispose();
      return ['org/name', options];
    },
  };
  for (const [what, open] of Object.entries(sources)) {
    test(what, async () => {
      const allowed = allowedFor(what === 'transposed matrices' ? transposedShapes : shapes);
      const [source, options] = await open();
      const rt = await createRuntime({ variant: 'simd128' }); // loading is the same in each
      const held = () => {
        collect();
        collect(); // gives back the buffers that the first one found
        return process.memoryUsage().arrayBuffers + rt.memoryBytes;
      };
      for (let turn = 0; turn < 3; ++turn) await setImmediate(collect()); // buffers are given back a collection later
      const begin = held();
      const seen = [];
      let last = 0;
      const onProgress = ({ loaded }) => {
        if (Math.abs(loaded - last) < 1e6) return;
        last = loaded;
        seen.push(held() - begin);
      };
      // What is made and let go between two reports counts as well.
      const { Float32Array } = globalThis;
      globalThis.Float32Array = new Proxy(Float32Array, {
        construct(target, given) {
          const made = new target(...given);
          if (made.byteLength > 1e6) seen.push(held() - begin);
          return made;
        },
      });
      const model = await rt
        .loadModel(source, { ...options, onProgress })
        .finally(() => (globalThis.Float32Array = Float32Array));
      seen.push(held() - begin);
      model.dispose();
      assert.ok(seen.length > 5, `${seen.length} measurements`);
      assert.ok(
        Math.max(...seen) < allowed,
        `${Math.max(...seen)} bytes at the peak, allowed are ${allowed}`,
      );
    });
  }
});

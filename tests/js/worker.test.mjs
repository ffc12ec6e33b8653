// attention-lab/worker: the runtime's own results, as promises; errors, aborts and the end of a worker.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { asFiles, checkpoint, serveFiles } from './checkpoint.mjs';
import { assertRejects, liveHandles, mask, tensor, variants } from './support.mjs';

const tokenized = new URL('../golden/checkpoints/mlm_gelu/', import.meta.url);

for (const variant of variants) {
  describe(`worker (${variant})`, () => {
    let rt;
    let local;
    before(async () => {
      [rt, local] = await Promise.all([
        createWorkerRuntime({ variant }),
        createRuntime({ variant }),
      ]);
    });
    after(async () => {
      assert.equal(await liveHandles(rt), 0);
      rt.dispose();
    });

    test('variant and memory', async () => {
      assert.equal(rt.variant, variant);
      assert.ok(rt.memoryBytes > 0);
    });

    test('attention as in the runtime itself; the inputs stay ours', async () => {
      const q = tensor([3, 4]);
      const options = { causal: true, trace: true, mask: mask([3, 3], () => 1) };
      assert.deepEqual(
        await rt.attention({ q, k: q, v: q }, options),
        local.attention({ q, k: q, v: q }, options),
      );
      assert.equal(q.data.length, 12);
    });

    test('a layer, its parameters and its trace', async () => {
      const config = { dModel: 8, numHeads: 2 };
      const [there, here] = [
        await rt.createAttention(config, { seed: 5 }),
        local.createAttention(config, { seed: 5 }),
      ];
      assert.deepEqual(there.config, here.config);
      assert.deepEqual(await there.parameters(), here.parameters());
      assert.deepEqual(await there.parameterShapes(), here.parameterShapes());
      assert.deepEqual(await there.activationNames(), here.activationNames());
      for (const layer of [there, here]) await layer.setParameter('q_proj.bias', tensor([8], 3));
      for (const layer of [there, here])
        await layer.setParameters(new Map([['k_proj.bias', tensor([8], 4)]]));
      assert.deepEqual(await there.parameter('q_proj.bias'), tensor([8], 3));
      const query = tensor([2, 3, 8]);
      assert.deepEqual(
        await there.forward({ query }, { trace: true }),
        here.forward({ query }, { trace: true }),
      );
      there.dispose();
      here.dispose();
    });

    test('a model, with several calls under way', async () => {
      const config = { vocabSize: 9, dModel: 8, numLayers: 2, attention: { numHeads: 2 } };
      const [there, here] = [
        await rt.createModel(config, { seed: 2 }),
        local.createModel(config, { seed: 2 }),
      ];
      const inputs = [[1, 2], [3, 4, 5], [6]].map((inputIds) => ({ inputIds }));
      const results = await Promise.all(
        inputs.map((each) => there.forward(each, { outputAttentions: true, trace: ['embed'] })),
      );
      assert.deepEqual(
        results,
        inputs.map((each) => here.forward(each, { outputAttentions: true, trace: ['embed'] })),
      );
      there.dispose();
      here.dispose();
    });

    test('a checkpoint with its tokenizer, from a path, a URL and files', async () => {
      const seen = [];
      const model = await rt.loadModel(tokenized, {
        onProgress: (progress) => seen.push(progress),
      });
      const here = await local.loadModel(tokenized);
      assert.ok(seen.some(({ file }) => file === 'model.safetensors'));
      assert.deepEqual(await model.tokenizer.encode('it did'), here.tokenizer.encode('it did'));
      assert.deepEqual(await model.encode('it did', 'fit'), here.encode('it did', 'fit'));
      assert.equal(await model.decode([5]), here.decode([5]));
      const facts = [
        'vocabSize',
        'maskTokenId',
        'padTokenId',
        'unkTokenId',
        'clsTokenId',
        'sepTokenId',
        'specialTokenIds',
      ];
      for (const name of facts) assert.deepEqual(model.tokenizer[name], here.tokenizer[name], name);
      assert.equal(await model.tokenizer.idToToken(5), here.tokenizer.idToToken(5));
      assert.equal(await model.tokenizer.tokenToId('it'), here.tokenizer.tokenToId('it'));
      model.dispose();
      here.dispose();
      const files = await rt.loadModel(asFiles(checkpoint()));
      assert.equal(files.tokenizer, undefined);
      await assertRejects(files.encode('it'), 'no_tokenizer', /no tokenizer/);
      files.dispose();
      const server = await serveFiles(checkpoint());
      (await rt.loadModel(server.url)).dispose();
      await server.close();
    });

    test('listings', async () => {
      for (const [name, options] of [
        ['no_weights', {}],
        ['fused', { dModel: 4, seed: 1 }],
      ]) {
        const [there, here] = [
          await rt.createListing(name, options),
          local.createListing(name, options),
        ];
        const query = tensor([3, 4]);
        assert.deepEqual(
          await there.forward({ query }, { trace: true }),
          here.forward({ query }, { trace: true }),
        );
        assert.equal(there.difference, here.difference);
        assert.deepEqual(there.config, here.config);
        if (here.encoder) {
          const inputsEmbeds = tensor([1, 3, 4]);
          assert.deepEqual(
            await there.encoder.forward({ inputsEmbeds }),
            here.encoder.forward({ inputsEmbeds }),
          );
        }
        there.dispose();
        here.dispose();
      }
    });

    test('errors keep their code and message, and the worker goes on', async () => {
      const q = tensor([2, 2]);
      await assertRejects(
        rt.attention({ q, k: tensor([2, 3]), v: q }),
        'shape_mismatch',
        /k: expected \[2, 2\], got \[2, 3\]/,
      );
      await assertRejects(rt.createModel({}), 'invalid_argument', /config\.dModel/);
      await assertRejects(rt.loadModel('/no/such/folder'), 'file_missing', /config\.json/);
      await assertRejects(
        rt.attention({ q, k: q, v: q }, { trace: () => true }),
        'invalid_argument',
        /cannot be sent to a worker/,
      );
      await assertRejects(rt.loadModel(3), 'invalid_argument', /source: expected/);
      assert.equal((await rt.attention({ q, k: q, v: q })).output.dims.length, 2);
    });

    test('abort: before, waiting in the queue, and loading', async () => {
      const q = tensor([512, 64]);
      await assertRejects(
        rt.attention({ q, k: q, v: q }, {}, { signal: AbortSignal.abort() }),
        'aborted',
        /attention: aborted/,
      );
      const controller = new AbortController();
      const busy = rt.attention({ q, k: q, v: q });
      const waiting = rt.createModel(
        { vocabSize: 4, dModel: 4, numLayers: 1, attention: { numHeads: 1 } },
        {},
        { signal: controller.signal },
      );
      controller.abort();
      await assertRejects(waiting, 'aborted', /createModel: aborted/);
      await busy;
      const loading = new AbortController();
      const server = await serveFiles({}, (_, response) => {
        response.writeHead(200).write('{');
        setTimeout(() => loading.abort(), 20);
        return true;
      });
      await assertRejects(
        rt.loadModel(server.url, { signal: loading.signal }),
        'aborted',
        /aborted by the caller/,
      );
      await server.close();
      assert.equal(await liveHandles(rt), 0, 'what was made after an abort is let go');
    });

    test('a disposed proxy says so', async () => {
      const layer = await rt.createAttention({ dModel: 4, numHeads: 1 });
      layer.dispose();
      layer[Symbol.dispose]();
      await assertRejects(
        layer.forward({ query: tensor([1, 4]) }),
        'disposed',
        /forward: used after dispose\(\)/,
      );
    });

    test('the end of a worker settles its calls', async () => {
      const other = await createWorkerRuntime({ variant });
      const q = tensor([512, 64]);
      const call = other.attention({ q, k: q, v: q });
      other.dispose();
      await assertRejects(call, 'disposed', /worker runtime/);
      await assertRejects(other.ready(), 'disposed', /worker runtime/);
      other.dispose();
    });
  });
}

describe('createWorkerRuntime', () => {
  test('errors of the start', async () => {
    await assertRejects(createWorkerRuntime({ variant: 'avx' }), 'invalid_argument', /variant/);
    await assertRejects(
      createWorkerRuntime({ wasm: '/no/such.wasm' }),
      'wasm_load',
      /no\/such\.wasm/,
    );
    await assertRejects(
      createWorkerRuntime({ wasm: Buffer.from('<html>') }),
      'wasm_load',
      /found 3c 68/,
    );
    await assertRejects(createWorkerRuntime({ signal: AbortSignal.abort() }), 'aborted', /aborted/);
    await assertRejects(
      createWorkerRuntime({ worker: 1 }),
      'invalid_argument',
      /options\.worker: unknown/,
    );
  });

  test('an idle worker does not keep the process alive', async () => {
    const { spawnSync } = await import('node:child_process');
    const code = `import { createWorkerRuntime } from 'attention-lab/worker';
      const rt = await createWorkerRuntime({ variant: 'simd128' });
      const one = { data: Float32Array.of(2), dims: [1, 1] };
      console.log((await rt.attention({ q: one, k: one, v: one })).output.data[0]);`;
    const { stdout, status, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', code],
      {
        cwd: new URL('.', import.meta.url),
        encoding: 'utf8',
        timeout: 20_000,
      },
    );
    assert.equal(stdout, '2\n', stderr);
    assert.equal(status, 0);
  });
});

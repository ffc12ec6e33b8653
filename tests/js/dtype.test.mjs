// Models whose matrices are f16 or int8: loaded from anything, saved and loaded again, read by everything, trained by nothing.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import {
  checkpoint,
  config as bertConfig,
  container,
  tensorShapes,
  weights,
} from './checkpoint.mjs';
import { checkpointPath } from './golden.mjs';
import { created } from './saved-models.mjs';
import { assertError, assertRejects, forEachVariant, tensor, variants } from './support.mjs';

const ids = {
  inputIds: [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ],
};

function inputsOf({ image, encoder, vocabSize, dModel }) {
  if (encoder) return { ...ids, decoderInputIds: ids.inputIds };
  if (image) return { pixelValues: tensor([2, image.channels, ...image.size]) };
  return vocabSize > 0 ? ids : { inputsEmbeds: tensor([2, 4, dModel]) };
}

const outputsOf = (model) => {
  const { trace, ...outputs } = model.forward(inputsOf(model.config), { outputAttentions: true });
  return outputs;
};

function cosine({ data: a }, { data: b }) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** name → { dtype, shape, values } of a safetensors file. */
function tensorsOf(given) {
  const file = Uint8Array.from(given);
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const { __metadata__, ...entries } = JSON.parse(
    new TextDecoder().decode(file.subarray(8, 8 + length)),
  );
  const types = { F32: Float32Array, I8: Int8Array, F16: Uint16Array };
  return new Map(
    Object.entries(entries).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const bytes = file.slice(8 + length + begin, 8 + length + end);
        return [name, { dtype, shape, values: new types[dtype](bytes.buffer) }];
      },
    ),
  );
}
const configOf = (files) => JSON.parse(new TextDecoder().decode(files.get('config.json')));

/** The same files with model.safetensors' tensors in another order, or changed. */
function rewritten(files, change) {
  const entries = [...tensorsOf(files.get('model.safetensors'))].map(
    ([name, { dtype, shape, values }]) => [
      name,
      { dtype, shape, bytes: new Uint8Array(values.buffer) },
    ],
  );
  return new Map([
    ...files,
    ['model.safetensors', Uint8Array.from(container(new Map(change(entries))))],
  ]);
}

forEachVariant('narrower weights', (lab) => {
  async function using(making, check) {
    const models = [];
    try {
      for (const make of making) models.push(await make());
      return await check(...models);
    } finally {
      for (const model of models) model.dispose();
    }
  }
  const load = (source, dtype) => () => lab.rt.loadModel(source, { dtype });

  for (const name of readdirSync(checkpointPath(''))) {
    test(`${name}: as int8 it is nearly the same; saved and loaded it is exactly the same`, async () => {
      const path = checkpointPath(name);
      const files = await using([load(path), load(path, 'int8')], (exact, narrow) => {
        assert.equal(exact.dtype, 'f32');
        assert.equal(narrow.dtype, 'int8');
        const expected = outputsOf(exact).lastHiddenState;
        const found = cosine(outputsOf(narrow).lastHiddenState, expected);
        assert.ok(found > 0.99, `cosine ${found}`);
        const saved = narrow.save();
        assert.deepEqual(exact.save({ dtype: 'int8' }), saved);
        return saved;
      });
      assert.equal(configOf(files).quantization_config.quant_method, 'attention_lab');
      await using([load(path, 'int8'), load(files), load(files, 'f32')], (before, after, wide) => {
        assert.equal(after.dtype, 'int8');
        assert.deepEqual(outputsOf(after), outputsOf(before));
        assert.deepEqual(after.parameters(), before.parameters());
        assert.deepEqual(wide.parameters(), before.parameters());
        assert.deepEqual(after.save(), files);
        assert.equal(configOf(wide.save()).quantization_config, undefined);
      });
    });
  }

  test('a model of f16 from a file of f16 gives what f32 gives, to the last bit, in half the file', async () => {
    const path = checkpointPath('mlm_f16');
    await using([load(path), load(path, 'f16')], (exact, narrow) => {
      assert.equal(narrow.dtype, 'f16');
      assert.deepEqual(outputsOf(narrow), outputsOf(exact));
      assert.deepEqual(narrow.save(), exact.save({ dtype: 'f16' }));
    });
  });

  for (const [name, [config]] of Object.entries(created))
    test(`${name} of createModel: int8 survives save and load; f16 of a file is f32 of the same file`, async () => {
      await using([() => lab.rt.createModel(config, { seed: 3, dtype: 'int8' })], async (model) => {
        await using([load(model.save())], (again) => {
          assert.equal(again.dtype, 'int8');
          assert.deepEqual(outputsOf(again), outputsOf(model));
        });
        const halves = model.save({ dtype: 'f16' });
        await using([load(halves), load(halves, 'f16')], (exact, narrow) =>
          assert.deepEqual(outputsOf(narrow), outputsOf(exact)),
        );
      });
    });

  test('a file of int8 says what it holds: I8, and F32 scales of groups, also where matrices lie transposed', async () => {
    for (const name of ['mlm_gelu', 'gpt2_odd', 'vit_pooler'])
      await using(
        [load(checkpointPath(name)), load(checkpointPath(name), 'int8')],
        (exact, narrow) => {
          const wide = tensorsOf(exact.save().get('model.safetensors'));
          const stored = tensorsOf(narrow.save().get('model.safetensors'));
          let matrices = 0;
          for (const [key, { dtype, shape, values }] of wide) {
            const there = stored.get(key);
            assert.deepEqual(there.shape, shape);
            if (there.dtype !== 'I8') {
              assert.deepEqual(there, { dtype, shape, values });
              continue;
            }
            matrices++;
            const scale = stored.get(`${key}_scale`);
            assert.equal(scale.dtype, 'F32');
            const byRow = scale.shape[0] === shape[0];
            const width = values.length / shape[0];
            assert.deepEqual(
              scale.shape,
              byRow ? [shape[0], Math.ceil(width / 32)] : [Math.ceil(shape[0] / 32), width],
            );
            values.forEach((value, i) => {
              const [row, column] = [Math.floor(i / width), i % width];
              const [r, c] = byRow ? [row, column >> 5] : [row >> 5, column];
              const s = scale.values[r * scale.shape[1] + c];
              assert.ok(Math.abs(there.values[i] * s - value) <= 0.5001 * s, `${key}[${i}]`);
            });
          }
          assert.ok(matrices >= 8, `${matrices}`);
        },
      );
  });

  test('the order of scales and matrices in a file does not matter; what does not fit is refused by name', async () => {
    const files = await using([load(checkpointPath('mlm_gelu'), 'int8')], (model) => model.save());
    const reversed = rewritten(files, (entries) => entries.reverse());
    await using([load(files), load(reversed)], (a, b) =>
      assert.deepEqual(outputsOf(a), outputsOf(b)),
    );
    const [first] = [...tensorsOf(files.get('model.safetensors')).keys()].filter((name) =>
      name.endsWith('_scale'),
    );
    const change = (make) =>
      rewritten(files, (entries) =>
        entries.flatMap(([name, entry]) => (name === first ? make(entry) : [[name, entry]])),
      );
    const refused = (broken, code, message) =>
      assertRejects(lab.rt.loadModel(broken), code, message);
    await refused(
      change(() => []),
      'unsupported_checkpoint',
      /expected the dtype F32 or .* got I8/,
    );
    await refused(
      change((entry) => [[first, { ...entry, shape: [...entry.shape].reverse() }]]),
      'bad_checkpoint',
      new RegExp(`${first.replaceAll('.', '\\.')}: expected F32 \\[`),
    );
    const other = new TextEncoder().encode(
      JSON.stringify({ ...configOf(files), quantization_config: { quant_method: 'gptq' } }),
    );
    await refused(
      new Map([...files, ['config.json', other]]),
      'unsupported_checkpoint',
      /quantization_config/,
    );
  });

  test('analyses, traces and interventions read an int8 model; a trainer refuses it by name', async () => {
    await using([load(checkpointPath('gpt2_odd'), 'int8')], async (model) => {
      const inputs = { inputIds: [[1, 2, 3, 4]] };
      const { trace, logits } = model.forward(inputs, { trace: true });
      assert.deepEqual(new Set(trace.keys()), new Set(model.activationNames()));
      const without = model.forward(inputs, {
        interventions: model.ablate([{ layer: 0, head: 0 }]),
      });
      assert.notDeepEqual(without.logits, logits);
      const { logit, parts } = model.attributeLogit(inputs, { position: 3, token: 5 });
      const sum = parts.reduce((total, { value }) => total + value, 0);
      assert.ok(Math.abs(sum - logit) < 0.05 * Math.max(1, Math.abs(logit)), `${sum} of ${logit}`);
      assert.ok(model.logitLens(inputs).probabilities.data.every(Number.isFinite));
      assert.equal(model.generate([1, 2], { maxNewTokens: 3, stopTokens: [] }).ids.length, 5);
      assertError(() => model.trainer({ lr: 1e-3 }), 'invalid_argument', /dtype f32, got int8/);
    });
  });

  test('bad dtypes and numbers that a dtype cannot hold are refused by name', async () => {
    assertError(
      () =>
        lab.rt.createModel(
          { dModel: 4, numLayers: 1, attention: { numHeads: 1 } },
          { dtype: 'int4' },
        ),
      'invalid_argument',
      /dtype: expected "f32" or "f16" or "int8", got "int4"/,
    );
    await assertRejects(
      lab.rt.loadModel(checkpointPath('mlm_gelu'), { dtype: 8 }),
      'invalid_argument',
      /dtype: expected/,
    );
    await using(
      [
        () =>
          lab.rt.createModel(
            { dModel: 4, numLayers: 1, attention: { numHeads: 1 } },
            { dtype: 'f16' },
          ),
      ],
      (model) => {
        const name = 'blocks.0.attn.q_proj.weight';
        const values = tensor([4, 4]);
        values.data[5] = 1e5;
        assertError(
          () => model.setParameter(name, values),
          'invalid_argument',
          /q_proj\.weight: expected numbers of at most 65504/,
        );
      },
    );
  });
});

describe('variants', () => {
  test('give the same products of int8 weights to the last bit', async () => {
    const config = {
      dModel: 40,
      numLayers: 2,
      dFf: 72,
      activation: 'gelu',
      attention: { numHeads: 4 },
    };
    const inputs = { inputsEmbeds: tensor([3, 7, 40]) };
    const q = [];
    for (const variant of variants) {
      const runtime = await createRuntime({ variant });
      const model = runtime.createModel(config, { seed: 2, dtype: 'int8' });
      q.push(model.forward(inputs, { trace: ['blocks.0.attn.q', 'blocks.0.attn.v'] }).trace);
      runtime.dispose();
    }
    for (const trace of q) assert.deepEqual(trace, q[0]);
  });
});

test('an int8 model takes a quarter of the memory of f32, at its peak, too', async () => {
  const large = {
    ...bertConfig,
    vocab_size: 20_000,
    hidden_size: 128,
    intermediate_size: 2048,
    num_hidden_layers: 6,
  };
  const shapes = tensorShapes(large);
  const files = checkpoint({
    'config.json': JSON.stringify(large),
    'model.safetensors': container(weights(shapes)),
  });
  const source = new Map(
    Object.entries(files).map(([name, content]) => [name, Uint8Array.from(Buffer.from(content))]),
  );
  const sizes = Object.values(shapes).map((dims) =>
    dims.reduce((product, size) => product * size, 1),
  );
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const runtime = await createRuntime();
  const before = runtime.memoryBytes;
  const model = await runtime.loadModel(source, { dtype: 'int8' });
  const grown = runtime.memoryBytes - before;
  assert.ok(grown <= 1.25 * total + Math.max(...sizes), `${grown} bytes for ${total} weights`);
  assert.equal(model.dtype, 'int8');
  runtime.dispose();
});

test('a worker loads as int8 and says so', async () => {
  const runtime = await createWorkerRuntime();
  try {
    const model = await runtime.loadModel(checkpointPath('mlm_gelu'), { dtype: 'int8' });
    assert.equal(model.dtype, 'int8');
    assert.ok((await model.forward(ids)).lastHiddenState.data.every(Number.isFinite));
  } finally {
    runtime.dispose();
  }
});

// model.save(): what was loaded or made comes back from the saved files, under Transformers' names, in f32 and in f16.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { createWorkerRuntime } from 'attention-lab/worker';
import { config as bertConfig, container, tensorShapes, weights } from './checkpoint.mjs';
import { checkpointPath, readSafetensors } from './golden.mjs';
import { created } from './saved-models.mjs';
import {
  assertError,
  assertRejects,
  assertWorks,
  forEachVariant,
  liveHandles,
  tensor,
  variants,
} from './support.mjs';

const inputs = {
  inputIds: [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ],
};
const embeds = {
  inputsEmbeds: { data: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)), dims: [2, 2, 6] },
};
const inputsOf = ({ image, encoder, vocabSize }) => {
  if (encoder)
    return {
      ...inputs,
      decoderInputIds: [
        [1, 2],
        [3, 4],
      ],
    };
  if (image) return { pixelValues: tensor([2, image.channels, ...image.size]) };
  return vocabSize > 0 ? inputs : embeds;
};
const outputsOf = (model) => {
  const { trace, ...outputs } = model.forward(inputsOf(model.config), { outputAttentions: true });
  return outputs;
};
const text = (bytes) => new TextDecoder().decode(bytes);
const configOf = (files) => JSON.parse(text(files.get('config.json')));

/** name → { dtype, shape, bytes } of a safetensors file. */
function tensorsOf(given) {
  const file = Uint8Array.from(given);
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const { __metadata__: metadata, ...entries } = JSON.parse(text(file.subarray(8, 8 + length)));
  const tensors = Object.entries(entries).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [begin, end],
      },
    ]) => {
      return [name, { dtype, shape, bytes: file.slice(8 + length + begin, 8 + length + end) }];
    },
  );
  return { metadata, start: 8 + length, tensors: new Map(tensors) };
}

forEachVariant('saving', (lab) => {
  /** Runs `check` on the models of two sources. */
  async function withBoth(first, second, check) {
    const models = [await first(), await second()];
    try {
      await check(...models);
    } finally {
      for (const model of models) model.dispose();
    }
  }
  const open = (source) => () => lab.rt.loadModel(source);
  const make = (config) => () => lab.rt.createModel(config, { seed: 3 });
  async function saved(source, options) {
    const model = await lab.rt.loadModel(source);
    try {
      return model.save(options);
    } finally {
      model.dispose();
    }
  }

  for (const name of readdirSync(checkpointPath(''))) {
    test(`${name}: loaded, saved and loaded again is the same model`, async () => {
      const files = await saved(checkpointPath(name));
      await withBoth(open(checkpointPath(name)), open(files), (before, after) => {
        assert.deepEqual(after.config, before.config);
        assert.deepEqual(after.stopTokens, before.stopTokens);
        assert.deepEqual(after.parameters(), before.parameters());
        assert.deepEqual(after.labels, before.labels);
        assert.deepEqual(after.preprocessor, before.preprocessor);
        assert.deepEqual(after.tokenizer?.encode('it did'), before.tokenizer?.encode('it did'));
        assert.deepEqual(after.save(), files);
      });
      const { dtype, torch_dtype: _, ...rest } = configOf(files);
      const {
        dtype: __,
        torch_dtype: ___,
        ...original
      } = JSON.parse(readFileSync(`${checkpointPath(name)}/config.json`, 'utf8'));
      assert.deepEqual(rest, original);
      assert.equal(dtype, 'float32');
    });
  }

  test('the tensors have the names, dims and values that Transformers wrote', async () => {
    for (const name of [
      'mlm_gelu',
      'gpt2_odd',
      'llama_grouped',
      'distilbert_mlm',
      'roberta_mlm',
      'base_relu',
      'vit_classifier',
      'vit_pooler',
    ]) {
      const { tensors, metadata, start } = tensorsOf(
        (await saved(checkpointPath(name))).get('model.safetensors'),
      );
      const written = readSafetensors(`${checkpointPath(name)}/model.safetensors`);
      assert.deepEqual([...tensors.keys()].sort(), [...written.keys()].sort(), name);
      for (const [key, { data, dims }] of written) {
        assert.deepEqual(tensors.get(key).shape, dims, key);
        assert.deepEqual(new Float32Array(tensors.get(key).bytes.buffer), data, key);
      }
      assert.deepEqual(metadata, { format: 'pt' });
      assert.equal(start % 8, 0);
    }
  });

  test('an f16 checkpoint saved as f16 has the bytes that it had', async () => {
    const files = await saved(checkpointPath('mlm_f16'), { dtype: 'f16' });
    assert.equal(configOf(files).dtype, 'float16');
    const original = tensorsOf(
      readFileSync(`${checkpointPath('mlm_f16')}/model.safetensors`),
    ).tensors;
    const { tensors } = tensorsOf(files.get('model.safetensors'));
    assert.deepEqual(Object.fromEntries(tensors), Object.fromEntries(original));
  });

  test('a next-sentence head is passed through though no forward pass reads it', async () => {
    const head = { 'cls.seq_relationship.weight': [2, 8], 'cls.seq_relationship.bias': [2] };
    const file = container(weights({ ...tensorShapes(), ...head }));
    const config = { ...bertConfig, architectures: ['BertForPreTraining'] };
    const source = [
      new File([JSON.stringify(config)], 'config.json'),
      new File([file], 'model.safetensors'),
    ];
    const { tensors } = tensorsOf((await saved(source)).get('model.safetensors'));
    const before = tensorsOf(file).tensors;
    for (const name of Object.keys(head)) assert.deepEqual(tensors.get(name), before.get(name));
  });

  for (const [name, [config, architecture]] of Object.entries(created)) {
    test(`${name}: a model of createModel is saved as ${architecture}`, async () => {
      const model = make(config)();
      const files = model.save();
      model.dispose();
      assert.deepEqual(configOf(files).architectures, [architecture]);
      await withBoth(make(config), open(files), (before, after) => {
        assert.deepEqual(outputsOf(after), outputsOf(before));
        if (architecture === 'AttentionLabModel') assert.deepEqual(after.config, before.config);
      });
    });
  }

  test('an untied head has the bias twice, as Transformers does, and may have it once', async () => {
    const model = make(created.bert_untied[0])();
    const files = model.save();
    model.dispose();
    const { tensors } = tensorsOf(files.get('model.safetensors'));
    assert.deepEqual(
      tensors.get('cls.predictions.bias'),
      tensors.get('cls.predictions.decoder.bias'),
    );
    tensors.delete('cls.predictions.bias');
    await withBoth(
      open(files),
      open(new Map([...files, ['model.safetensors', Uint8Array.from(container(tensors))]])),
      (both, one) => {
        assert.deepEqual(one.parameters(), both.parameters());
      },
    );
  });

  test('f16 rounds to the nearest, ties to even, and refuses what is too large', async () => {
    const model = lab.rt.createModel({
      dModel: 1,
      numLayers: 1,
      dFf: 14,
      attention: { numHeads: 1 },
    });
    const cases = [
      [0, 0x0000],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65519.99, 0x7bff],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [2 - 2 ** -12, 0x4000], // ties to even; a carry into the exponent
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [2 ** -25, 0x0000],
      [3 * 2 ** -25, 0x0002],
      [2 ** -14 - 2 ** -26, 0x0400], // subnormals
    ];
    const set = (values) =>
      model.setParameter('blocks.0.mlp.fc1.bias', { data: Float32Array.from(values), dims: [14] });
    set(cases.map(([value]) => value));
    const { tensors } = tensorsOf(model.save({ dtype: 'f16' }).get('model.safetensors'));
    assert.deepEqual(
      [...new Uint16Array(tensors.get('blocks.0.mlp.fc1.bias').bytes.buffer)],
      cases.map(([, bits]) => bits),
    );
    set([...Array(13).fill(0), -65520]);
    assertError(
      () => model.save({ dtype: 'f16' }),
      'invalid_argument',
      /blocks\.0\.mlp\.fc1\.bias: expected at most 65504 in size for f16, got -65520/,
    );
    model.dispose();
  });

  test('what is wrong is named', async () => {
    const model = lab.rt.createModel({ dModel: 2, numLayers: 1, attention: { numHeads: 1 } });
    assertError(
      () => model.save({ dtype: 'f64' }),
      'invalid_argument',
      /dtype: expected "f32" or "f16" or "int8", got "f64"/,
    );
    assertError(
      () => model.save({ type: 'f16' }),
      'invalid_argument',
      /options\.type: unknown; expected one of dtype/,
    );
    const files = model.save();
    model.dispose();
    assertError(() => model.save(), 'disposed', /used after dispose/);
    const withConfig = (change) =>
      new Map([
        ...files,
        [
          'config.json',
          new TextEncoder().encode(JSON.stringify({ ...configOf(files), ...change })),
        ],
      ]);
    const own = configOf(files).config;
    await assertRejects(
      lab.rt.loadModel(withConfig({ config: { ...own, layers: 3 } })),
      'bad_checkpoint',
      /config\.json: config\.layers: unknown/,
    );
    await assertRejects(
      lab.rt.loadModel(withConfig({ config: undefined })),
      'bad_checkpoint',
      /config\.json: config: expected an object/,
    );
    await assertRejects(
      lab.rt.loadModel(withConfig({ config: { ...own, dModel: 3 } })),
      'checkpoint_mismatch',
      /q_proj\.weight: expected \[3, 3\], got \[2, 2\]/,
    );
    await assertRejects(
      lab.rt.loadModel(new Map([['config.json', 'text']])),
      'invalid_argument',
      /source: config\.json: expected a Uint8Array, got "text"/,
    );
    await assertRejects(
      lab.rt.loadModel(new Map()),
      'file_missing',
      /config\.json: not found in the 0 files given/,
    );
    assert.equal(lab.rt.liveHandles, 0);
    assertWorks(lab.rt);
  });
});

for (const variant of variants) {
  test(`a worker saves the same files, and loads them (${variant})`, async () => {
    const rt = await createWorkerRuntime({ variant });
    const model = await rt.loadModel(checkpointPath('mlm_gelu'));
    const files = await model.save({ dtype: 'f16' });
    assert.deepEqual(
      [...files.keys()],
      ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'],
    );
    const again = await rt.loadModel(files);
    assert.deepEqual(await again.save({ dtype: 'f16' }), files);
    assert.ok(files.get('model.safetensors').length > 0, 'what was given stays ours');
    for (const each of [model, again]) each.dispose();
    assert.equal(await liveHandles(rt), 0);
    rt.dispose();
  });
}

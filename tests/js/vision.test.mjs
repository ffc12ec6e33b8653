// Models that read pictures: inputs and configs that are refused, fields and names of checkpoints, pictures in every form.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { preprocess } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import fc from 'fast-check';
import { container } from './checkpoint.mjs';
import { checkpointPath, readSafetensors } from './golden.mjs';
import { assertError, assertRejects, forEachVariant, numbers, slice, tensor } from './support.mjs';

const config = {
  image: { size: [6, 10], patchSize: 2, channels: 1 },
  dModel: 8,
  numLayers: 2,
  norm: 'pre',
  finalNorm: true,
  activation: 'gelu',
  attention: { numHeads: 2 },
  numLabels: 3,
};
const changed = (changes) => ({ ...config, ...changes });

/** File name → bytes of a golden checkpoint, after `change` of its config.json and of its tensors. */
function filesOf(name, { json = {}, tensors = (all) => all, others = {} }) {
  const folder = checkpointPath(name);
  const files = Object.fromEntries(
    readdirSync(folder).map((file) => [file, readFileSync(`${folder}/${file}`)]),
  );
  files['config.json'] = JSON.stringify({ ...JSON.parse(files['config.json']), ...json });
  const all = [...readSafetensors(`${folder}/model.safetensors`)].map(([key, { data, dims }]) => {
    return [key, { dtype: 'F32', shape: dims, bytes: new Uint8Array(data.buffer) }];
  });
  files['model.safetensors'] = container(new Map(tensors(all)));
  return Object.entries({ ...files, ...others })
    .filter(([, content]) => content !== null)
    .map(([file, content]) => new File([content], file));
}

function picture(width, height, channels = 4, seed = 1) {
  const next = numbers(seed);
  return {
    data: Uint8ClampedArray.from({ length: width * height * channels }, () => (next() + 1) * 128),
    width,
    height,
  };
}

forEachVariant('vision', (lab) => {
  const used = async (files, use) => {
    const model = await lab.rt.loadModel(files);
    try {
      return use(model);
    } finally {
      model.dispose();
    }
  };

  test('a created model: config, parameters, activations, logits of the class token', () => {
    const model = lab.rt.createModel(config, { seed: 3 });
    assert.deepEqual(model.config.image, { size: [6, 10], channels: 1, patchSize: [2, 2] });
    assert.equal(model.config.maxLen, 16);
    assert.equal(model.config.positions, 'learned');
    const shapes = model.parameterShapes();
    assert.deepEqual([...shapes.keys()].slice(0, 4), [
      'embed.class_token',
      'embed.patch.weight',
      'embed.patch.bias',
      'embed.position.weight',
    ]);
    assert.deepEqual(shapes.get('embed.patch.weight'), [8, 1, 2, 2]);
    assert.deepEqual(shapes.get('embed.position.weight'), [16, 8]);
    assert.deepEqual(shapes.get('classifier.weight'), [3, 8]);
    const pixelValues = tensor([2, 1, 6, 10]);
    const { lastHiddenState, logits, attentions, trace } = model.forward(
      { pixelValues },
      { outputAttentions: true, trace: true },
    );
    assert.deepEqual(lastHiddenState.dims, [2, 16, 8]);
    assert.deepEqual(logits.dims, [2, 3]);
    assert.deepEqual(
      attentions.map(({ dims }) => dims),
      [
        [2, 2, 16, 16],
        [2, 2, 16, 16],
      ],
    );
    assert.deepEqual(trace.get('logits'), logits);
    assert.deepEqual(trace.get('embed').dims, [2, 16, 8]);
    // One picture with or without the axis of the batch is the same as in the batch.
    const one = model.forward({ pixelValues: slice(pixelValues, 1) }).logits;
    assert.deepEqual(one.dims, [1, 3]);
    assert.deepEqual(one.data, logits.data.subarray(3));
    // What the patches become may be given instead.
    assert.deepEqual(model.forward({ inputsEmbeds: trace.get('embed') }).logits, logits);
    model.dispose();
  });

  test('edits: a patch of the embedding, a class of the logits', () => {
    const model = lab.rt.createModel(config);
    const pixelValues = tensor([1, 1, 6, 10]);
    const zeroed = model.forward(
      { pixelValues },
      { interventions: [{ at: 'embed', query: 4, op: 'zero' }], trace: ['embed'] },
    );
    assert.ok(
      zeroed.trace
        .get('embed')
        .data.subarray(32, 40)
        .every((value) => value === 0),
    );
    const edited = model.forward(
      { pixelValues },
      { interventions: [{ at: 'logits', batch: 0, index: 1, op: 'set', value: 7 }] },
    );
    assert.equal(edited.logits.data[1], 7);
    assertError(
      () =>
        model.forward({ pixelValues }, { interventions: [{ at: 'logits', query: 0, op: 'zero' }] }),
      'unknown_name',
      /no axis 'query'/,
    );
    model.dispose();
  });

  test('a classifier over tokens reads the first one', () => {
    const model = lab.rt.createModel({
      vocabSize: 9,
      dModel: 8,
      numLayers: 1,
      attention: { numHeads: 2 },
      numLabels: 2,
    });
    assert.deepEqual(model.forward({ inputIds: [[1], [2], [3]] }).logits.dims, [3, 2]);
    const { lastHiddenState, logits } = model.forward({ inputIds: [1, 2, 3] });
    const { data: weight } = model.parameter('classifier.weight');
    const { data: bias } = model.parameter('classifier.bias');
    const expected = [0, 1].map((label) =>
      lastHiddenState.data
        .subarray(0, 8)
        .reduce((sum, x, i) => sum + x * weight[label * 8 + i], bias[label]),
    );
    logits.data.forEach((value, label) => assert.ok(Math.abs(value - expected[label]) < 1e-5));
    model.dispose();
  });

  test('inputs that do not fit are named', () => {
    const model = lab.rt.createModel(config);
    const refused = [
      [{}, 'invalid_argument', /expected either pixelValues or inputsEmbeds, got neither/],
      [
        { inputIds: [1] },
        'invalid_argument',
        /inputIds: this model has no embedding .*pass pixelValues/,
      ],
      [
        { pixelValues: tensor([1, 1, 6, 10]), inputIds: [1] },
        'invalid_argument',
        /got inputIds and pixelValues/,
      ],
      [
        { pixelValues: tensor([1, 3, 6, 10]) },
        'shape_mismatch',
        /pixelValues: expected \[B, 1, 6, 10\], got \[1, 3, 6, 10\]/,
      ],
      [
        { pixelValues: tensor([1, 1, 10, 6]) },
        'shape_mismatch',
        /got \[1, 1, 10, 6\]; model\.preprocess resizes/,
      ],
      [{ pixelValues: tensor([6, 10]) }, 'shape_mismatch', /got \[6, 10\]/],
      [{ pixelValues: tensor([0, 1, 6, 10]) }, 'invalid_argument', /at least one sequence/],
      [
        { pixelValues: { data: 'pixels', dims: [1] } },
        'invalid_argument',
        /pixelValues\.data: expected a Float32Array/,
      ],
      [
        { pixelValues: tensor([1, 1, 6, 10]), attentionMask: [1, 1] },
        'shape_mismatch',
        /attentionMask: expected \[1, 16\]/,
      ],
      [
        { inputsEmbeds: tensor([1, 17, 8]) },
        'invalid_argument',
        /at most maxLen 16 tokens, got 17/,
      ],
    ];
    for (const [inputs, code, message] of refused)
      assertError(() => model.forward(inputs), code, message);
    model.dispose();
    const text = lab.rt.createModel({
      vocabSize: 9,
      dModel: 8,
      numLayers: 1,
      attention: { numHeads: 2 },
    });
    assertError(
      () => text.forward({ pixelValues: tensor([1, 1, 6, 10]) }),
      'invalid_argument',
      /pixelValues: this model reads no pictures/,
    );
    assertError(
      () => text.preprocess(picture(3, 3)),
      'invalid_argument',
      /preprocess: this model reads no pictures/,
    );
    text.dispose();
  });

  test('configs that do not fit are named', () => {
    const refused = [
      [{ image: { size: 6 } }, /image\.patchSize: expected an integer from 1 .*, got undefined/],
      [
        { image: { size: [6], patchSize: 2 } },
        /image\.size: expected a size or \[height, width\], got an array of 1/,
      ],
      [
        { image: { size: [6, 2], patchSize: 3 } },
        /image\.patchSize: expected at most the size 6 × 2, got 3 × 3/,
      ],
      [
        { image: { size: 6, patchSize: 2, channels: 0 } },
        /image\.channels: expected an integer from 1/,
      ],
      [{ image: { size: 6, patch: 2 } }, /config\.image\.patch: unknown/],
      [{ image: 6 }, /config\.image: expected an object, got 6/],
      [{ vocabSize: 5 }, /config\.image: expected no vocabSize beside it, got 5/],
      [{ maxLen: 15 }, /config\.maxLen: expected 16, the class token and the patches/],
      [{ numLabels: -1 }, /config\.numLabels: expected an integer from 0/],
      [
        { image: undefined, vocabSize: 5, maxLen: 4, lmHead: true },
        /maskedLmHead, lmHead and numLabels: expected at most one head/,
      ],
    ];
    for (const [changes, message] of refused)
      assertError(() => lab.rt.createModel(changed(changes)), 'invalid_argument', message);
    assertError(
      () => lab.rt.createModel(changed({ image: { size: 4000, patchSize: 1 }, dModel: 512 })),
      'out_of_memory',
      /million weights/,
    );
  });

  const refusals = [
    [
      'vit_pooler',
      { patch_size: 8 },
      'unsupported_checkpoint',
      /patch_size: expected at most image_size \[6, 10\], got \[8,8\]/,
    ],
    [
      'vit_pooler',
      { image_size: [6, 10, 3] },
      'bad_checkpoint',
      /image_size: expected an integer from 1 .*, or \[height, width\], got \[6,10,3\]/,
    ],
    ['vit_pooler', { image_size: 'large' }, 'bad_checkpoint', /image_size: .* got "large"/],
    [
      'vit_pooler',
      { image_size: {} },
      'unsupported_checkpoint',
      /image_size: expected a size or \[height, width\], got \{\}/,
    ],
    [
      'vit_pooler',
      { image_size: [8, 10] },
      'checkpoint_mismatch',
      /position_embeddings: expected \[1, 21, 21\], got \[1, 16, 21\]/,
    ],
    [
      'vit_pooler',
      { num_channels: 3 },
      'checkpoint_mismatch',
      /projection\.weight: expected \[21, 3, 2, 2\], got \[21, 1, 2, 2\]/,
    ],
    [
      'vit_pooler',
      { pooler_act: 'relu' },
      'unsupported_checkpoint',
      /pooler_act: expected "tanh", got "relu"/,
    ],
    [
      'vit_pooler',
      { pooler_output_size: 4 },
      'unsupported_checkpoint',
      /pooler_output_size: expected hidden_size 21, got 4/,
    ],
    ['vit_pooler', { qkv_bias: true }, 'checkpoint_mismatch', /query\.bias: missing/],
    [
      'vit_pooler',
      { hidden_act: 'quick_gelu' },
      'unsupported_checkpoint',
      /hidden_act: .* got "quick_gelu"/,
    ],
    [
      'vit_pooler',
      { num_attention_heads: 4 },
      'unsupported_checkpoint',
      /num_attention_heads: expected a divisor of hidden_size 21/,
    ],
    [
      'vit_classifier',
      { id2label: { 0: 'cat', 1: 'dog' } },
      'checkpoint_mismatch',
      /classifier\.weight: expected \[2, 24\], got \[5, 24\]/,
    ],
    [
      'vit_classifier',
      { id2label: { 0: 'cat', 1: 3 } },
      'bad_checkpoint',
      /id2label\.1: expected a string, got 3/,
    ],
    [
      'vit_classifier',
      { id2label: undefined },
      'checkpoint_mismatch',
      /classifier\.weight: expected \[2, 24\]/,
    ],
  ];
  for (const [name, json, code, message] of refusals) {
    test(`config.json of ${name}: ${JSON.stringify(json)}`, () =>
      assertRejects(lab.rt.loadModel(filesOf(name, { json })), code, message));
  }

  test("labels are the config's, and num_labels stands in where they are left out", async () => {
    assert.deepEqual(
      await used(filesOf('vit_classifier', {}), ({ labels }) => labels),
      [0, 1, 2, 3, 4].map((label) => `LABEL_${label}`),
    );
    const named = { id2label: { 0: 'cat', 1: 'dog', 2: 'cow', 3: 'elk', 4: 'fox' } };
    assert.deepEqual(
      await used(filesOf('vit_classifier', { json: named }), ({ labels }) => labels),
      ['cat', 'dog', 'cow', 'elk', 'fox'],
    );
    const counted = { id2label: undefined, num_labels: 5 };
    assert.equal(
      await used(filesOf('vit_classifier', { json: counted }), ({ labels }) => labels.length),
      5,
    );
    assert.deepEqual(await used(filesOf('vit_pooler', {}), ({ labels }) => labels), []);
  });

  test("a state dict by the names of Transformers 5's own code, and one with a mask token", async () => {
    const pixelValues = tensor([1, 1, 6, 10]);
    const result = (options) =>
      used(filesOf('vit_pooler', options), (model) => model.forward({ pixelValues }));
    const renamed = (name) =>
      name
        .replace('encoder.layer.', 'layers.')
        .replace(
          /attention\.attention\.(query|key|value)/,
          (_, which) => `attention.${which[0]}_proj`,
        )
        .replace('attention.output.dense', 'attention.o_proj')
        .replace('intermediate.dense', 'mlp.fc1')
        .replace(/(layers\.\d+)\.output\.dense/, '$1.mlp.fc2');
    const modern = await result({
      tensors: (all) => all.map(([name, value]) => [renamed(name), value]),
    });
    assert.deepEqual(modern, await result({}));
    const mask = [
      'embeddings.mask_token',
      { dtype: 'F32', shape: [1, 1, 21], bytes: new Uint8Array(84) },
    ];
    assert.deepEqual(await result({ tensors: (all) => [...all, mask] }), await result({}));
  });

  test("model.preprocess is the package's preprocess with the checkpoint's file", async () => {
    const shot = picture(20, 13);
    await used(filesOf('vit_pooler', {}), (model) => {
      const pixelValues = model.preprocess([shot, picture(9, 30, 1)]);
      assert.deepEqual(pixelValues.dims, [2, 1, 6, 10]);
      assert.deepEqual(
        slice(pixelValues, 0),
        slice(preprocess(shot, model.preprocessor, { channels: 1 }), 0),
      );
      assert.deepEqual(model.forward({ pixelValues }).lastHiddenState.dims, [2, 16, 21]);
    });
    await used(filesOf('vit_pooler', { others: { 'preprocessor_config.json': null } }), (model) => {
      assertError(
        () => model.preprocess(shot),
        'no_preprocessor',
        /has no preprocessor_config\.json/,
      );
    });
    await assertRejects(
      lab.rt.loadModel(filesOf('vit_pooler', { others: { 'preprocessor_config.json': '[]' } })),
      'bad_checkpoint',
      /preprocessor_config\.json: expected a JSON object/,
    );
    const created = lab.rt.createModel(config);
    const usual = { size: { height: 6, width: 10 }, image_mean: 0.5, image_std: 0.5 };
    assert.deepEqual(created.preprocess(shot), preprocess(shot, usual, { channels: 1 }));
    created.dispose();
  });
});

test('in a worker: labels, preprocess and forward are those of the runtime', async () => {
  const remote = await createWorkerRuntime();
  const model = await remote.loadModel(checkpointPath('vit_classifier'));
  assert.equal(model.labels.length, 5);
  const pixelValues = await model.preprocess(picture(20, 13));
  assert.deepEqual(pixelValues, preprocess(picture(20, 13), model.preprocessor));
  assert.deepEqual((await model.forward({ pixelValues })).logits.dims, [1, 5]);
  await assertRejects(
    model.preprocess({ width: 3 }),
    'invalid_argument',
    /pictures\[0\]: expected an ImageData/,
  );
  remote.dispose();
});

const square = { size: 8 };

test('RGBA, RGB and grey bytes of the same picture give the same values', () => {
  const rgba = picture(9, 7);
  const rgb = { ...rgba, data: rgba.data.filter((_, i) => i % 4 !== 3) };
  assert.deepEqual(preprocess(rgb, square), preprocess(rgba, square));
  assert.deepEqual(
    preprocess({ ...rgb, data: new Uint8Array(rgb.data) }, square),
    preprocess(rgba, square),
  );
  const grey = picture(9, 7, 1);
  const asRgb = {
    ...grey,
    data: Uint8Array.from({ length: 9 * 7 * 3 }, (_, i) => grey.data[Math.floor(i / 3)]),
  };
  assert.deepEqual(preprocess(grey, square), preprocess(asRgb, square));
  assert.deepEqual(
    preprocess(grey, square, { channels: 1 }),
    preprocess(asRgb, square, { channels: 1 }),
  );
});

test('pictures that are none are named', () => {
  const refused = [
    [[], 'invalid_argument', /pictures: expected at least one, got none/],
    [undefined, 'invalid_argument', /pictures\[0\]: expected an ImageData or .*, got undefined/],
    ['cat.png', 'invalid_argument', /pictures\[0\]: .* got "cat\.png"/],
    [[picture(2, 2), null], 'invalid_argument', /pictures\[1\]: .* got null/],
    [{ width: 2, height: 2 }, 'invalid_argument', /pictures\[0\]: expected an ImageData/],
    [
      { data: [1, 2, 3], width: 1, height: 1 },
      'invalid_argument',
      /pictures\[0\]\.data: expected a Uint8ClampedArray or Uint8Array, got an array of 3/,
    ],
    [
      { ...picture(2, 2), width: 3 },
      'shape_mismatch',
      /pictures\[0\]\.data: expected 24, 18, 6 bytes .*3 × 2.*, got 16/,
    ],
    [
      { ...picture(2, 2), height: 0 },
      'invalid_argument',
      /pictures\[0\]\.height: expected an integer from 1/,
    ],
    [
      [picture(2, 2), picture(4, 2)],
      'shape_mismatch',
      /pictures\[1\]: becomes \[2, 4\] where pictures\[0\] becomes \[2, 2\]/,
      { do_resize: false },
    ],
  ];
  for (const [pictures, code, message, settings = square] of refused)
    assertError(() => preprocess(pictures, settings), code, message);
});

test('settings that are not computed, or make no sense, are named', () => {
  const refused = [
    [
      { image_processor_type: 'CLIPImageProcessor' },
      'unsupported_checkpoint',
      /preprocessor_config\.json: image_processor_type: expected ViTImageProcessor .* got "CLIPImageProcessor"/,
    ],
    [
      { feature_extractor_type: 'BeitFeatureExtractor' },
      'unsupported_checkpoint',
      /feature_extractor_type: .* got "BeitFeatureExtractor"/,
    ],
    [{ do_pad: true }, 'unsupported_checkpoint', /do_pad: expected false, got true/],
    [
      { do_reduce_labels: true },
      'unsupported_checkpoint',
      /do_reduce_labels: expected false, got true/,
    ],
    [
      { size: { longest_edge: 8 } },
      'unsupported_checkpoint',
      /size\.longest_edge: expected no value, got 8/,
    ],
    [
      { size: { shortest_edge: 8, longest_edge: 9 } },
      'unsupported_checkpoint',
      /size\.longest_edge/,
    ],
    [
      { size: { height: 8 } },
      'bad_checkpoint',
      /size\.width: expected an integer from 1 to 4096, got 0/,
    ],
    [
      { size: 0 },
      'bad_checkpoint',
      /size: expected an integer from 1 to 4096, or \[height, width\], got 0/,
    ],
    [{ size: 1e9 }, 'bad_checkpoint', /size: .* got 1000000000/],
    [{ size: '8' }, 'bad_checkpoint', /size: .* got "8"/],
    [{ resample: 6 }, 'bad_checkpoint', /resample: expected an integer from 0 to 5, got 6/],
    [{ do_resize: 'yes' }, 'bad_checkpoint', /do_resize: expected true or false, got "yes"/],
    [{ do_center_crop: true }, 'bad_checkpoint', /crop_size: .* got undefined/],
    [
      { do_center_crop: true, crop_size: { shortest_edge: 4 } },
      'unsupported_checkpoint',
      /crop_size: expected height and width/,
    ],
    [
      { image_mean: [0.5] },
      'bad_checkpoint',
      /image_mean: expected a number, or 3 of them, got \[0\.5\]/,
    ],
    [
      { image_std: [0, 1, 1] },
      'bad_checkpoint',
      /image_std: expected a number above 0, or 3 of them, got \[0,1,1\]/,
    ],
    [{ rescale_factor: 0 }, 'bad_checkpoint', /rescale_factor: expected a number above 0, got 0/],
  ];
  for (const [settings, code, message] of refused)
    assertError(() => preprocess(picture(3, 3), settings), code, message);
  assertError(
    () => preprocess(picture(3, 3), null),
    'invalid_argument',
    /preprocessor: expected the object of a preprocessor_config\.json, got null/,
  );
  assertError(
    () => preprocess(picture(3, 3), square, { channels: 2 }),
    'invalid_argument',
    /channels: expected 1 or 3, got 2/,
  );
  assertError(
    () => preprocess(picture(3, 3), square, { size: 4 }),
    'invalid_argument',
    /options\.size: unknown/,
  );
});

test('any settings: finite values of the size asked for, or an error of ours', () => {
  const size = fc.oneof(
    fc.integer({ min: -1, max: 12 }),
    fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom('height', 'width', 'shortest_edge', 'x'),
      fc.integer({ min: 0, max: 12 }),
    ),
  );
  const setting = fc.oneof(fc.boolean(), fc.double(), fc.string(), fc.constant(null), size);
  const settings = fc.record(
    {
      do_resize: fc.oneof({ arbitrary: fc.boolean(), weight: 9 }, setting),
      size,
      resample: fc.integer({ min: 0, max: 5 }),
      do_center_crop: fc.boolean(),
      crop_size: size,
      do_normalize: fc.boolean(),
      image_mean: fc.oneof(fc.double({ noNaN: true, min: -2, max: 2 }), setting),
      image_std: fc.oneof(fc.double({ noNaN: true, min: 0.1, max: 2 }), setting),
    },
    { requiredKeys: ['size'] },
  );
  fc.assert(
    fc.property(
      settings,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 30 }),
      (given, width, height) => {
        let pixelValues;
        try {
          pixelValues = preprocess(picture(width, height), given);
        } catch (error) {
          assert.equal(error.name, 'AttentionLabError', error.stack);
          return;
        }
        assert.ok(pixelValues.data.every(Number.isFinite));
      },
    ),
    { numRuns: 300, seed: 5 },
  );
});

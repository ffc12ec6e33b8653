// Encoder–decoders: what each option reaches, edits on both sides, generation, Marian's files as others write them, refusals.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createWorkerRuntime } from 'attention-lab/worker';
import { container } from './checkpoint.mjs';
import { assertClose } from './compare.mjs';
import { checkpointPath, readSafetensors } from './golden.mjs';
import {
  assertError,
  assertRejects,
  assertWorks,
  forEachVariant,
  mask,
  tensor,
} from './support.mjs';

const config = {
  vocabSize: 20,
  maxLen: 12,
  dModel: 12,
  numLayers: 2,
  lmHead: true,
  attention: { numHeads: 3 },
  encoder: { numLayers: 1, dFf: 10, attention: { numHeads: 2 } },
};
const inputs = {
  inputIds: [
    [5, 6, 7, 8],
    [9, 3, 0, 0],
  ],
  attentionMask: [
    [1, 1, 1, 1],
    [1, 1, 0, 0],
  ],
  decoderInputIds: [
    [1, 2, 4],
    [1, 19, 7],
  ],
};
const rounding = { absolute: 1e-5, relative: 1e-5 };

const configOf = (name) => JSON.parse(readFileSync(`${checkpointPath(name)}/config.json`, 'utf8'));

/** The files of a checkpoint with other fields of its two configs, and its tensors changed. */
function filesOf(name, { fields = {}, generation, change = (tensors) => tensors } = {}) {
  const tensors = [...readSafetensors(`${checkpointPath(name)}/model.safetensors`)];
  const stored = tensors.map(([key, { data, dims }]) => [
    key,
    { dtype: 'F32', shape: dims, bytes: new Uint8Array(data.buffer) },
  ]);
  const files = new Map([
    ['config.json', JSON.stringify({ ...configOf(name), ...fields })],
    ['model.safetensors', container(new Map(change(stored)))],
  ]);
  if (generation) files.set('generation_config.json', JSON.stringify(generation));
  return [...files].map(([path, content]) => new File([content], path));
}

forEachVariant('encoder–decoder', (lab) => {
  const withModel = async (run, changes = {}) => {
    const model = lab.rt.createModel({ ...config, ...changes }, { seed: 5 });
    try {
      await run(model);
    } finally {
      model.dispose();
    }
  };
  const withLoaded = async (source, run) => {
    const model = await lab.rt.loadModel(source);
    try {
      return await run(model);
    } finally {
      model.dispose();
    }
  };

  test("what the encoder leaves out is the decoder's, but for causality; one table where the vocabularies are one", () =>
    withModel((model) => {
      const { encoder, attention, shareEmbeddings } = model.config;
      assert.equal(encoder.dModel, 12);
      assert.equal(encoder.vocabSize, 20);
      assert.equal(encoder.attention.causal, false);
      assert.equal(encoder.attention.dHead, 6);
      assert.equal(attention.causal, true);
      assert.equal(attention.dHead, 4);
      assert.equal(shareEmbeddings, true);
      const names = [...model.parameterShapes().keys()];
      assert.deepEqual(
        names.filter((name) => name.includes('embed.token')),
        ['embed.token.weight'],
      );
      assert.ok(names.includes('decoder.blocks.1.cross_attn.out_proj.bias'));
      assert.ok(names.includes('encoder.blocks.0.attn.q_proj.weight'));
      assert.ok(!names.includes('encoder.blocks.0.norm3.weight'));
    }));

  test('a batch gives what its texts give one by one, without their padding', () =>
    withModel((model) => {
      const { logits, crossAttentions } = model.forward(inputs, { outputAttentions: true });
      const alone = model.forward({ inputIds: [9, 3], decoderInputIds: [1, 19, 7] });
      assertClose({ data: logits.data.slice(60), dims: [1, 3, 20] }, alone.logits, rounding);
      assert.deepEqual(
        [...crossAttentions[0].data.slice(36 + 2, 36 + 4)],
        [0, 0],
        'padding of the encoder is not attended to',
      );
    }));

  test('causal, mask, encoderMask, crossMask and temperature reach the attention that they are of, and no other', () =>
    withModel((model) => {
      const source = { inputIds: [5, 6, 7, 8], decoderInputIds: [1, 2, 4] };
      const kinds = ['encoderAttentions', 'decoderAttentions', 'crossAttentions'];
      const run = (options) => model.forward(source, { ...options, outputAttentions: true });
      const plain = run({});
      const changed = (options) =>
        kinds.filter((kind) =>
          plain[kind][0].data.some((weight, i) => weight !== run(options)[kind][0].data[i]),
        );
      assert.deepEqual(changed({}), []);
      // The encoder's output changes what follows it: the decoder's first attention to itself comes before that.
      assert.deepEqual(changed({ encoderMask: mask([4, 4], (i) => i % 5 === 0) }), [
        'encoderAttentions',
        'crossAttentions',
      ]);
      assert.deepEqual(changed({ crossMask: mask([3, 4], (i) => i % 2) }), ['crossAttentions']);
      assert.deepEqual(changed({ causal: false }), ['decoderAttentions', 'crossAttentions']);
      assert.deepEqual(changed({ mask: mask([3, 3], (i) => i % 4 === 0) }), [
        'decoderAttentions',
        'crossAttentions',
      ]);
      assert.deepEqual(changed({ temperature: 2 }), kinds);
      const { crossAttentions } = run({ crossMask: mask([1, 3, 3, 4], (i) => i % 4 === 1) });
      assert.ok(crossAttentions[1].data.every((weight, i) => weight === (i % 4 === 1 ? 1 : 0)));
    }));

  test("edits on either side: an encoder's change what follows, a decoder's leave the encoder", () =>
    withModel((model) => {
      const plain = model.forward(inputs);
      for (const at of model.activationNames()) {
        const edited = model.forward(inputs, {
          interventions: [{ at, op: 'scale', value: -2 }],
          trace: [at],
        });
        assert.ok(
          edited.logits.data.some((value, i) => Math.abs(value - plain.logits.data[i]) > 1e-4),
          at,
        );
        const encoderMoved = edited.encoderLastHiddenState.data.some(
          (value, i) => Math.abs(value - plain.encoderLastHiddenState.data[i]) > 1e-4,
        );
        assert.equal(encoderMoved, at.startsWith('encoder.'), at);
        assertClose(
          model.forward(inputs, { interventions: [{ at, op: 'scale', value: 1 }] }).logits,
          plain.logits,
          rounding,
          at,
        );
      }
      const cut = model.forward(inputs, {
        trace: ['decoder.blocks.1.cross_attn.pattern', 'decoder.blocks.1.cross_attn.z'],
        interventions: [{ at: 'decoder.blocks.1.cross_attn.pattern', head: 2, op: 'zero' }],
      }).trace;
      const z = cut.get('decoder.blocks.1.cross_attn.z'); // [2, 3, 3, 4]
      assert.ok(z.data.every((value, i) => (Math.floor(i / 12) % 3 === 2) === (value === 0)));
    }));

  test('vectors in place of ids, on both sides', () =>
    withModel((model) => {
      const expected = model.forward(inputs, { trace: ['encoder.embed', 'decoder.embed'] });
      const { trace, ...rest } = expected;
      const { inputIds: _, decoderInputIds: __, ...masks } = inputs;
      const given = {
        ...masks,
        inputsEmbeds: trace.get('encoder.embed'),
        decoderInputsEmbeds: trace.get('decoder.embed'),
      };
      const { trace: ___, ...actual } = model.forward(given);
      assert.deepEqual(actual, rest);
    }));

  test('greedy generation with everything cached is the likeliest token of whole passes; the source is read once', () =>
    withModel((model) => {
      const source = [5, 6, 7, 8];
      const ids = [1];
      while (ids.length < 9) {
        const { data } = model.forward({ inputIds: source, decoderInputIds: ids }).logits;
        const last = data.subarray(data.length - 20);
        ids.push(last.indexOf(Math.max(...last)));
      }
      const told = [];
      // A pass in between overwrites the encoder's memory; the generation has what it needs.
      const onToken = (id) =>
        told.push(id) && model.forward({ inputIds: [2, 2], decoderInputIds: [3] });
      assert.deepEqual(model.generate(source, { decoderInputIds: [1], maxNewTokens: 8, onToken }), {
        ids,
        finish: 'max_new_tokens',
      });
      assert.deepEqual(told, ids.slice(1));
      const padded = { decoderInputIds: [1], maxNewTokens: 8, attentionMask: [1, 1, 1, 1, 0, 0] };
      assert.deepEqual(model.generate([...source, 3, 3], padded).ids, ids);
      assert.deepEqual(
        model.generate(source, { decoderInputIds: ids.slice(0, 4), maxNewTokens: 5 }).ids,
        ids,
        'a longer beginning',
      );
      assert.equal(
        model.generate(source, { decoderInputIds: [1], maxNewTokens: 100 }).finish,
        'max_len',
      );
      const sample = (seed) =>
        model.generate(source, { decoderInputIds: [1], temperature: 2, topK: 5, seed }).ids;
      assert.deepEqual(sample(1), sample(1));
      assert.notDeepEqual(sample(1), sample(2));
      assert.equal(lab.rt.liveHandles, 1);
    }));

  test('bad words never come, whole words only; forced tokens do', () =>
    withLoaded(
      filesOf('marian_shared', { generation: { decoder_start_token_id: 30 } }),
      async (plain) => {
        const text = [7, 5, 24, 29, 6, 15];
        const options = { maxNewTokens: 6, stopTokens: [] };
        const { ids } = plain.generate(text, options);
        const generated = (generation) =>
          withLoaded(
            filesOf('marian_shared', { generation }),
            (model) => model.generate(text, options).ids,
          );
        const without = await generated({ bad_words_ids: [[ids[1]]] });
        assert.ok(!without.includes(ids[1]));
        const pair = ids.slice(2, 4);
        const withoutPair = await generated({ bad_words_ids: [pair] });
        assert.deepEqual(withoutPair.slice(0, 3), ids.slice(0, 3));
        assert.notEqual(withoutPair[3], ids[3]);
        const forced = await generated({
          bad_words_ids: [[ids[1]]],
          forced_bos_token_id: 12,
          forced_eos_token_id: [9, 4],
        });
        assert.deepEqual([forced[1], forced.at(-1), forced.length], [12, 4, 7]);
        // What config.json says counts where there is no generation_config.json, but for the start, without which nothing goes.
        const fields = { bad_words_ids: [[ids[1]]] };
        await withLoaded(filesOf('marian_shared', { fields }), (model) => {
          assert.ok(!model.generate(text, options).ids.includes(ids[1]));
          assert.deepEqual(model.stopTokens, [0]);
        });
        await withLoaded(filesOf('marian_shared', { fields, generation: {} }), (model) => {
          assert.deepEqual(model.generate(text, options).ids, ids);
          assert.deepEqual(model.stopTokens, []);
        });
      },
    ));

  test('Marian: the copies of a shared table that older files have, positions in the file, a missing bias', async () => {
    const given = { inputIds: [1, 2, 3], decoderInputIds: [30, 4] };
    const logitsOf = (source) => withLoaded(source, (model) => model.forward(given).logits);
    const expected = await logitsOf(checkpointPath('marian_shared'));
    const copies = [
      'lm_head.weight',
      'model.encoder.embed_tokens.weight',
      'model.decoder.embed_tokens.weight',
    ];
    const shared = (tensors) => tensors.find(([name]) => name === 'model.shared.weight')[1];
    assert.deepEqual(
      await logitsOf(
        filesOf('marian_shared', {
          change: (tensors) => [...tensors, ...copies.map((name) => [name, shared(tensors)])],
        }),
      ),
      expected,
    );
    const without = filesOf('marian_shared', {
      change: (tensors) => tensors.filter(([name]) => name !== 'final_logits_bias'),
    });
    await withLoaded(without, (model) => assert.equal(model.config.lmHeadBias, false));
    const positions = [
      'model.encoder.embed_positions.weight',
      { dtype: 'F32', shape: [24, 15], bytes: new Uint8Array(24 * 15 * 4) },
    ];
    await withLoaded(
      filesOf('marian_shared', { change: (tensors) => [...tensors, positions] }),
      (model) => {
        assert.deepEqual(
          [model.config.encoder.positions, model.config.positions],
          ['learned', 'sinusoidal_halves'],
        );
      },
    );
    // Transformers 4 shares the tables though the head is not tied.
    const older = filesOf('marian_untied', {
      change: (tensors) => tensors.filter(([name]) => !name.includes('embed_tokens')),
    });
    await withLoaded(older, (model) => assert.equal(model.config.shareEmbeddings, true));
  });

  const refused = [
    [
      { fields: { normalize_before: true } },
      /config\.json: normalize_before: expected false, got true/,
    ],
    [
      { fields: { static_position_embeddings: false } },
      /static_position_embeddings: expected true, got false/,
    ],
    [
      { fields: { activation_function: 'sigmoid' } },
      /activation_function: expected gelu or .*, got "sigmoid"/,
    ],
    [
      { fields: { decoder_attention_heads: 4 } },
      /decoder_attention_heads: expected a divisor of d_model 15, got 4/,
    ],
    [
      { generation: { bad_words_ids: [3] } },
      /generation_config\.json: bad_words_ids: expected an array of arrays/,
      'bad_checkpoint',
    ],
    [
      { fields: { encoder_layers: 3 } },
      /model\.encoder\.layers\.2\.self_attn\.q_proj\.weight: missing/,
      'checkpoint_mismatch',
    ],
    [
      { fields: { share_encoder_decoder_embeddings: false } },
      /model\.encoder\.embed_tokens\.weight: missing/,
      'checkpoint_mismatch',
    ],
  ];
  for (const [changes, message, code = 'unsupported_checkpoint'] of refused) {
    test(`Marian: refuses ${JSON.stringify(changes)}`, async () => {
      await assertRejects(lab.rt.loadModel(filesOf('marian_shared', changes)), code, message);
      assert.equal(lab.rt.liveHandles, 0);
      assertWorks(lab.rt);
    });
  }

  test('bad inputs are refused by name, and the model goes on working', () =>
    withModel((model) => {
      const before = model.forward(inputs);
      const forward = (changes, options) => () => model.forward({ ...inputs, ...changes }, options);
      const wrong = [
        [
          forward({ decoderInputIds: undefined }),
          'invalid_argument',
          /expected either decoderInputIds or decoderInputsEmbeds, got neither/,
        ],
        [
          forward({ inputIds: undefined }),
          'invalid_argument',
          /expected either inputIds or inputsEmbeds, got neither/,
        ],
        [
          forward({
            decoderInputIds: [
              [1, 20],
              [1, 2],
            ],
          }),
          'invalid_argument',
          /decoderInputIds\[0\]\[1\]: expected an integer from 0 to 19, got 20/,
        ],
        [
          forward({ decoderInputIds: [1, 2] }),
          'shape_mismatch',
          /decoderInputIds: expected a batch of 2 as the encoder's, got 1/,
        ],
        [
          forward({ decoderAttentionMask: [1, 1, 1] }),
          'shape_mismatch',
          /decoderAttentionMask: expected \[2, 3\], got \[1, 3\]/,
        ],
        [
          forward({ decoderInputIds: [new Array(13).fill(1), new Array(13).fill(1)] }),
          'invalid_argument',
          /decoderInputs: expected at most maxLen 12 tokens, got 13/,
        ],
        [
          forward({ decoderInputIds: undefined, decoderInputsEmbeds: tensor([2, 3, 11]) }),
          'shape_mismatch',
          /decoderInputsEmbeds: expected \[B, T, 12\]/,
        ],
        [
          forward({}, { crossMask: mask([4, 3], () => 1) }),
          'shape_mismatch',
          /crossMask: expected \[3, 4\]/,
        ],
        [
          forward({}, { encoderMask: mask([2, 3, 4, 4], () => 1) }),
          'shape_mismatch',
          /encoderMask: expected .*\[2, 2, 4, 4\], got \[2, 3, 4, 4\]/,
        ],
        [forward({}, { trace: ['blocks.0.attn.q'] }), 'unknown_name', /trace\[0\]/],
        [
          () => model.generate([1, 2]),
          'invalid_argument',
          /decoderInputIds: expected what the decoder begins with/,
        ],
        [
          () => model.generate([], { decoderInputIds: [1] }),
          'invalid_argument',
          /inputIds: expected a text of at least one token, got none/,
        ],
        [
          () => model.generate([[1], [2]], { decoderInputIds: [1] }),
          'invalid_argument',
          /inputIds: expected one sequence to read, got 2/,
        ],
        [
          () => model.generate([1], { decoderInputIds: [20] }),
          'invalid_argument',
          /decoderInputIds\[0\]: expected an integer from 0 to 19/,
        ],
        [
          () => model.generate([1], { decoderInputIds: [1], attentionMask: [1, 1] }),
          'shape_mismatch',
          /attentionMask: expected \[1, 1\], got \[1, 2\]/,
        ],
        [
          () => model.generate(new Array(13).fill(1), { decoderInputIds: [1] }),
          'invalid_argument',
          /inputIds: expected a text of at most maxLen 12 tokens, got 13/,
        ],
        [() => model.embed('text'), 'invalid_argument', /embed: expected a model of one stack/],
      ];
      for (const [run, code, message] of wrong) assertError(run, code, message);
      assert.deepEqual(model.forward(inputs), before);
      assert.equal(lab.rt.liveHandles, 1);
    }));

  test('configs that do not fit together, and inputs of two stacks for a model of one, are refused by name', () => {
    const make = (changes) => () => lab.rt.createModel({ ...config, ...changes });
    const wrong = [
      [make({ encoder: { numLayers: 0 } }), /config\.encoder\.numLayers/],
      [make({ encoder: { dModel: 8 } }), /config\.encoder\.dModel: unknown/],
      [
        make({ encoder: { attention: { numHeads: 5 } } }),
        /config\.encoder\.attention\.numHeads: expected a divisor of dModel 12/,
      ],
      [make({ encoder: 3 }), /config\.encoder: expected an object, got 3/],
      [
        make({ encoder: { vocabSize: 7 }, shareEmbeddings: true }),
        /config\.shareEmbeddings: expected an encoder of the decoder's vocabSize 20, got 7/,
      ],
      [
        make({ encoder: undefined, shareEmbeddings: true }),
        /config\.shareEmbeddings: .* got no encoder/,
      ],
      [make({ pooler: true }), /config\.pooler: expected false in a model with an encoder/],
      [
        make({ lmHead: false, lmHeadBias: true }),
        /config\.lmHeadBias: expected a model with lmHead/,
      ],
      [make({ embedScale: 0 }), /config\.embedScale/],
      [make({ feedForward: 'linear_of_sum' }), /linear_of_sum has no cross-attention/],
    ];
    for (const [run, message] of wrong) assertError(run, 'invalid_argument', message);
    const single = lab.rt.createModel({
      vocabSize: 5,
      dModel: 4,
      numLayers: 1,
      attention: { numHeads: 1 },
    });
    assertError(
      () => single.forward({ inputIds: [1], decoderInputIds: [1] }),
      'invalid_argument',
      /decoderInputIds: this model has no encoder/,
    );
    assertError(
      () => single.forward({ inputIds: [1] }, { crossMask: mask([1, 1], () => 1) }),
      'invalid_argument',
      /crossMask: this model has no encoder/,
    );
    single.dispose();
    assert.equal(lab.rt.liveHandles, 0);
  });

  test('in a worker', async () => {
    const worker = await createWorkerRuntime({ variant: lab.rt.variant });
    const remote = await worker.loadModel(checkpointPath('marian_shared'));
    await withLoaded(checkpointPath('marian_shared'), async (model) => {
      const text = [7, 5, 24, 29, 6, 15];
      const told = [];
      const result = await remote.generate(text, {
        maxNewTokens: 7,
        onToken: (id) => told.push(id),
      });
      assert.deepEqual(result, model.generate(text, { maxNewTokens: 7 }));
      assert.deepEqual(told, result.ids.slice(1));
      const given = { inputIds: text, decoderInputIds: [30, 1] };
      assert.deepEqual(
        await remote.forward(given, { outputAttentions: true }),
        model.forward(given, { outputAttentions: true }),
      );
    });
    remote.dispose();
    worker.dispose();
  });
});

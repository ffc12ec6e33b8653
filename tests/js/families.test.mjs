// The families' tables: fields that are refused, older names and configs, and sharded weights, sound and broken.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { container, serveFiles } from './checkpoint.mjs';
import { checkpointPath, readSafetensors } from './golden.mjs';
import { assertError, assertRejects, assertWorks, forEachVariant } from './support.mjs';

/** File name → bytes of a golden checkpoint; entries of `others` replace or, with null, remove. */
function filesOf(name, others = {}) {
  const folder = checkpointPath(name);
  const files = Object.fromEntries(
    readdirSync(folder).map((file) => [file, readFileSync(`${folder}/${file}`)]),
  );
  return Object.entries({ ...files, ...others }).filter(([, content]) => content !== null);
}

const configOf = (name) => JSON.parse(readFileSync(`${checkpointPath(name)}/config.json`, 'utf8'));

/** The same with other fields; undefined leaves one out. */
const withFields = (name, changes) =>
  filesOf(name, { 'config.json': JSON.stringify({ ...configOf(name), ...changes }) });

/** The checkpoint's tensors after `change` of the map name → { dtype, shape, bytes }, as a file. */
function withTensors(name, change) {
  const tensors = [...readSafetensors(`${checkpointPath(name)}/model.safetensors`)].map(
    ([key, { data, dims }]) => {
      return [key, { dtype: 'F32', shape: dims, bytes: new Uint8Array(data.buffer) }];
    },
  );
  return filesOf(name, { 'model.safetensors': container(new Map(change(tensors))) });
}

const opened = (entries) => entries.map(([name, content]) => new File([content], name));

forEachVariant('families', (lab) => {
  const load = (entries) => lab.rt.loadModel(opened(entries));
  const logits = async (entries) => {
    const model = await load(entries);
    try {
      return model.forward({ inputIds: [1, 2, 3, 4, 5] }).logits;
    } finally {
      model.dispose();
    }
  };
  const same = async (name, entries) =>
    assert.deepEqual(await logits(entries), await logits(filesOf(name)));

  const refused = [
    [
      'gpt2_odd',
      { scale_attn_by_inverse_layer_idx: true },
      'unsupported_checkpoint',
      /scale_attn_by_inverse_layer_idx: expected false, got true/,
    ],
    [
      'gpt2_odd',
      { add_cross_attention: true },
      'unsupported_checkpoint',
      /add_cross_attention: expected false, got true/,
    ],
    [
      'gpt2_odd',
      { activation_function: 'quick_gelu' },
      'unsupported_checkpoint',
      /activation_function: .* got "quick_gelu"/,
    ],
    [
      'gpt2_odd',
      { n_head: 4 },
      'unsupported_checkpoint',
      /n_head: expected a divisor of n_embd 21, got 4/,
    ],
    [
      'gpt2_odd',
      { quantization_config: { quant_method: 'gptq' } },
      'unsupported_checkpoint',
      /quantization_config: expected no value/,
    ],
    [
      'gpt2_odd',
      { pruned_heads: { 1: [0] } },
      'unsupported_checkpoint',
      /pruned_heads: expected none, got \{"1":\[0\]\}/,
    ],
    [
      'gpt2_odd',
      { tie_encoder_decoder: true },
      'unsupported_checkpoint',
      /tie_encoder_decoder: expected false, got true/,
    ],
    [
      'gpt2_odd',
      { n_head: undefined, num_attention_heads: 2 },
      'unsupported_checkpoint',
      /n_head: expected a divisor of n_embd 21, got 2/,
    ],
    ['gpt2_odd', { n_layer: 2.5 }, 'bad_checkpoint', /n_layer: expected an integer .* got 2\.5/],
    [
      'gpt2_odd',
      { eos_token_id: 'end' },
      'bad_checkpoint',
      /eos_token_id: expected a token id or an array of them, got "end"/,
    ],
    [
      'gpt2_odd',
      { tie_word_embeddings: false },
      'checkpoint_mismatch',
      /lm_head\.weight: missing \(expected \[300, 21\]\)/,
    ],
    [
      'gpt2_odd',
      { n_inner: 30 },
      'checkpoint_mismatch',
      /h\.0\.mlp\.c_fc\.weight: expected \[21, 30\], got \[21, 84\]/,
    ],
    [
      'llama_grouped',
      { rope_parameters: { rope_type: 'yarn', factor: 2 } },
      'unsupported_checkpoint',
      /rope_parameters\.rope_type: expected default or linear or llama3, got "yarn"/,
    ],
    [
      'llama_grouped',
      { rope_parameters: undefined, rope_scaling: { type: 'dynamic', factor: 2 } },
      'unsupported_checkpoint',
      /rope_scaling\.type: .* got "dynamic"/,
    ],
    [
      'llama_grouped',
      { rope_parameters: { rope_type: 'linear' } },
      'bad_checkpoint',
      /rope_parameters\.factor: expected a number above 0, got undefined/,
    ],
    [
      'llama_grouped',
      { rope_parameters: { rope_theta: 500, partial_rotary_factor: 0.5 } },
      'unsupported_checkpoint',
      /partial_rotary_factor: expected 1, got 0\.5/,
    ],
    [
      'llama_grouped',
      { partial_rotary_factor: 0.5 },
      'unsupported_checkpoint',
      /config\.json: partial_rotary_factor: expected 1, got 0\.5/,
    ],
    [
      'llama_grouped',
      { rope_scaling: { rope_type: 'longrope', factor: 2 } },
      'unsupported_checkpoint',
      /rope_scaling\.rope_type: .* got "longrope"/,
    ],
    [
      'llama_grouped',
      { rope_parameters: 'default' },
      'bad_checkpoint',
      /rope_parameters: expected an object, got "default"/,
    ],
    [
      'llama_grouped',
      { sliding_window: 4 },
      'unsupported_checkpoint',
      /sliding_window: expected no value, got 4/,
    ],
    [
      'llama_grouped',
      { num_key_value_heads: 3 },
      'unsupported_checkpoint',
      /num_key_value_heads: expected a divisor of num_attention_heads 4, got 3/,
    ],
    [
      'llama_grouped',
      { head_dim: 5 },
      'unsupported_checkpoint',
      /head_dim: expected an even size, for rotary positions, got 5/,
    ],
    [
      'llama_grouped',
      { num_key_value_heads: 4 },
      'checkpoint_mismatch',
      /k_proj\.weight: expected \[24, 24\], got \[12, 24\]/,
    ],
    [
      'llama_grouped',
      { tie_word_embeddings: 'yes' },
      'bad_checkpoint',
      /tie_word_embeddings: expected true or false, got "yes"/,
    ],
    [
      'distilbert_base',
      { n_heads: 4 },
      'unsupported_checkpoint',
      /n_heads: expected a divisor of dim 15, got 4/,
    ],
    [
      'roberta_mlm',
      { vocab_size: undefined },
      'checkpoint_mismatch',
      /word_embeddings\.weight: expected \[50265, 16\], got \[40, 16\]/,
    ],
    [
      'roberta_mlm',
      { hidden_act: 'relu' },
      'unsupported_checkpoint',
      /hidden_act: expected "gelu", got "relu"/,
    ],
    [
      'roberta_mlm',
      { max_position_embeddings: 2 },
      'unsupported_checkpoint',
      /max_position_embeddings: expected more than 2, pad_token_id \+ 1, got 2/,
    ],
    [
      'roberta_mlm',
      { is_decoder: true },
      'unsupported_checkpoint',
      /is_decoder: expected false, got true/,
    ],
    [
      'roberta_mlm',
      { pad_token_id: -1 },
      'bad_checkpoint',
      /pad_token_id: expected an integer from 0/,
    ],
  ];
  for (const [name, changes, code, message] of refused) {
    test(`${name}: refuses ${JSON.stringify(changes)}`, async () => {
      await assertRejects(load(withFields(name, changes)), code, message);
      assert.equal(lab.rt.liveHandles, 0);
      assertWorks(lab.rt);
    });
  }

  test('Llama: rope_theta and rope_scaling of Transformers 4 mean the same as rope_parameters of 5', async () => {
    const plain = { rope_parameters: undefined, rope_theta: 500 };
    await same('llama_grouped', withFields('llama_grouped', plain));
    await same('llama_grouped', withFields('llama_grouped', { ...plain, rope_scaling: null }));
    const scaled = configOf('llama_scaled').rope_parameters;
    const { rope_theta: theta, ...scaling } = scaled;
    await same(
      'llama_scaled',
      withFields('llama_scaled', {
        rope_parameters: undefined,
        rope_theta: theta,
        rope_scaling: scaling,
      }),
    );
    await same(
      'llama_scaled',
      withFields('llama_scaled', { rope_parameters: { rope_theta: 7 }, rope_scaling: scaled }),
    );
    const { original_max_position_embeddings: trained, ...rest } = scaled;
    const outside = { rope_parameters: rest, original_max_position_embeddings: trained };
    await same('llama_scaled', withFields('llama_scaled', outside));
    const linear = {
      rope_parameters: undefined,
      rope_theta: 10000,
      rope_scaling: { type: 'linear', factor: 2 },
    };
    await same('llama_linear', withFields('llama_linear', linear));
  });

  test("Transformers' other names for a family's fields, and pruned_heads of nothing", async () => {
    const { n_embd, n_head, n_layer, n_positions, ...rest } = configOf('gpt2_odd');
    const others = {
      hidden_size: n_embd,
      num_attention_heads: n_head,
      num_hidden_layers: n_layer,
      max_position_embeddings: n_positions,
    };
    await same(
      'gpt2_odd',
      filesOf('gpt2_odd', {
        'config.json': JSON.stringify({ ...rest, ...others, pruned_heads: {} }),
      }),
    );
  });

  test("what ends a text where neither file says it is what Transformers' config says", async () => {
    for (const [name, stops] of [
      ['gpt2_odd', [50256]],
      ['llama_grouped', [2]],
      ['marian_shared', [0]],
    ]) {
      const config = JSON.stringify({ ...configOf(name), eos_token_id: undefined });
      const model = await load(
        filesOf(name, { 'config.json': config, 'generation_config.json': null }),
      );
      assert.deepEqual(model.stopTokens, stops);
      model.dispose();
      const none = await load(
        filesOf(name, {
          'config.json': JSON.stringify({ ...configOf(name), eos_token_id: null }),
          'generation_config.json': null,
        }),
      );
      assert.deepEqual(none.stopTokens, []);
      none.dispose();
    }
  });

  for (const [name, others] of [
    ['marian_shared', { 'generation_config.json': '{"encoder_no_repeat_ngram_size": 3}' }],
    ['marian_shared', { 'generation_config.json': '{"sequence_bias": [[[1], 2]]}' }],
    ['llama_grouped', { 'generation_config.json': '{"encoder_repetition_penalty": 1.3}' }],
    [
      'gpt2_odd',
      {
        'config.json': JSON.stringify({ ...configOf('gpt2_odd'), guidance_scale: 1.5 }),
        'generation_config.json': null,
      },
    ],
  ]) {
    test(`${name}: generate refuses what would choose other tokens, in ${Object.keys(others)[0]}; a pass does not`, async () => {
      const model = await load(filesOf(name, others));
      try {
        const decoder = name.startsWith('marian') ? { decoderInputIds: [1, 2] } : {};
        assert.ok(
          model.forward({ inputIds: [1, 2], ...decoder }).logits.data.every(Number.isFinite),
        );
        assertError(
          () => model.generate([1, 2]),
          'unsupported_checkpoint',
          /generate: (generation_)?config\.json: (encoder_no_repeat_ngram_size|sequence_bias|encoder_repetition_penalty|guidance_scale): expected .*, got/,
        );
      } finally {
        model.dispose();
      }
    });
  }

  test("GPT-2: without prefix, with the buffers and the tied copy that the hub's files have", async () => {
    await same(
      'gpt2_odd',
      withTensors('gpt2_odd', (tensors) => [
        ...tensors.map(([name, tensor]) => [name.replace('transformer.', ''), tensor]),
        ['h.0.attn.bias', { dtype: 'U8', shape: [1, 1, 26, 26], bytes: new Uint8Array(676) }],
        ['h.1.attn.masked_bias', { dtype: 'F32', shape: [], bytes: new Uint8Array(4) }],
        ['lm_head.weight', tensors.find(([name]) => name.endsWith('wte.weight'))[1]],
      ]),
    );
  });

  test('a tensor too much is named', async () => {
    const extra = [
      'transformer.h.9.ln_1.weight',
      { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) },
    ];
    await assertRejects(
      load(withTensors('gpt2_odd', (tensors) => [...tensors, extra])),
      'checkpoint_mismatch',
      /transformer\.h\.9\.ln_1\.weight: unexpected/,
    );
  });

  const indexName = 'model.safetensors.index.json';
  const index = JSON.parse(readFileSync(`${checkpointPath('llama_scaled')}/${indexName}`, 'utf8'));
  const withMap = (change) =>
    filesOf('llama_scaled', {
      [indexName]: JSON.stringify({ ...index, weight_map: change({ ...index.weight_map }) }),
    });
  const first = 'model-00001-of-00005.safetensors';
  const query = 'model.layers.0.self_attn.q_proj.weight';
  const brokenShards = [
    [
      'a missing shard',
      () => filesOf('llama_scaled', { [first]: null }),
      'file_missing',
      /model-00001-of-00005\.safetensors: not found/,
    ],
    [
      'a tensor in another shard',
      () => withMap((map) => ({ ...map, [query]: 'model-00002-of-00005.safetensors' })),
      'bad_checkpoint',
      /model-00002-of-00005\.safetensors: model\.layers\.0\.self_attn\.q_proj\.weight: missing, though/,
    ],
    [
      'a tensor that no shard has',
      () => withMap((map) => ({ ...map, ghost: first })),
      'bad_checkpoint',
      /00001.*: ghost: missing, though/,
    ],
    [
      'a path out of the folder',
      () => withMap((map) => ({ ...map, [query]: '../model.safetensors' })),
      'bad_checkpoint',
      /q_proj\.weight: expected the name of a \.safetensors file in the folder, got "\.\.\/model\.safetensors"/,
    ],
    [
      'a path into another folder',
      () => withMap((map) => ({ ...map, [query]: 'a\\b.safetensors' })),
      'bad_checkpoint',
      /got "a\\\\b\.safetensors"/,
    ],
    [
      'an address',
      () => withMap((map) => ({ ...map, [query]: 'https://x.org/m.safetensors' })),
      'bad_checkpoint',
      /got "https:/,
    ],
    [
      'a number for a file',
      () => withMap((map) => ({ ...map, [query]: 3 })),
      'bad_checkpoint',
      /got 3/,
    ],
    [
      'an empty map',
      () => withMap(() => ({})),
      'bad_checkpoint',
      /weight_map: expected an object of tensor and file names, got \{\}/,
    ],
    [
      'no map',
      () => filesOf('llama_scaled', { [indexName]: '{}' }),
      'bad_checkpoint',
      /weight_map: .* got undefined/,
    ],
    [
      'a truncated shard',
      () =>
        filesOf('llama_scaled', {
          [first]: readFileSync(`${checkpointPath('llama_scaled')}/${first}`).subarray(0, -4),
        }),
      'bad_checkpoint',
      /00001.*truncated/,
    ],
    [
      'neither file',
      () => filesOf('llama_scaled', { [indexName]: null }),
      'file_missing',
      /model\.safetensors: not found/,
    ],
  ];
  for (const [what, entries, code, message] of brokenShards) {
    test(`shards: refuses ${what}`, async () => {
      await assertRejects(load(entries()), code, message);
      assert.equal(lab.rt.liveHandles, 0);
      assertWorks(lab.rt);
    });
  }

  test('shards over HTTP, where an address that is not there answers with a page', async () => {
    const page = '<!DOCTYPE html><html></html>';
    const server = await serveFiles(
      Object.fromEntries(filesOf('llama_scaled')),
      (request, response, content) => {
        if (content === undefined) response.end(page);
        return content === undefined;
      },
    );
    try {
      const progress = [];
      const model = await lab.rt.loadModel(server.url, {
        onProgress: (report) => progress.push(report),
      });
      model.dispose();
      for (const file of new Set(Object.values(index.weight_map))) {
        const reports = progress.filter((report) => report.file === file);
        assert.ok(reports.length > 0, file);
        assert.equal(reports.at(-1).loaded, reports.at(-1).total);
        assert.ok(
          reports.every(({ loaded }, i) => i === 0 || loaded >= reports[i - 1].loaded),
          'never backwards',
        );
      }
    } finally {
      await server.close();
    }
  });
});

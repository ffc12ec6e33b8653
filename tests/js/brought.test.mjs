// Checkpoints as people bring them: JSON as Python writes it, one of the names of a tied table, float64, servers that answer 403,
// weights in another format, folders of sentence-transformers, penalties in generation_config.json.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { container } from './checkpoint.mjs';
import { checkpointPath } from './golden.mjs';
import { assertError, assertRejects, forEachVariant } from './support.mjs';

const encode = (text) => new TextEncoder().encode(text);
const filesOf = (name) =>
  new Map(
    readdirSync(checkpointPath(name)).map((file) => [
      file,
      new Uint8Array(readFileSync(`${checkpointPath(name)}/${file}`)),
    ]),
  );
const textOf = (files, name) => new TextDecoder().decode(files.get(name));

/** name → { dtype, shape, bytes } of a safetensors file. */
function tensorsOf(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  delete header.__metadata__;
  return new Map(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => [name, { dtype, shape, bytes: bytes.slice(8 + length + begin, 8 + length + end) }],
    ),
  );
}
const withTensors = (files, change) =>
  files.set(
    'model.safetensors',
    new Uint8Array(container(change(tensorsOf(files.get('model.safetensors'))))),
  );

/** The same map with one name changed. */
const renamed = (from, to) => (tensors) => {
  assert.ok(tensors.has(from), from);
  tensors.delete(to);
  return new Map([...tensors].map(([name, tensor]) => [name === from ? to : name, tensor]));
};

async function logitsOf(rt, source) {
  const model = await rt.loadModel(source);
  const decoder = model.config.encoder ? { decoderInputIds: [1, 2] } : {};
  const { logits, lastHiddenState } = model.forward({ inputIds: [3, 1, 4, 1, 5], ...decoder });
  model.dispose();
  return (logits ?? lastHiddenState).data;
}

const tied = [
  ['gpt2_odd', /wte\.weight$/, 'lm_head.weight'],
  ['mlm_gelu', /word_embeddings\.weight$/, 'cls.predictions.decoder.weight'],
  ['roberta_mlm', /word_embeddings\.weight$/, 'lm_head.decoder.weight'],
  ['longformer_mlm', /word_embeddings\.weight$/, 'lm_head.decoder.weight'],
  ['distilbert_mlm', /word_embeddings\.weight$/, 'vocab_projector.weight'],
  ['marian_shared', /shared\.weight$/, 'lm_head.weight'],
  ['marian_shared', /shared\.weight$/, 'model.decoder.embed_tokens.weight'],
  ['marian_shared', /shared\.weight$/, 'model.encoder.embed_tokens.weight'],
  ['marian_separate', /decoder\.embed_tokens\.weight$/, 'lm_head.weight'],
];

forEachVariant('checkpoints as people bring them', (lab) => {
  for (const [name, usual, other] of tied) {
    test(`${name}: the tied table under ${other}`, async () => {
      const files = filesOf(name);
      const from = [...tensorsOf(files.get('model.safetensors')).keys()].find((each) =>
        usual.test(each),
      );
      withTensors(files, renamed(from, other));
      assert.deepEqual(await logitsOf(lab.rt, files), await logitsOf(lab.rt, filesOf(name)));
    });
  }

  test('Infinity and NaN in JSON, as Python writes them, and back when it is saved', async () => {
    const files = filesOf('gpt2_odd');
    const text = textOf(files, 'config.json').replace(
      '{',
      '{"a": [0.0, Infinity, -Infinity, NaN], "b": "NaN and Infinity", ',
    );
    files.set('config.json', encode(text));
    const model = await lab.rt.loadModel(files);
    const saved = new TextDecoder().decode(model.save().get('config.json'));
    model.dispose();
    assert.match(saved, /"a": \[\s*0,\s*Infinity,\s*-Infinity,\s*NaN\s*\]/);
    assert.match(saved, /"b": "NaN and Infinity"/);
    assert.deepEqual(await logitsOf(lab.rt, files), await logitsOf(lab.rt, filesOf('gpt2_odd')));
    for (const value of ['NaN', 'Infinity', '1e-300', '1e300']) {
      files.set(
        'config.json',
        encode(text.replace(/"layer_norm_epsilon": [^,]+/, `"layer_norm_epsilon": ${value}`)),
      );
      await assertRejects(lab.rt.loadModel(files), 'bad_checkpoint', /layer_norm_epsilon/);
    }
  });

  test('float64, metadata that is null', async () => {
    const files = filesOf('gpt2_odd');
    const widen = ({ dtype, shape, bytes }) =>
      dtype === 'F32'
        ? {
            dtype: 'F64',
            shape,
            bytes: new Uint8Array(Float64Array.from(new Float32Array(bytes.buffer)).buffer),
          }
        : { dtype, shape, bytes };
    const wide = new Map(
      [...tensorsOf(files.get('model.safetensors'))].map(([name, tensor]) => [name, widen(tensor)]),
    );
    const expected = await logitsOf(lab.rt, filesOf('gpt2_odd'));
    files.set(
      'model.safetensors',
      new Uint8Array(container(wide, (header) => ({ __metadata__: null, ...header }))),
    );
    assert.deepEqual(await logitsOf(lab.rt, files), expected);
    const [name, tensor] = [...wide].find(([each]) => each.endsWith('ln_f.weight'));
    const bytes = tensor.bytes.slice();
    new DataView(bytes.buffer).setFloat64(8, 1e300, true);
    files.set(
      'model.safetensors',
      new Uint8Array(container(new Map([...wide, [name, { ...tensor, bytes }]]))),
    );
    await assertRejects(
      lab.rt.loadModel(files),
      'bad_checkpoint',
      /ln_f\.weight\[1\].*float32.*1e\+300/,
    );
  });

  test('a tensor that the index does not name counts; one in two files that it names in neither is refused', async () => {
    const files = filesOf('gpt2_odd');
    const tensors = tensorsOf(files.get('model.safetensors'));
    files.delete('model.safetensors');
    const names = [...tensors.keys()];
    const part = (of) =>
      new Uint8Array(container(new Map(of.map((name) => [name, tensors.get(name)]))));
    const half = names.length >> 1;
    const [a, b] = ['a.safetensors', 'b.safetensors'];
    files.set(a, part(names.slice(0, half)));
    files.set(b, part(names.slice(half)));
    const index = (of) => encode(JSON.stringify({ weight_map: Object.fromEntries(of) }));
    files.set(
      'model.safetensors.index.json',
      index([[names[0], a], ...names.slice(half + 1).map((n) => [n, b])]),
    );
    assert.deepEqual(await logitsOf(lab.rt, files), await logitsOf(lab.rt, filesOf('gpt2_odd')));
    files.set(b, part(names.slice(1)));
    await assertRejects(lab.rt.loadModel(files), 'bad_checkpoint', /names neither/);
  });

  test('an optional file that a store answers with 403 is absent; one that is needed is not', async () => {
    const files = filesOf('gpt2_odd');
    const server = createServer((request, response) => {
      const bytes = files.get(request.url.split('/').at(-1));
      response
        .writeHead(bytes ? 200 : 403)
        .end(bytes ?? '<Error><Code>AccessDenied</Code></Error>');
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${server.address().port}/m`;
    await logitsOf(lab.rt, url);
    files.delete('model.safetensors');
    await assertRejects(lab.rt.loadModel(url), 'network', /model\.safetensors.*403/);
    server.closeAllConnections();
    server.close();
  });

  test('errors that say what to do', async () => {
    const pointer = encode(
      `version https://git-lfs.github.com/spec/v1\noid sha256:${'ab'.repeat(32)}\nsize 548105171\n`,
    );
    const having = (changes) => new Map([...filesOf('gpt2_odd'), ...Object.entries(changes)]);
    const without = new Map([['config.json', filesOf('gpt2_odd').get('config.json')]]);
    for (const [source, code, message] of [
      [having({ 'model.safetensors': pointer }), 'bad_checkpoint', /git lfs pull/],
      [having({ 'config.json': pointer }), 'bad_checkpoint', /git lfs pull/],
      [
        new Map([...without, ['pytorch_model.bin', new Uint8Array(9)]]),
        'file_missing',
        /pytorch_model\.bin.*save_pretrained/,
      ],
      [without, 'file_missing', /model\.safetensors: not found/],
      ['gpt2', 'file_missing', /'org\/name'/],
      ['', 'invalid_argument', /source: expected/],
      ['./a\0b', 'invalid_argument', /source: expected/],
    ])
      await assertRejects(lab.rt.loadModel(source), code, message);
  });

  const texts = ['the cat sat', 'the dog sat on the mat because it was tired', 'the'];
  for (const [mode, pool] of Object.entries({
    cls: (rows) => rows[0],
    lasttoken: (rows) => rows.at(-1),
    max: (rows) => rows[0].map((_, i) => Math.max(...rows.map((row) => row[i]))),
    mean: (rows) => rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length),
    mean_sqrt_len_tokens: (rows) =>
      rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / Math.sqrt(rows.length)),
    weightedmean: (rows) => {
      const total = rows.reduce((sum, _, t) => sum + t + 1, 0);
      return rows[0].map((_, i) =>
        rows.reduce((sum, row, t) => sum + (row[i] * (t + 1)) / total, 0),
      );
    },
  }))
    for (const normalised of [true, false])
      test(`sentence-transformers: ${mode}, ${normalised ? '' : 'not '}normalised, cut at 6 tokens`, async () => {
        const flag =
          {
            weightedmean: 'weightedmean_tokens',
            mean: 'mean_tokens',
            max: 'max_tokens',
            cls: 'cls_token',
          }[mode] ?? mode;
        const old = { [`pooling_mode_${flag}`]: true };
        const model = await lab.rt.loadModel(
          sentences(normalised, normalised ? old : { pooling_mode: mode }),
        );
        const { data, dims } = model.embed(texts);
        assert.deepEqual(dims, [3, model.config.dModel]);
        texts.forEach((text, index) => {
          const { ids } = model.encode(text);
          const kept = ids.length > 6 ? [...ids.slice(0, 5), ids.at(-1)] : ids;
          const { lastHiddenState } = model.forward({ inputIds: kept });
          const D = model.config.dModel;
          const rows = kept.map((_, t) => [...lastHiddenState.data.subarray(t * D, (t + 1) * D)]);
          const vector = pool(rows);
          const norm = normalised ? Math.hypot(...vector) : 1;
          vector.forEach((value, i) =>
            assert.ok(Math.abs(data[index * D + i] - value / norm) < 2e-6, `${text}: ${i}`),
          );
        });
        model.dispose();
      });

  test('sentence-transformers: what is not computed is said when texts come, and what is broken at once', async () => {
    const dense = sentences(true, { pooling_mode: 'mean' });
    const modules = JSON.parse(textOf(dense, 'modules.json'));
    modules.push({ path: '3_Dense', type: 'sentence_transformers.models.Dense' });
    dense.set('modules.json', encode(JSON.stringify(modules)));
    const both = sentences(true, { pooling_mode_cls_token: true, pooling_mode_mean_tokens: true });
    const none = sentences(true, {});
    none.delete('1_Pooling/config.json');
    for (const source of [dense, both, none]) {
      const model = await lab.rt.loadModel(source);
      assert.throws(() => model.embed('the cat'), { code: 'unsupported_checkpoint' });
      model.forward({ inputIds: [1, 2] });
      model.dispose();
    }
    for (const text of [
      '{}',
      '[1]',
      '[{"type": 3}]',
      '[{"path": "../../etc", "type": "x"}]',
      '[',
    ]) {
      const broken = sentences(true, {});
      broken.set('modules.json', encode(text));
      await assertRejects(lab.rt.loadModel(broken), 'bad_checkpoint', /modules\.json/);
    }
  });

  /** Greedy, by whole passes, with the rules applied to the logits as Transformers does. */
  function expectedIds(model, prompt, steps, { penalty = 1, ngram = 0, least = 0, stop }) {
    const ids = [...prompt];
    for (let k = 0; k < steps; ++k) {
      const { logits } = model.forward({ inputIds: ids });
      const V = logits.dims.at(-1);
      const row = [...logits.data.subarray((ids.length - 1) * V)];
      for (const id of new Set(ids))
        row[id] = Math.fround(row[id] < 0 ? row[id] * penalty : row[id] / penalty);
      for (let at = 0; ngram > 0 && at + ngram <= ids.length; ++at)
        if (ids.slice(at, at + ngram - 1).join() === ids.slice(ids.length - ngram + 1).join())
          row[ids[at + ngram - 1]] = -Infinity;
      if (k < least) row[stop] = -Infinity;
      ids.push(row.indexOf(Math.max(...row)));
      if (ids.at(-1) === stop) break;
    }
    return ids;
  }

  test('repetition penalty, no-repeat n-grams and fewest tokens, of the call and of the checkpoint', async () => {
    const plain = await lab.rt.loadModel(checkpointPath('gpt2_odd'));
    const prompt = [3, 1, 4, 1, 5];
    const ids = (options) =>
      plain.generate(prompt, { maxNewTokens: 9, stopTokens: [], ...options }).ids;
    const free = ids({});
    let changed = 0;
    for (const penalty of [0.5, 1.1, 1.5, 3, 20]) {
      const got = ids({ repetitionPenalty: penalty });
      assert.deepEqual(got, expectedIds(plain, prompt, 9, { penalty }), `penalty ${penalty}`);
      if (got.join() !== free.join()) ++changed;
    }
    assert.ok(changed > 0, 'a penalty that changes something');
    for (const ngram of [1, 2, 3])
      assert.deepEqual(
        ids({ noRepeatNgramSize: ngram }),
        expectedIds(plain, prompt, 9, { ngram }),
        `n ${ngram}`,
      );
    const stop = free[prompt.length];
    assert.equal(ids({ stopTokens: [stop] }).length, prompt.length + 1);
    for (const least of [1, 4])
      assert.deepEqual(
        ids({ stopTokens: [stop], minNewTokens: least }),
        expectedIds(plain, prompt, 9, { least, stop }),
      );
    const files = filesOf('gpt2_odd');
    files.set(
      'generation_config.json',
      encode(
        JSON.stringify({
          repetition_penalty: 20,
          no_repeat_ngram_size: 2,
          min_length: 8,
          eos_token_id: stop,
        }),
      ),
    );
    const asked = await lab.rt.loadModel(files);
    const options = { penalty: 20, ngram: 2, least: 3, stop };
    assert.deepEqual(
      asked.generate(prompt, { maxNewTokens: 9 }).ids,
      expectedIds(plain, prompt, 9, options),
    );
    assert.deepEqual(
      asked.generate(prompt, {
        maxNewTokens: 9,
        stopTokens: [],
        repetitionPenalty: 1,
        noRepeatNgramSize: 0,
        minNewTokens: 0,
      }).ids,
      free,
    );
    for (const [option, value] of [
      ['repetitionPenalty', 0],
      ['repetitionPenalty', -1],
      ['repetitionPenalty', NaN],
      ['noRepeatNgramSize', -1],
      ['minNewTokens', 0.5],
    ])
      assert.throws(() => plain.generate(prompt, { [option]: value }), {
        code: 'invalid_argument',
        message: new RegExp(option),
      });
    plain.dispose();
    asked.dispose();
  });
});

/** A folder of sentence-transformers around a golden BERT. */
function sentences(normalised, pooling) {
  const files = filesOf('bert_sentences');
  const type = (name) => `sentence_transformers.models.${name}`;
  const modules = [
    { idx: 0, path: '', type: type('Transformer') },
    { idx: 1, path: '1_Pooling', type: type('Pooling') },
    ...(normalised ? [{ idx: 2, path: '2_Normalize', type: type('Normalize') }] : []),
  ];
  files.set('modules.json', encode(JSON.stringify(modules)));
  files.set('1_Pooling/config.json', encode(JSON.stringify(pooling)));
  files.set('sentence_bert_config.json', encode('{"max_seq_length": 6, "do_lower_case": false}'));
  return files;
}

/** Each: a golden checkpoint, its body's prefix, and the architecture and head of another task. */
const otherTasks = [
  ['mlm_gelu', 'bert.', 'BertForMultipleChoice', 'classifier'],
  ['roberta_mlm', 'roberta.', 'RobertaForMultipleChoice', 'classifier'],
  ['gpt2_body', 'transformer.', 'GPT2ForSequenceClassification', 'score'],
  ['llama_grouped', 'model.', 'LlamaForSequenceClassification', 'score'],
];

forEachVariant('checkpoints of which only a part can be read', (lab) => {
  for (const [name, prefix, architecture, head] of otherTasks)
    test(`${architecture}: its body loads, and its head is given back`, async () => {
      const files = filesOf(name);
      const config = { ...JSON.parse(textOf(files, 'config.json')), architectures: [architecture] };
      const hidden = async (source) => {
        const model = await lab.rt.loadModel(source);
        const { lastHiddenState } = model.forward({ inputIds: [3, 1, 4] });
        const { warnings } = model;
        const saved = model.save();
        model.dispose();
        return { values: lastHiddenState.data, warnings, saved };
      };
      const own = await hidden(filesOf(name));
      assert.deepEqual(own.warnings, []);
      const scores = {
        dtype: 'F32',
        shape: [2, 3],
        bytes: new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer),
      };
      withTensors(files, (tensors) => {
        const isPrefixed = [...tensors.keys()].some((each) => each.startsWith(prefix));
        const body = [...tensors].flatMap(([each, tensor]) =>
          isPrefixed
            ? each.startsWith(prefix)
              ? [[each, tensor]]
              : []
            : [[prefix + each, tensor]],
        );
        return new Map([...body, [`${head}.weight`, scores]]);
      });
      files.set('config.json', encode(JSON.stringify(config)));
      const { values, warnings, saved } = await hidden(files);
      assert.deepEqual(values, own.values);
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0],
        new RegExp(`${architecture}: loaded as its body.*${head}\\.weight`),
      );
      assert.deepEqual(tensorsOf(saved.get('model.safetensors')).get(`${head}.weight`), scores);
      assert.deepEqual(JSON.parse(textOf(saved, 'config.json')).architectures, [architecture]);
      withTensors(files, (tensors) => new Map([...tensors, [`${prefix}surplus`, scores]]));
      await assertRejects(lab.rt.loadModel(files), 'checkpoint_mismatch', /surplus: unexpected/);
    });

  test('a tokenizer that cannot be read leaves a model of ids', async () => {
    const files = filesOf('mlm_gelu');
    const expected = await logitsOf(lab.rt, files);
    const json = JSON.parse(textOf(files, 'tokenizer.json'));
    json.pre_tokenizer = { type: 'Magic' };
    files.set('tokenizer.json', encode(JSON.stringify(json)));
    assert.deepEqual(await logitsOf(lab.rt, files), expected);
    const model = await lab.rt.loadModel(files);
    assert.equal(model.tokenizer, undefined);
    assert.match(model.warnings[0], /tokenizer cannot be read.*Magic/);
    for (const call of [() => model.encode('it'), () => model.decode([1]), () => model.embed('it')])
      assertError(call, 'no_tokenizer', /Magic.*token ids/);
    assert.deepEqual(model.save().get('tokenizer.json'), files.get('tokenizer.json'));
    model.dispose();
  });
});

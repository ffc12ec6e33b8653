// rt.loadModel from a path, File objects and HTTP: progress, abort, missing and false files, and configs it cannot honour.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  asFiles,
  checkpoint,
  config,
  container,
  serveFiles,
  tensorShapes,
  weights,
} from './checkpoint.mjs';
import { assertRejects, assertWorks, forEachVariant } from './support.mjs';

const folders = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function folderOf(files) {
  const folder = await mkdtemp(join(tmpdir(), 'attention-lab-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const json = (changes) => JSON.stringify({ ...config, ...changes });
const html = '<!DOCTYPE html>\n<html><body>The page</body></html>';

forEachVariant('loading', (lab) => {
  const used = async (promise) => {
    const model = await promise;
    try {
      const { logits } = model.forward({ inputIds: [1, 2, 3] });
      assert.ok(logits.data.every(Number.isFinite));
      return logits;
    } finally {
      model.dispose();
    }
  };
  const withServer = async (files, answer, run) => {
    const server = await serveFiles(files, answer);
    try {
      return await run(server.url, server);
    } finally {
      await server.close();
    }
  };

  test('a path, a file: URL, a URL, a URL object and File objects give the same model', async () => {
    const folder = await folderOf(checkpoint());
    const expected = await used(lab.rt.loadModel(folder));
    assert.deepEqual(await used(lab.rt.loadModel(pathToFileURL(folder))), expected);
    assert.deepEqual(await used(lab.rt.loadModel(pathToFileURL(folder).href)), expected);
    assert.deepEqual(await used(lab.rt.loadModel(asFiles(checkpoint()))), expected);
    await withServer(checkpoint(), undefined, async (url) => {
      assert.deepEqual(await used(lab.rt.loadModel(url)), expected);
      assert.deepEqual(await used(lab.rt.loadModel(`${url}/`)), expected);
      assert.deepEqual(await used(lab.rt.loadModel(new URL(url))), expected);
    });
  });

  test('a query in the URL goes to every file', () =>
    withServer(checkpoint(), undefined, async (url, { requests }) => {
      await used(lab.rt.loadModel(`${url}?token=abc`));
      assert.ok(requests.includes('/model.safetensors?token=abc'), requests.join(' '));
    }));

  test('config.json becomes the config', async () => {
    const model = await lab.rt.loadModel(asFiles(checkpoint()));
    const { attention, ...rest } = model.config;
    assert.deepEqual(rest, {
      vocabSize: 11,
      maxLen: 6,
      typeVocabSize: 2,
      dModel: 8,
      numLayers: 1,
      dFf: 12,
      positions: 'learned',
      embedNorm: true,
      norm: 'post',
      normEps: 1e-12,
      finalNorm: false,
      activation: 'gelu',
      feedForward: 'mlp',
      pooler: false,
      maskedLmHead: true,
      normKind: 'layer',
      gated: false,
      mlpBias: true,
      lmHead: false,
      tieEmbeddings: true,
      positionOffset: 0,
      padTokenId: -1,
      embedScale: 1,
      encoder: null,
      shareEmbeddings: false,
      lmHeadBias: false,
      image: null,
      numLabels: 0,
      labelsFor: 'sequence',
      problemType: 'single_label_classification',
      poolerActivation: 'tanh',
      dEmbed: 0,
      logitScale: 1,
      memLength: 0,
      t5Bias: { numBuckets: 32, maxDistance: 128, bidirectional: true },
      rotary: {
        theta: 10000,
        dRotary: 0,
        linearFactor: 1,
        llama3Factor: 1,
        lowFrequency: 1,
        highFrequency: 4,
        originalMaxLen: 8192,
      },
    });
    assert.equal(attention.dHead, 4);
    assert.equal(model.tokenizer, undefined);
    model.dispose();
  });

  test('other names for the same tensors: no prefix, gamma and beta, a pooler, buffers, tied copies', async () => {
    const plain = weights();
    const expected = await used(lab.rt.loadModel(asFiles(checkpoint())));
    const renamed = (rename) => new Map([...plain].map(([name, tensor]) => [rename(name), tensor]));
    const variants = {
      'no prefix': renamed((name) => name.replace(/^bert\./, '')),
      'gamma and beta': renamed((name) =>
        name
          .replace(/LayerNorm\.weight$/, 'LayerNorm.gamma')
          .replace(/LayerNorm\.bias$/, 'LayerNorm.beta'),
      ),
      'a bias of the decoder': renamed((name) =>
        name.replace('cls.predictions.bias', 'cls.predictions.decoder.bias'),
      ),
      extras: new Map([
        ...plain,
        [
          'bert.embeddings.position_ids',
          { dtype: 'I64', shape: [1, 6], bytes: new Uint8Array(48) },
        ],
        ['cls.predictions.decoder.weight', plain.get('bert.embeddings.word_embeddings.weight')],
        ['cls.predictions.decoder.bias', plain.get('cls.predictions.bias')],
        ['cls.seq_relationship.weight', { dtype: 'F32', shape: [2, 8], bytes: new Uint8Array(64) }],
        ['cls.seq_relationship.bias', { dtype: 'F32', shape: [2], bytes: new Uint8Array(8) }],
      ]),
    };
    for (const [what, tensors] of Object.entries(variants)) {
      const files = checkpoint({ 'model.safetensors': container(tensors) });
      assert.deepEqual(await used(lab.rt.loadModel(asFiles(files))), expected, what);
    }
    const pooled = new Map([
      ...plain,
      ['bert.pooler.dense.weight', { dtype: 'F32', shape: [8, 8], bytes: new Uint8Array(256) }],
      ['bert.pooler.dense.bias', { dtype: 'F32', shape: [8], bytes: new Uint8Array(32) }],
    ]);
    const model = await lab.rt.loadModel(
      asFiles(checkpoint({ 'model.safetensors': container(pooled) })),
    );
    assert.deepEqual(model.forward({ inputIds: [1] }).poolerOutput.dims, [1, 8]);
    model.dispose();
  });

  test('an untied head computes with its own matrix and bias', async () => {
    const logits = async (json, tensors) => {
      const files = checkpoint({ 'config.json': json, 'model.safetensors': container(tensors) });
      const model = await lab.rt.loadModel(asFiles(files));
      try {
        return [...model.forward({ inputIds: [1, 2, 3] }).logits.data];
      } finally {
        model.dispose();
      }
    };
    const plain = weights();
    const embedding = plain.get('bert.embeddings.word_embeddings.weight');
    const tied = await logits(json({}), plain);
    const untied = (matrix) =>
      logits(
        json({ tie_word_embeddings: false }),
        new Map([...plain, ['cls.predictions.decoder.weight', matrix]]),
      );
    assert.deepEqual(await untied(embedding), tied);
    const zeros = { ...embedding, bytes: new Uint8Array(embedding.bytes.length) };
    const bias = new Float32Array(plain.get('cls.predictions.bias').bytes.slice().buffer);
    assert.deepEqual(await untied(zeros), [...bias, ...bias, ...bias]);
    await assert.rejects(
      logits(json({ tie_word_embeddings: false }), plain),
      /cls\.predictions\.decoder\.weight: missing/,
    );
  });

  test('of several files with one name the one highest up counts', async () => {
    const deep = new File(['{"word_embedding_dimension": 8}'], 'config.json');
    Object.defineProperty(deep, 'webkitRelativePath', { value: 'model/1_Pooling/config.json' });
    const files = asFiles(checkpoint());
    for (const file of files)
      Object.defineProperty(file, 'webkitRelativePath', { value: `model/${file.name}` });
    await used(lab.rt.loadModel([deep, ...files]));
  });

  test('progress: every file, growing, and the true total', async () => {
    const files = checkpoint();
    const size = files['model.safetensors'].length;
    await withServer(files, undefined, async (url) => {
      const seen = [];
      await used(lab.rt.loadModel(url, { onProgress: (progress) => seen.push(progress) }));
      assert.deepEqual(
        [...new Set(seen.map(({ file }) => file))],
        ['config.json', 'model.safetensors'],
      );
      const loaded = seen
        .filter(({ file }) => file === 'model.safetensors')
        .map((progress) => progress.loaded);
      assert.deepEqual(
        loaded,
        [...loaded].sort((a, b) => a - b),
      );
      assert.deepEqual(seen.at(-1), { file: 'model.safetensors', loaded: size, total: size });
    });
  });

  test('progress: a Content-Length that is missing, or that of a compressed body, misleads nobody', async () => {
    const files = checkpoint();
    const size = files['model.safetensors'].length;
    const { gzipSync } = await import('node:zlib');
    const answers = {
      chunked: (_, response, content) =>
        content
          ? (response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end(content), true)
          : false,
      compressed: (_, response, content) => {
        if (!content) return false;
        const body = gzipSync(content);
        response
          .writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': body.length })
          .end(body);
        return true;
      },
    };
    for (const answer of Object.values(answers)) {
      await withServer(files, answer, async (url) => {
        const seen = [];
        await used(lab.rt.loadModel(url, { onProgress: (progress) => seen.push(progress) }));
        assert.equal(seen.find(({ file }) => file === 'config.json').total, undefined);
        assert.deepEqual(seen.at(-1), { file: 'model.safetensors', loaded: size, total: size });
      });
    }
  });

  test('the weights are streamed: never more than one tensor is held outside the module', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    const large = {
      ...config,
      vocab_size: 8192,
      hidden_size: 128,
      intermediate_size: 2048,
      num_hidden_layers: 3,
    };
    const folder = await folderOf(
      checkpoint({
        'config.json': JSON.stringify(large),
        'model.safetensors': container(weights(tensorShapes(large))),
      }),
    );
    const largest = 8192 * 128 * 4;
    await setImmediate(); // what wrote the files lets go of them
    collect();
    await setImmediate();
    collect(); // buffers are given back a collection later
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    let reports = 0;
    const onProgress = () => {
      collect();
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      reports += 1;
    };
    await used(lab.rt.loadModel(folder, { onProgress }));
    assert.ok(reports > 5, `${reports} reports`);
    assert.ok(
      peak > largest / 2 && peak < largest + 3e6,
      `${peak} bytes at the peak, the largest tensor has ${largest}`,
    );
  });

  test('abort: before, during each file, and from a progress report', async () => {
    await assertRejects(
      lab.rt.loadModel(asFiles(checkpoint()), { signal: AbortSignal.abort() }),
      'aborted',
      /loadModel: aborted/,
    );
    for (const held of ['config.json', 'tokenizer.json', 'model.safetensors']) {
      const controller = new AbortController();
      const answer = (request, response, content) => {
        if (!request.url.includes(held)) return false;
        response.writeHead(200, { 'Content-Length': 1e6 }).write((content ?? '{"').slice(0, 2));
        setTimeout(() => controller.abort(), 20);
        return true;
      };
      await withServer(checkpoint(), answer, (url) =>
        assertRejects(
          lab.rt.loadModel(url, { signal: controller.signal }),
          'aborted',
          new RegExp(`${held}: aborted by the caller`),
        ),
      );
    }
    const folder = await folderOf(checkpoint());
    for (const source of [folder, asFiles(checkpoint())]) {
      const controller = new AbortController();
      const onProgress = ({ file }) => file === 'model.safetensors' && controller.abort();
      await assertRejects(
        lab.rt.loadModel(source, { onProgress, signal: controller.signal }),
        'aborted',
        /aborted/,
      );
    }
    assert.equal(lab.rt.liveHandles, 0);
    assertWorks(lab.rt);
  });

  test('an error thrown by onProgress comes through, and nothing is left', async () => {
    const onProgress = ({ file }) => {
      if (file === 'model.safetensors') throw new RangeError('mine');
    };
    await assert.rejects(lab.rt.loadModel(asFiles(checkpoint()), { onProgress }), /mine/);
    assert.equal(lab.rt.liveHandles, 0);
  });

  test('network: a status, a broken connection, no server', async () => {
    const status = (_, response) => (response.writeHead(503).end(), true);
    await withServer({}, status, (url) =>
      assertRejects(
        lab.rt.loadModel(url),
        'network',
        /config\.json: expected the file, got status 503/,
      ),
    );
    const cut = (request, response, content) => {
      if (!request.url.includes('safetensors')) return false;
      response
        .writeHead(200, { 'Content-Length': content.length })
        .write(content.subarray(0, 900), () => response.destroy());
      return true;
    };
    await withServer(checkpoint(), cut, (url) =>
      assertRejects(lab.rt.loadModel(url), 'network', /model\.safetensors/),
    );
    const gone = await withServer({}, undefined, (url) => url);
    await assertRejects(lab.rt.loadModel(gone), 'network', /config\.json: /);
  });

  test('an HTML page in place of a file is named; in place of an optional file it means none', async () => {
    const spa = (missing) => (request, response) => {
      if (!missing.some((name) => request.url.includes(name))) return false;
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
      return true;
    };
    for (const name of ['config.json', 'model.safetensors']) {
      await withServer(checkpoint(), spa([name]), (url) =>
        assertRejects(
          lab.rt.loadModel(url),
          'file_missing',
          new RegExp(`${name}: expected the file, got an HTML page`),
        ),
      );
    }
    await withServer(checkpoint(), spa(['tokenizer']), (url) => used(lab.rt.loadModel(url)));
  });

  test('missing files are named, with the folder', async () => {
    for (const name of ['config.json', 'model.safetensors']) {
      const files = checkpoint({ [name]: null });
      await assertRejects(
        lab.rt.loadModel(asFiles(files)),
        'file_missing',
        new RegExp(`${name}: not found in the 1 files given`),
      );
      const folder = await folderOf(files);
      await assertRejects(
        lab.rt.loadModel(folder),
        'file_missing',
        new RegExp(`${name}: not found in ${folder}`),
      );
      await withServer(files, undefined, (url) =>
        assertRejects(
          lab.rt.loadModel(url),
          'file_missing',
          new RegExp(`${name}: not found in ${url}/`),
        ),
      );
    }
    await assertRejects(
      lab.rt.loadModel('/no/such/folder'),
      'file_missing',
      /config\.json: not found in \/no\/such\/folder/,
    );
  });

  test('sources that are none', async () => {
    for (const source of [undefined, null, 3, {}]) {
      await assertRejects(lab.rt.loadModel(source), 'invalid_argument', /source: expected/);
    }
    await assertRejects(
      lab.rt.loadModel(['config.json']),
      'invalid_argument',
      /source\[0\]: expected a File, got "config\.json"/,
    );
    await assertRejects(
      lab.rt.loadModel([], { onProgres: () => 0 }),
      'invalid_argument',
      /options\.onProgres: unknown/,
    );
    await assertRejects(
      lab.rt.loadModel([], { signal: null }),
      'invalid_argument',
      /signal: expected an AbortSignal, got null/,
    );
    await assertRejects(
      lab.rt.loadModel([], { onProgress: 3 }),
      'invalid_argument',
      /onProgress: expected a function, got 3/,
    );
  });

  const refusals = [
    ['no JSON', '{', 'bad_checkpoint', /config\.json: expected JSON/],
    ['a JSON array', '[]', 'bad_checkpoint', /config\.json: expected a JSON object, got \[\]/],
    [
      'an unknown family',
      json({ model_type: 'mamba' }),
      'unsupported_checkpoint',
      /model_type: "mamba" is no family .*\nThe nearest that it reads: \w+ \(.*\)\n.*docs\/models\.md/,
    ],
    [
      'an unknown family of a known kind',
      json({ model_type: 'qwen3_moe', architectures: ['Qwen3MoeForCausalLM'] }),
      'unsupported_checkpoint',
      /"qwen3_moe" is no family .*\(Qwen3MoeForCausalLM\)\nThe nearest that it reads: qwen\d /,
    ],
    ['no family', '{}', 'unsupported_checkpoint', /model_type: undefined is no family/],
    [
      'an unknown architecture',
      json({ model_type: 'attention_lab', architectures: ['AttentionLabForNothing'] }),
      'unsupported_checkpoint',
      /architectures: "AttentionLabForNothing" is none .*attention_lab\nThe nearest.*AttentionLabModel/,
    ],
    [
      'architectures that are no list',
      json({ architectures: 3 }),
      'bad_checkpoint',
      /architectures: expected names, got 3/,
    ],
    [
      'an unknown activation',
      json({ hidden_act: 'mish' }),
      'unsupported_checkpoint',
      /hidden_act: expected gelu or gelu_new .* got "mish"/,
    ],
    [
      'relative positions',
      json({ position_embedding_type: 'relative_key' }),
      'unsupported_checkpoint',
      /position_embedding_type: expected "absolute", got "relative_key"/,
    ],
    [
      'a decoder',
      json({ is_decoder: true }),
      'unsupported_checkpoint',
      /is_decoder: expected false, got true/,
    ],
    [
      'heads that do not divide',
      json({ num_attention_heads: 3 }),
      'unsupported_checkpoint',
      /num_attention_heads: expected a divisor of hidden_size 8, got 3/,
    ],
    [
      'a size as text',
      json({ hidden_size: '8' }),
      'bad_checkpoint',
      /hidden_size: expected an integer .* got "8"/,
    ],
    ['a size beyond reason', json({ vocab_size: 1e15 }), 'bad_checkpoint', /vocab_size/],
    [
      'eps 0',
      json({ layer_norm_eps: 0 }),
      'bad_checkpoint',
      /layer_norm_eps: expected a number above 0, got 0/,
    ],
    [
      'sizes that the weights do not have',
      json({ hidden_size: 16 }),
      'checkpoint_mismatch',
      /word_embeddings\.weight: expected \[11, 16\], got \[11, 8\]/,
    ],
    [
      'more layers than the file has',
      json({ num_hidden_layers: 1024 }),
      'checkpoint_mismatch',
      /encoder\.layer\.1\.attention\.self\.query\.weight: missing .*; and \d+ more/,
    ],
    [
      'more layers than reason',
      json({ num_hidden_layers: 1 << 20 }),
      'bad_checkpoint',
      /num_hidden_layers: expected an integer from 1 to 1024/,
    ],
  ];
  for (const [what, text, code, message] of refusals) {
    test(`config.json: ${what}`, async () => {
      await assertRejects(
        lab.rt.loadModel(asFiles(checkpoint({ 'config.json': text }))),
        code,
        message,
      );
      assert.equal(lab.rt.liveHandles, 0);
    });
  }

  test('config.json: every activation it honours', async () => {
    const expected = {
      gelu: 'gelu',
      gelu_new: 'gelu_tanh',
      gelu_pytorch_tanh: 'gelu_tanh',
      gelu_fast: 'gelu_tanh',
      gelu_accurate: 'gelu_tanh',
      gelu_python_tanh: 'gelu_tanh',
      gelu_python: 'gelu',
      swish: 'silu',
      relu: 'relu',
      silu: 'silu',
    };
    for (const [theirs, ours] of Object.entries(expected)) {
      const model = await lab.rt.loadModel(
        asFiles(checkpoint({ 'config.json': json({ hidden_act: theirs }) })),
      );
      assert.equal(model.config.activation, ours);
      model.dispose();
    }
  });

  test('a checkpoint without architectures is read by its tensors', async () => {
    const { architectures: _, ...rest } = config;
    await used(lab.rt.loadModel(asFiles(checkpoint({ 'config.json': JSON.stringify(rest) }))));
    const body = weights(
      Object.fromEntries(
        Object.entries(tensorShapes()).filter(([name]) => name.startsWith('bert.')),
      ),
    );
    const files = checkpoint({
      'config.json': JSON.stringify(rest),
      'model.safetensors': container(body),
    });
    const model = await lab.rt.loadModel(asFiles(files));
    assert.equal(model.config.maskedLmHead, false);
    model.dispose();
  });

  test('two loads at once do not disturb each other', async () => {
    const other = checkpoint({ 'model.safetensors': container(weights(undefined, 9)) });
    const alone = [
      await used(lab.rt.loadModel(asFiles(checkpoint()))),
      await used(lab.rt.loadModel(asFiles(other))),
    ];
    const together = await Promise.all([
      used(lab.rt.loadModel(asFiles(checkpoint()))),
      used(lab.rt.loadModel(asFiles(other))),
    ]);
    assert.deepEqual(together, alone);
    assert.notDeepEqual(alone[0], alone[1]);
  });
});

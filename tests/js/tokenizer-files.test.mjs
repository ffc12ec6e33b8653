// Tokenizers of checkpoints without a tokenizer.json: the ids, tokens and texts of Transformers; a translator from text to text.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { checkpointPath } from './golden.mjs';
import { serveHub } from './hub.mjs';
import { assertTokenizerRefused, forEachVariant } from './support.mjs';
import { cases, texts, tokenizerFolder, translations, ways } from './tokenizer-files.mjs';

describe('tokenizers by their own files', () => {
  let rt;
  before(async () => (rt = await createRuntime({ variant: 'simd128' })));
  after(() => assert.equal(rt.liveHandles, 0));

  for (const { name, about, expected, pairs, target } of cases) {
    describe(`${name}: ${about}`, () => {
      let model;
      before(async () => (model = await rt.loadModel(tokenizerFolder(name))));
      after(() => model.dispose());
      if (pairs)
        test('two texts as one', () => {
          for (const { texts, ids, types } of pairs) {
            const encoded = model.encode(...texts);
            assert.deepEqual([encoded.ids, encoded.tokenTypeIds], [ids, types]);
          }
        });
      for (const [side, rows] of Object.entries({
        tokenizer: expected,
        ...(target && { targetTokenizer: target }),
      })) {
        rows.forEach((row, index) => {
          const text = texts[index];
          test(`${side}: ${JSON.stringify(text.slice(0, 60))}`, () => {
            const tokenizer = model[side];
            const { ids, tokens, specialTokens, offsets } = tokenizer.encode(text);
            assert.deepEqual(ids, row.ids);
            const own = (_, at) => !specialTokens[at];
            assert.deepEqual(
              tokens.filter(own),
              row.tokens ?? ids.filter(own).map((id) => tokenizer.idToToken(id)),
            );
            if (row.decoded !== undefined) {
              assert.equal(tokenizer.decode(ids), row.decoded);
              assert.equal(
                tokenizer.decode(ids, { skipSpecialTokens: true }),
                row.withoutSpecial ?? row.decoded,
              );
            }
            for (const offset of offsets)
              if (offset)
                assert.ok(0 <= offset[0] && offset[0] < offset[1] && offset[1] <= text.length);
          });
        });
      }
    });
  }

  const changed = (name, changes) => {
    const files = tokenizerFolder(name);
    for (const [file, content] of Object.entries(changes)) {
      if (content === null) files.delete(file);
      else
        files.set(file, typeof content === 'string' ? new TextEncoder().encode(content) : content);
    }
    return rt.loadModel(files);
  };
  const withModel = async (loading, use) => {
    const model = await loading;
    try {
      return await use(model);
    } finally {
      model.dispose();
    }
  };
  const spmOf = (name, file) => tokenizerFolder(name).get(file);

  test('words and offsets of pieces, the space before a word not among them', () =>
    withModel(changed('marian', {}), ({ tokenizer }) => {
      const text = '>>de<< The  cat ☃ﬁ sees.';
      const { tokens, words, offsets } = tokenizer.encode(text);
      const found = offsets.map((offset) => offset && text.slice(...offset));
      assert.deepEqual(tokens[0], '>>de<<');
      assert.equal(found[0], '>>de<<');
      tokens.forEach((token, at) => {
        if (/^▁?\w+$/.test(token) && !/fi|[fi]$/.test(token))
          assert.equal(found[at], token.replace('▁', ''));
      });
      const wordsOf = (part) => [
        ...new Set(
          words.filter(
            (_, at) =>
              found[at] &&
              text.indexOf(part) <= offsets[at][0] &&
              offsets[at][1] <= text.indexOf(part) + part.length,
          ),
        ),
      ];
      assert.equal(wordsOf('The').length, 1);
      assert.equal(wordsOf('sees.').length, 1);
      assert.ok(wordsOf('cat')[0] < wordsOf('sees.')[0]);
    }));

  test('what saving gives back holds the tokenizer, to the byte', () =>
    withModel(changed('marian', {}), async (model) => {
      const saved = model.save();
      for (const [name, bytes] of tokenizerFolder('marian'))
        if (!/^(config\.json|model)/.test(name)) assert.deepEqual(saved.get(name), bytes, name);
      await withModel(rt.loadModel(saved), (again) =>
        assert.deepEqual(again.encode(texts[4]), model.encode(texts[4])),
      );
    }));

  test('examples of unequal length are padded by the tokenizer of their side', async () => {
    const { '<pad>': pad, ...vocab } = JSON.parse(
      new TextDecoder().decode(tokenizerFolder('marian_two_vocabs').get('vocab.json')),
    );
    await withModel(
      changed('marian_two_vocabs', { 'vocab.json': JSON.stringify({ ...vocab, '<pad>': 18 }) }),
      (model) => {
        const example = (length) => ({
          inputIds: Array(length).fill(1),
          decoderInputIds: Array(length).fill(1),
          labels: Array(length).fill(1),
        });
        const trainer = model.trainer({ lr: 1e-3 });
        const { inputIds, decoderInputIds } = trainer.batchOf([example(1), example(2)]);
        trainer.dispose();
        assert.deepEqual([inputIds[0], decoderInputIds[0], pad], [[1, 18], [1, 2], 2]);
      },
    );
  });

  test('a tokenizer.json that puts nothing around its texts leaves the second in', async () => {
    const { pairs } = cases.find(({ name }) => name === 'gpt2_bare');
    const vocab = JSON.parse(new TextDecoder().decode(spmOf('gpt2_bare', 'vocab.json')));
    const merges = new TextDecoder()
      .decode(spmOf('gpt2_bare', 'merges.txt'))
      .trim()
      .split('\n')
      .slice(1);
    for (const post_processor of [null, { type: 'ByteLevel', trim_offsets: false }]) {
      const json = {
        model: { type: 'BPE', vocab, merges },
        pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
        post_processor,
      };
      await withModel(changed('gpt2_bare', { 'tokenizer.json': JSON.stringify(json) }), (model) => {
        for (const { texts, ids, types } of pairs) {
          const encoded = model.encode(...texts);
          assert.deepEqual([encoded.ids, encoded.tokenTypeIds], [ids, types]);
        }
      });
    }
  });

  test("Marian's own files count before a tokenizer.json, which is of one side only", async () => {
    const json = tokenizerFolder('precompiled').get('tokenizer.json');
    await withModel(changed('marian', { 'tokenizer.json': json }), (model) =>
      assert.notEqual(model.targetTokenizer, model.tokenizer),
    );
    await withModel(changed('precompiled', {}), (model) =>
      assert.equal(model.targetTokenizer, model.tokenizer),
    );
  });

  test('a class that a file names counts, whatever the family; of an unknown one there is no tokenizer', async () => {
    const vocab = tokenizerFolder('bert_bare').get('vocab.txt');
    const chinese = {
      'vocab.txt': vocab,
      'vocab.json': null,
      'merges.txt': null,
      'tokenizer_config.json': '{"tokenizer_class":"BertTokenizer"}',
    };
    await withModel(changed('gpt2_bare', chinese), (model) =>
      assert.equal(model.encode('the').tokens[0], '[CLS]'),
    );
    await withModel(
      changed('bert_bare', {
        'tokenizer_config.json': '{"tokenizer_class":"BertJapaneseTokenizer"}',
      }),
      (model) => assert.equal(model.tokenizer, undefined),
    );
    await withModel(changed('marian', { 'source.spm': null }), (model) =>
      assert.equal(model.targetTokenizer, undefined),
    );
  });

  const refused = [
    ['marian', { 'target.spm': null }, 'file_missing', /target\.spm: expected beside source\.spm/],
    ['marian', { 'vocab.json': null }, 'file_missing', /vocab\.json: expected beside source\.spm/],
    [
      'marian_two_vocabs',
      { 'target_vocab.json': null },
      'file_missing',
      /target_vocab\.json: expected beside/,
    ],
    [
      'marian',
      { 'vocab.json': '{"</s>":0}' },
      'bad_checkpoint',
      /vocab\.json: expected the unk_token "<unk>"/,
    ],
    [
      'marian',
      { 'vocab.json': '{"</s>":0,"<unk>":-1}' },
      'bad_checkpoint',
      /vocab\.json: <unk>: expected an id from 0 to \d+, got -1/,
    ],
    [
      'marian',
      { 'vocab.json': '{"</s>":0,"<unk>":1e9}' },
      'bad_checkpoint',
      /vocab\.json: <unk>: expected an id/,
    ],
    [
      'marian',
      { 'source.spm': spmOf('llama', 'tokenizer.model') },
      'unsupported_checkpoint',
      /source\.spm: trainer_spec\.model_type: expected unigram, got bpe/,
    ],
    [
      'marian',
      { 'source.spm': '' },
      'bad_checkpoint',
      /source\.spm: expected 1 to \d+ pieces, got 0/,
    ],
    ['marian', { 'source.spm': '<html>' }, 'bad_checkpoint', /source\.spm: byte \d+: expected/],
    [
      'marian',
      { 'source.spm': spmOf('marian', 'source.spm').subarray(0, 5000) },
      'bad_checkpoint',
      /source\.spm: byte \d+: expected at most \d+ bytes, got a length of \d+/,
    ],
    [
      'llama',
      { 'tokenizer.model': spmOf('marian', 'target.spm') },
      'unsupported_checkpoint',
      /tokenizer\.model: trainer_spec\.model_type: expected bpe, got unigram/,
    ],
    [
      'llama',
      { 'tokenizer.model': 'IQ== 0\nIg== 1\n' },
      'bad_checkpoint',
      /tokenizer\.model: expected 1 to \d+ pieces, got 0/,
    ], // a file of tiktoken's
    [
      'bert_bare',
      { 'vocab.txt': 'the\ncat\n' },
      'bad_checkpoint',
      /vocab\.txt: expected the unk_token "\[UNK\]"/,
    ],
    [
      'gpt2_bare',
      { 'merges.txt': '#version: 0.2\na b c\n' },
      'bad_checkpoint',
      /merges\.txt: line 2: expected two pieces with a space between them, got "a b c"/,
    ],
    [
      'gpt2_bare',
      { 'merges.txt': 'a ☃\n' },
      'bad_checkpoint',
      /merges\.txt: line 1: expected pieces of vocab\.json, got "☃"/,
    ],
    [
      'gpt2_bare',
      { 'vocab.json': null },
      'file_missing',
      /vocab\.json: expected beside merges\.txt/,
    ],
    [
      'gpt2_bare',
      { 'tokenizer_config.json': '{"tokenizer_class":3}' },
      'bad_checkpoint',
      /tokenizer_class: expected a name, got 3/,
    ],
    [
      'gpt2_bare',
      { 'tokenizer_config.json': '{"add_bos_token":1}' },
      'bad_checkpoint',
      /add_bos_token: expected true or false, got 1/,
    ],
    [
      'gpt2_bare',
      { 'tokenizer_config.json': '{"bos_token":4}' },
      'bad_checkpoint',
      /bos_token: expected a token, got 4/,
    ],
    [
      'roberta',
      { 'special_tokens_map.json': '{"cls_token":"[CLS]"}' },
      'bad_checkpoint',
      /vocab\.json: expected the cls_token "\[CLS\]"/,
    ],
  ];
  const field = (number, wire, ...bytes) => [
    (number << 3) | wire,
    ...(wire === 2 ? [bytes.length] : []),
    ...bytes,
  ];
  const float = (value) => new Uint8Array(Float32Array.of(value).buffer);
  const piece = (text, { score = -1, type = 1 } = {}) =>
    field(
      1,
      2,
      ...field(1, 2, ...Buffer.from(text)),
      ...field(2, 5, ...float(score)),
      ...field(3, 0, type),
    );
  const unk = piece('<unk>', { type: 2 });
  const malformed = [
    [
      'a score that is no number',
      [...unk, ...piece('a', { score: NaN })],
      /source\.spm: pieces\[1\]: score: expected a number, got NaN/,
    ],
    [
      'a piece twice',
      [...unk, ...piece('a'), ...piece('a')],
      /pieces\[2\]: expected another text than pieces\[1\], got "a"/,
    ],
    ['a piece without text', [...unk, ...piece('')], /pieces\[1\]: expected a text, got none/],
    [
      'a type that there is none of',
      [...unk, ...piece('a', { type: 7 })],
      /pieces\[1\]: type: expected 1 to 6, got 7/,
    ],
    ['no unknown piece', piece('a'), /source\.spm: expected one piece of type unknown, got 0/],
    ['no piece of text', unk, /source\.spm: expected pieces of type normal, got none/],
    [
      'bytes that are no UTF-8',
      [...unk, ...field(1, 2, ...field(1, 2, 0xff))],
      /pieces\[1\]: expected UTF-8 text/,
    ],
    [
      'a number in place of a piece',
      [...unk, ...field(1, 0, 3)],
      /source\.spm: field 1: expected bytes, got integer/,
    ],
    [
      'a length beyond the file',
      [...unk, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x07],
      /byte \d+: expected at most 0 bytes, got a length of 2147483647/,
    ],
    [
      'a length without end',
      [...unk, 0x0a, ...Array(11).fill(0xff)],
      /byte \d+: expected an integer of at most 10 bytes, got a longer one/,
    ],
    [
      'a group, which no file has',
      [...unk, 0x0b],
      /byte \d+: expected a field of a protocol buffer, got wire type 3/,
    ],
    [
      'rules longer than they are',
      [...unk, ...piece('a'), ...field(3, 2, ...field(2, 2, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0))],
      /precompiled_charsmap: expected a trie of 4 to 4 bytes, got 2147483647/,
    ],
  ];
  for (const [what, bytes, message] of malformed) {
    test(`source.spm: refuses ${what}`, () =>
      assertTokenizerRefused(
        changed('marian', { 'source.spm': Uint8Array.from(bytes) }),
        'bad_checkpoint',
        message,
      ));
  }

  for (const [index, { model: spm, pieces }] of ways.entries()) {
    test(`of ways to cut a text that are as likely, the one that SentencePiece finds, model ${index}`, () =>
      withModel(
        changed('marian', { 'source.spm': Uint8Array.from(Buffer.from(spm, 'base64')) }),
        ({ tokenizer }) => {
          for (const [text, expected] of Object.entries(pieces))
            assert.deepEqual(tokenizer.encode(text).tokens.slice(0, -1), expected, text);
        },
      ));
  }

  test('by the id of a hub, though the download of source.spm breaks off', async () => {
    const name = 'Helsinki-NLP/opus-mt-en-de';
    const files = Object.fromEntries(
      readdirSync(checkpointPath('marian_texts')).map((file) => [
        file,
        readFileSync(join(checkpointPath('marian_texts'), file)),
      ]),
    );
    const hub = await serveHub({ [name]: { main: files } }, ({ file, number }) =>
      file === 'source.spm' && number === 1 ? { cut: 100_000 } : undefined,
    );
    const cacheDir = mkdtempSync(join(tmpdir(), 'attention-lab-'));
    try {
      await withModel(rt.loadModel(name, { hub: hub.url, cacheDir }), (model) => {
        const { source, text } = translations[0];
        assert.equal(model.generate(model.encode(source).ids, { maxNewTokens: 63 }).text, text);
      });
      assert.equal(hub.requests.filter(({ file }) => file === 'source.spm').length, 2);
    } finally {
      await hub.close();
      rmSync(cacheDir, { recursive: true });
    }
  });

  for (const [name, changes, code, message] of refused) {
    test(`${name}: refuses ${Object.entries(changes).map(([file, content]) => `${file} ${JSON.stringify(content)?.slice(0, 40)}`)}`, async () => {
      await assertTokenizerRefused(changed(name, changes), code, message);
      assert.equal(rt.liveHandles, 0);
    });
  }
});

forEachVariant('a translator', (lab) => {
  for (const { source, ids, text } of translations) {
    test(`${source} → ${text}`, async () => {
      const model = await lab.rt.loadModel(checkpointPath('marian_texts'));
      try {
        const told = [];
        const result = model.generate(model.encode(source).ids, {
          maxNewTokens: 63,
          onToken: (_, piece) => told.push(piece),
        });
        assert.deepEqual(result, { ids, text, finish: 'stop_token' });
        assert.equal(told.join('').trim(), text);
        assert.equal(model.decode(ids, { skipSpecialTokens: true }), text);
        const answer = model.targetTokenizer.encode(text);
        assert.equal(model.decode(answer.ids, { skipSpecialTokens: true }), text);
      } finally {
        model.dispose();
      }
    });
  }

  test('in a worker', async () => {
    const worker = await createWorkerRuntime({ variant: lab.rt.variant });
    const model = await lab.rt.loadModel(checkpointPath('marian_texts'));
    const remote = await worker.loadModel(checkpointPath('marian_texts'));
    const { source, ids, text } = translations[1];
    assert.deepEqual(await remote.encode(source), model.encode(source));
    assert.deepEqual(await remote.targetTokenizer.encode(text), model.targetTokenizer.encode(text));
    assert.notDeepEqual(
      (await remote.tokenizer.encode(text)).ids,
      model.targetTokenizer.encode(text).ids,
    );
    assert.deepEqual(await remote.generate(model.encode(source).ids, { maxNewTokens: 63 }), {
      ids,
      text,
      finish: 'stop_token',
    });
    assert.equal(await remote.decode(ids, { skipSpecialTokens: true }), text);
    assert.deepEqual(remote.tokenizer.languageCodes, ['>>de<<', '>>fr<<']);
    remote.dispose();
    model.dispose();
    const one = await worker.loadModel(checkpointPath('mlm_gelu'));
    assert.equal(one.targetTokenizer, one.tokenizer);
    one.dispose();
    worker.dispose();
  });
});

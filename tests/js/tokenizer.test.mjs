// The tokenizer of a checkpoint: ids, words, offsets, special tokens, and broken files. (Golden values: golden.test.mjs.)
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { AttentionLabError, createRuntime } from 'attention-lab';
import { asFiles, checkpoint } from './checkpoint.mjs';
import { assertError, assertTokenizerRefused } from './support.mjs';

const folder = new URL('../golden/checkpoints/mlm_gelu/', import.meta.url);
const json = JSON.parse(await readFile(new URL('tokenizer.json', folder), 'utf8'));

describe('tokenizer', () => {
  let rt;
  let model;
  let tokenizer;
  before(async () => {
    rt = await createRuntime({ variant: 'simd128' });
    model = await rt.loadModel(folder);
    ({ tokenizer } = model);
  });
  after(() => {
    model.dispose();
    assert.equal(rt.liveHandles, 0);
  });
  const load = (tokenizerJson, config) =>
    rt.loadModel(
      asFiles(
        checkpoint({
          'tokenizer.json': tokenizerJson,
          ...(config && { 'tokenizer_config.json': config }),
        }),
      ),
    );

  test('every array has one entry per token', () => {
    const encoding = tokenizer.encode('The [MASK] did not fit.');
    const { ids, tokens } = encoding;
    for (const [name, values] of Object.entries(encoding))
      assert.equal(values.length, ids.length, name);
    assert.deepEqual(
      tokens.map((token) => tokenizer.tokenToId(token)),
      ids,
    );
    assert.deepEqual(
      ids.map((id) => tokenizer.idToToken(id)),
      tokens,
    );
  });

  test('special tokens are those that were added, not those that were typed', () => {
    const { tokens, specialTokens, words, offsets } = tokenizer.encode('it [MASK]');
    const at = tokens.indexOf('[MASK]');
    assert.deepEqual([tokens[0], tokens.at(-1)], ['[CLS]', '[SEP]']);
    assert.deepEqual(
      [specialTokens[0], specialTokens[at], specialTokens.at(-1)],
      [true, false, true],
    );
    assert.deepEqual([words[0], offsets[0], words.at(-1)], [null, null, null]);
    assert.deepEqual(offsets[at], [3, 9]);
  });

  test('offsets are where a token stands in the text, words the pieces that belong together', () => {
    const text = 'The  Trophy, [MASK]  did NOT fit! it';
    const { tokens, words, offsets, specialTokens } = tokenizer.encode(text);
    let previous = -1;
    tokens.forEach((token, index) => {
      if (specialTokens[index]) return;
      const [start, end] = offsets[index];
      assert.equal(text.slice(start, end).toLowerCase(), token.replace(/^##/, '').toLowerCase());
      assert.equal(
        words[index],
        token.startsWith('##') ? previous : previous + 1,
        `${token}: word`,
      );
      previous = words[index];
    });
  });

  test('an unknown word has the offsets of the whole word, accents and ideographs their own', () => {
    const text = 'x☃y éé 中文 it';
    const { offsets, specialTokens } = tokenizer.encode(text);
    const pieces = offsets
      .filter((_, index) => !specialTokens[index])
      .map(([start, end]) => text.slice(start, end));
    assert.equal(pieces.at(-1), 'it');
    assert.ok(pieces.includes('中') && pieces.includes('文'), pieces.join('|'));
  });

  test('a pair has token types, and offsets of its own text', () => {
    const { ids, tokens, tokenTypeIds, offsets } = tokenizer.encode('the', 'it did');
    assert.equal(tokens.filter((token) => token === '[SEP]').length, 2);
    const second = tokenTypeIds.indexOf(1);
    assert.deepEqual(offsets[second], [0, 2]);
    assert.ok(model.forward({ inputIds: ids, tokenTypeIds }).logits.data.every(Number.isFinite));
  });

  test('decode gives the text back', () => {
    assert.equal(
      tokenizer.decode(tokenizer.encode('it did not fit').ids, { skipSpecialTokens: true }),
      'it did not fit',
    );
    assert.equal(tokenizer.decode([]), '');
    assert.match(tokenizer.decode(tokenizer.encode('it').ids), /^\[CLS\] it \[SEP\]$/);
    assert.equal(model.decode(model.encode('it').ids, { skipSpecialTokens: true }), 'it');
  });

  test('the ids of special tokens', () => {
    const { maskTokenId, padTokenId, unkTokenId, clsTokenId, sepTokenId } = tokenizer;
    const tokens = [maskTokenId, padTokenId, unkTokenId, clsTokenId, sepTokenId].map((id) =>
      tokenizer.idToToken(id),
    );
    assert.deepEqual(tokens, ['[MASK]', '[PAD]', '[UNK]', '[CLS]', '[SEP]']);
    for (const id of [maskTokenId, clsTokenId]) assert.ok(tokenizer.specialTokenIds.includes(id));
    assert.equal(tokenizer.vocabSize, model.config.vocabSize);
  });

  test('any text gives ids of the vocabulary, and offsets within the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string()),
        (text) => {
          const { ids, offsets } = tokenizer.encode(text);
          assert.ok(ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize));
          for (const offset of offsets) {
            if (offset)
              assert.ok(
                0 <= offset[0] && offset[0] < offset[1] && offset[1] <= text.length,
                `${offset} of ${text.length}`,
              );
          }
        },
      ),
      { numRuns: 300, seed: 3 },
    );
  });

  test('errors', () => {
    assertError(() => tokenizer.encode(3), 'invalid_argument', /text: expected a string, got 3/);
    assertError(
      () => tokenizer.encode('a', 3),
      'invalid_argument',
      /pair: expected a string, got 3/,
    );
    assertError(
      () => tokenizer.decode('it'),
      'invalid_argument',
      /ids: expected an array of ids, got "it"/,
    );
    assertError(() => tokenizer.decode([1.5]), 'invalid_argument', /ids\[0\]: expected an integer/);
    assertError(
      () => tokenizer.decode([1], { skip: true }),
      'invalid_argument',
      /options\.skip: unknown/,
    );
  });

  test('a checkpoint without tokenizer_config.json still knows its mask', async () => {
    const bare = await load(JSON.stringify(json));
    assert.equal(bare.tokenizer.maskTokenId, tokenizer.maskTokenId);
    bare.dispose();
  });

  test('broken files give our error', async () => {
    await assertTokenizerRefused(load('{'), 'bad_checkpoint', /tokenizer\.json: expected JSON/);
    await assertTokenizerRefused(load('{}'), 'bad_checkpoint', /tokenizer\.json: /);
    await assertTokenizerRefused(
      load(JSON.stringify(json), '[]'),
      'bad_checkpoint',
      /tokenizer_config\.json: expected a JSON object/,
    );
    await assertTokenizerRefused(
      load(JSON.stringify({ ...json, pre_tokenizer: { type: 'Magic' } })),
      'bad_checkpoint',
      /tokenizer\.json: .*Magic/,
    );
    assert.equal(rt.liveHandles, 1);
  });

  test('any spoilt tokenizer.json gives a tokenizer or our error', async () => {
    const keys = Object.keys(json);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...keys), fc.jsonValue(), async (key, value) => {
        try {
          const loaded = await load(JSON.stringify({ ...json, [key]: value }));
          try {
            loaded.encode('it did');
          } finally {
            loaded.dispose();
          }
        } catch (error) {
          assert.ok(error instanceof AttentionLabError, error.stack);
        }
      }),
      { numRuns: 200, seed: 4 },
    );
  });
});

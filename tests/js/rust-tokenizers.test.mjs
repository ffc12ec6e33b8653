// Encodings by the Rust library tokenizers 0.23.1: every component of tokenizer.json, every option, texts of many kinds.
// Digests of the values: scripts/golden/compare_tokenizers.mjs shows what they are of.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { importPage } from './page-library.mjs';

const { Pipeline } = await importPage('../../js/tokenizers/pipeline/pipeline.ts');
const { lines, cases } = JSON.parse(
  readFileSync(new URL('../golden/tokenizers/rust.json', import.meta.url), 'utf8'),
);

const digest = (value) =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8);

function encoded(pipeline, texts) {
  const { pieces } = pipeline.encode(texts, true);
  const ids = pieces.map(({ id }) => id);
  return {
    ids,
    tokens: pieces.map(({ text }) => text),
    offsets: pieces.map(({ start, end }) => [start, end]),
    words: pieces.map(({ word }) => word),
    types: pieces.map(({ typeId }) => typeId),
    special: pieces.map(({ isSpecial }) => (isSpecial ? 1 : 0)),
    decoded: [pipeline.decode(ids, false), pipeline.decode(ids, true)],
  };
}

describe('tokenizer.json as the Rust library reads it', () => {
  for (const { name, json, rows, pairs, decoded = [] } of cases)
    test(name, () => {
      const pipeline = new Pipeline(json, 'tokenizer.json');
      const check = (texts, expected) => {
        if (expected === null) return; // the library fails
        assert.equal(digest(encoded(pipeline, texts)), expected, JSON.stringify(texts));
      };
      rows.forEach((expected, at) => check([lines[at]], expected));
      for (const [a, b, expected] of pairs) check([a, b], expected);
      for (const [ids, text] of decoded)
        if (text !== null) assert.equal(pipeline.decode(ids, false), text, String(ids));
    });

  test('a digest of another value differs', () => {
    const pipeline = new Pipeline(cases[0].json, 'tokenizer.json');
    const value = encoded(pipeline, [lines[0]]);
    assert.equal(digest(value), cases[0].rows[0]);
    value.offsets[3][1] += 1;
    assert.notEqual(digest(value), cases[0].rows[0]);
  });
});

// Tokenizers of strangers' files and texts: long ones, expressions without end, wrong types; and how a call cuts and pads.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { asFiles, checkpoint } from './checkpoint.mjs';
import { assertError, assertTokenizerRefused } from './support.mjs';

const folder = new URL('../golden/checkpoints/mlm_gelu/', import.meta.url);
const json = JSON.parse(readFileSync(new URL('tokenizer.json', folder), 'utf8'));

describe('tokenizers of any file and text', () => {
  let rt;
  before(async () => (rt = await createRuntime({ variant: 'simd128' })));
  after(() => assert.equal(rt.liveHandles, 0));
  const load = (changes) =>
    rt.loadModel(
      asFiles(checkpoint({ 'tokenizer.json': JSON.stringify({ ...json, ...changes }) })),
    );
  const withTokenizer = async (changes, use) => {
    const model = await load(changes);
    try {
      return use(model.tokenizer);
    } finally {
      model.dispose();
    }
  };
  const bpe = (merges, fields = {}) => {
    const pieces = new Set(['<unk>', 'a', 'b', ...merges.flatMap(([x, y]) => [x, y, x + y])]);
    const vocab = Object.fromEntries([...pieces].map((piece, id) => [piece, id]));
    return { model: { type: 'BPE', vocab, merges, unk_token: '<unk>' }, pre_tokenizer: null, normalizer: null, ...fields }; // prettier-ignore
  };

  test('an added token that is no text is refused', () =>
    assertTokenizerRefused(
      load({ added_tokens: [{ ...json.added_tokens[0], content: [] }] }),
      'bad_checkpoint',
      /added_tokens\[0\]\.content: expected a string, got an array of 0/,
    ));

  test('a template of nothing leaves nothing', () =>
    withTokenizer(
      { post_processor: { type: 'TemplateProcessing', single: [], pair: [], special_tokens: {} } },
      (tokenizer) => assert.deepEqual(tokenizer.encode('a b').ids, []),
    ));

  test('200,000 ideographs or combining marks', () =>
    withTokenizer({}, (tokenizer) => {
      assert.equal(tokenizer.encode('日'.repeat(200_000)).ids.length, 200_002);
      assert.equal(tokenizer.encode(`e${'\u0301\u0334'.repeat(100_000)}`).ids.length, 3);
    }));

  test('a word of 200,000 letters is merged in a second or two', () =>
    withTokenizer(
      bpe([
        ['a', 'a'],
        ['aa', 'aa'],
        ['a', 'b'],
      ]),
      (tokenizer) => {
        const { tokens, ids } = tokenizer.encode('a'.repeat(200_000), { addSpecialTokens: false });
        assert.deepEqual([ids.length, tokens[0]], [50_000, 'aaaa']);
      },
    ));

  for (const [pattern, text] of [
    ['(a+)+$', `${'a'.repeat(1000)}!`],
    ['(?:a|aa)*c', 'a'.repeat(2000)],
    ['(?:a*)*b', 'a'.repeat(2000)],
    ['a+b', 'a'.repeat(20_000)],
  ])
    test(`/${pattern}/ ends, whatever the text`, () =>
      withTokenizer(
        bpe([], {
          pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false }, // prettier-ignore
        }),
        (tokenizer) => {
          const start = performance.now();
          tokenizer.encode(text);
          assert.ok(performance.now() - start < 5000);
        },
      ));

  for (const pattern of [
    '(a)\\1',
    '(?=((a+)+)+$)\\k<x>',
    'a)',
    '(',
    '[a',
    '\\p{Nonsense}',
    'a{2000}',
    '*',
  ])
    test(`/${pattern}/ is refused`, () =>
      assertTokenizerRefused(
        load({ normalizer: { type: 'Replace', pattern: { Regex: pattern }, content: '' } }),
        'unsupported_checkpoint',
        /tokenizer\.json: normalizer\.pattern: expected a regular expression/,
      ));

  test('texts of unequal length, cut and padded as asked', () =>
    withTokenizer({}, (tokenizer) => {
      const [short, long] = tokenizer.encode(['it', 'it did not fit'], { padding: true });
      assert.equal(short.ids.length, long.ids.length);
      const padded = long.ids.length - 3;
      assert.deepEqual(short.attentionMask, [1, 1, 1, ...Array(padded).fill(0)]);
      assert.deepEqual(short.specialTokensMask, [1, 0, 1, ...Array(padded).fill(1)]);
      assert.deepEqual(short.ids.slice(3), Array(padded).fill(tokenizer.padTokenId));
      const cut = tokenizer.encode('it did not fit', { truncation: true, maxLength: 4 });
      assert.deepEqual(cut.ids, [...long.ids.slice(0, 3), tokenizer.sepTokenId]);
      const pair = tokenizer.encode([['it', 'did not fit']], {
        truncation: 'only_second',
        maxLength: 6,
        padding: 'max_length',
        padToMultipleOf: 8,
        paddingSide: 'left',
      })[0];
      assert.deepEqual(pair.attentionMask, [0, 0, 1, 1, 1, 1, 1, 1]);
      assertError(() => tokenizer.encode('it', { truncation: true }), 'invalid_argument', /options\.maxLength: expected with truncation/); // prettier-ignore
      assertError(() => tokenizer.encode('it', { pad: true }), 'invalid_argument', /options\.pad: unknown/); // prettier-ignore
    }));

  test('offsets are in UTF-16 units, beyond 16 bits, too', () =>
    withTokenizer({}, (tokenizer) => {
      const text = '😀 it 𠀀 did';
      const { offsets, specialTokens } = tokenizer.encode(text);
      const found = offsets.filter((_, at) => !specialTokens[at]).map(([a, b]) => text.slice(a, b));
      assert.equal(found[0], '😀');
      assert.ok(found.includes('𠀀') && found.includes('it'), found.join('|'));
    }));
});

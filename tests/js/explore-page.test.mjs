// What Explore computes by itself: the arithmetic of a cell in every kind of attention, and what its links hold.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRuntime } from 'attention-lab';
import { paths } from '../../scripts/lib/paths.mjs';
import { importPage } from './page-library.mjs';

const { cellArithmetic } = await importPage('lib/arithmetic.ts');
const { inkToText, inLevels, textToInk } = await importPage('lib/ink-text.ts');
const { decodeLink, encodeLink } = await importPage('state/lab/link.ts');
const { divisorOf, siteNames, siteTrace, sitesOf, tracedNames } =
  await importPage('state/lab/sites.ts');

const rt = await createRuntime();

const ids = [3, 1, 4, 1, 5];
const inputs = {
  mlm_gelu: { inputIds: ids },
  gpt2_odd: { inputIds: ids },
  llama_grouped: { inputIds: ids }, // heads that share keys and values
  marian_shared: { inputIds: ids, decoderInputIds: [2, 7, 1] },
  vit_remainder: null,
};
for (const [name, given] of Object.entries(inputs)) {
  test(`the arithmetic of every cell is the package's: ${name}`, async () => {
    const model = await rt.loadModel(join(paths.root, 'tests', 'golden', 'checkpoints', name));
    const { config } = model;
    const size = config.image && [1, config.image.channels, ...config.image.size];
    const pixels = size && {
      dims: size,
      data: Float32Array.from({ length: size.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
    };
    for (const temperature of [1, 0.5]) {
      const output = model.forward(given ?? { pixelValues: pixels }, {
        outputAttentions: true,
        temperature,
        trace: siteNames(config).flatMap(tracedNames),
      });
      const sites = sitesOf(output, () => []);
      assert.deepEqual(
        sites.map(({ site }) => site),
        siteNames(config),
      );
      for (const { site, kind, pattern } of sites) {
        const trace = siteTrace(output.trace, site);
        const [, heads, queries, keys] = pattern.dims;
        for (let head = 0; head < heads; head++) {
          for (let query = 0; query < queries; query++) {
            const { disagreement, row, weight } = cellArithmetic(
              trace,
              { head, query, key: query % keys },
              { divisor: divisorOf(config, kind), temperature },
            );
            assert.equal(weight, row[query % keys].weight);
            for (const [what, off] of Object.entries(disagreement))
              assert.ok(
                off <= 2e-5,
                `${site}, head ${head}, query ${query}: ${what} differs by ${off}`,
              );
          }
        }
      }
    }
    model.dispose();
  });
}

test('a drawing comes back from its text, level by level', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 400 }),
      fc.nat(4000),
      (side, ink, from) => {
        const drawing = inLevels({
          width: side,
          height: side,
          ink: Float32Array.from({ length: side * side }, (_, i) => (ink[i - from] ?? 0) / 15),
        });
        assert.deepEqual(textToInk(inkToText(drawing)), drawing);
      },
    ),
  );
});

for (const text of [
  '',
  '24',
  '24-',
  '2-000',
  '2-00000',
  '2-000g',
  '0-',
  '65-0',
  '2-.4.',
  '2-.zz.',
  '99-.zzz.',
  '2-.zzz..zzz.',
  '2-0.1.0',
  '-1-00',
]) {
  const isDrawing = text === '2-.4.';
  test(`${JSON.stringify(text)} is ${isDrawing ? 'a blank drawing' : 'no drawing'}`, () =>
    assert.equal(textToInk(text) !== null, isDrawing));
}

const cell = fc.record({
  mask: fc.constantFrom('mask', 'encoderMask', 'crossMask'),
  query: fc.nat(200),
  key: fc.nat(200),
});
const rule = fc.record({
  mask: fc.constantFrom('mask', 'encoderMask', 'crossMask'),
  kind: fc.constantFrom('band', 'padding'),
  value: fc.nat(50),
});
const head = fc.record({
  at: fc.constantFrom('blocks.1.attn.z', 'decoder.blocks.0.cross_attn.z'),
  head: fc.nat(15),
  op: fc.constant('zero'),
});
const text = fc.option(fc.string(), { nil: undefined });

test('what a link is given comes back from it', () => {
  const state = fc.record({
    model: fc.constantFrom('dates', 'org/name', 'a folder'),
    revision: text,
    text,
    target: text,
    pinned: text,
    choice: fc.option(
      fc.record({
        layer: fc.nat(40),
        head: fc.nat(20),
        query: fc.option(fc.nat(99)),
        key: fc.option(fc.nat(99)),
      }),
      { nil: undefined },
    ),
    edits: fc.record({
      causal: fc.constantFrom(null, true, false),
      temperature: fc.constantFrom(1, 0.125, 8),
      interventions: fc.array(head, { maxLength: 3 }),
      blocked: fc.array(cell, { maxLength: 4 }),
      rules: fc.array(rule, { maxLength: 2 }),
    }),
  });
  fc.assert(
    fc.property(state, (given) => {
      const { drawing, compare, listing, language, theme, ...found } = decodeLink(
        encodeLink(given),
      );
      assert.deepEqual(
        [drawing, compare, listing, language, theme],
        [undefined, undefined, undefined, undefined, undefined],
      );
      assert.deepEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(given)));
    }),
  );
});

test('a link from before masks had names is of the only mask', () => {
  assert.deepEqual(decodeLink('#text=the+cat&mask=3-4.1-2').edits.blocked, [
    { mask: 'mask', query: 3, key: 4 },
    { mask: 'mask', query: 1, key: 2 },
  ]);
});

test('no hash breaks it', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.string(),
      (mask, edit, ink) => void decodeLink(`#mask=${mask}&edit=${edit}&ink=${ink}&cell=${edit}`),
    ),
  );
});

// The published listings: each says how it differs from the paper and where its weights come from, and shows its own pattern.
import assert from 'node:assert/strict';
import { eventually, pageTest, useLab } from './lab.mjs';
import { table, text, toNumber, tokens } from './reading.mjs';
import { createListing, loadModel, row, run } from './expected.mjs';

const model = await loadModel();
const seed = 1;
const own = { data: Float32Array.of(1, 2, 2, 3, 3, 4, 4, 5, 5, 6), dims: [5, 2] };
const choices = {
  fused: { heads: 1 },
  fused_encoder: { heads: 1, layers: 2 },
  multi_head: { heads: 4 },
  multi_head_no_softmax: { heads: 4 },
  single_head: { heads: 1 },
  shared_heads: { heads: 4 },
};

/** Patterns of a listing on what goes into the model's first block, one tensor per layer. */
function patterns(choice, input) {
  const listing = createListing(choice === 'fused_encoder' ? 'fused' : choice, {
    dModel: model.config.dModel,
    numHeads: choices[choice].heads,
    seed,
  });
  try {
    if (choice === 'fused_encoder')
      return listing.encoder.forward({ inputsEmbeds: input }, { outputAttentions: true })
        .attentions;
    return [listing.forward({ query: input }, { trace: ['pattern'] }).trace.get('pattern')];
  } finally {
    listing.dispose();
  }
}

/** What is far below the window does not run. */
const show = (page) => page.getByTestId('listings').scrollIntoViewIfNeeded();
const maps = (page) => page.getByTestId('listings').getByRole('figure');

/** Points at a cell of a map of T words and reads it. */
async function readCell(page, map, words, query, key) {
  const canvas = map.locator('canvas');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  await page.mouse.move(
    box.x + ((key + 0.5) / words.length) * box.width,
    box.y + ((query + 0.5) / words.length) * box.height,
  );
  return eventually(page, async () => {
    const shown = (await map.locator('figcaption').innerText()).replace(/\s+/g, ' ');
    assert.ok(shown.startsWith(`${words[query]} → ${words[key]} `), shown);
    return toNumber(shown.slice(`${words[query]} → ${words[key]} `.length));
  });
}

useLab();

pageTest(
  'each listing that has weights says that they are random, how it differs, and shows what the package computes',
  {},
  async ({ page }) => {
    await show(page);
    const words = await tokens(page);
    const input = run(model, await page.getByRole('textbox').first().inputValue()).trace.get(
      'blocks.0.resid_pre',
    );
    const sentences = new Set();
    for (const [choice, { heads, layers = 1 }] of Object.entries(choices)) {
      await page.getByTestId(`listing-${choice}`).check();
      const expected = patterns(choice, input);
      await eventually(page, async () =>
        assert.equal(
          await maps(page).count(),
          heads * layers + 1,
          `${choice}: maps, and one to compare`,
        ),
      );
      const sentence = await text(page, 'listing-difference');
      assert.match(sentence, /^Differs from the paper\. [A-Z].{30,}\.$/, choice);
      sentences.add(sentence);
      assert.equal(await text(page, 'listing-weights'), 'random weights', choice);
      for (const [layer, head] of [
        [0, 0],
        [layers - 1, heads - 1],
      ]) {
        const map = maps(page).nth(layer * heads + head);
        for (const [query, key] of [
          [1, 2],
          [words.length - 1, 0],
        ]) {
          const shown = await readCell(page, map, words, query, key);
          const value = row(expected[layer], head, query)[key];
          assert.ok(
            Math.abs(shown - value) <= 0.00055,
            `${choice}, layer ${layer}, head ${head} [${query}, ${key}]: expected ${value}, got ${shown}`,
          );
        }
      }
      const totals = expected.flatMap((tensor) =>
        Array.from({ length: heads * words.length }, (_, i) =>
          row(tensor, Math.floor(i / words.length), i % words.length).reduce((a, b) => a + b, 0),
        ),
      );
      const shown = (await text(page, 'row-totals')).match(/[−-]?\d+\.\d+/g).map(toNumber);
      const bounds =
        choice === 'multi_head_no_softmax' ? [Math.min(...totals), Math.max(...totals)] : [1];
      assert.equal(shown.length, bounds.length, choice);
      bounds.forEach((bound, i) =>
        assert.ok(
          Math.abs(shown[i] - bound) <= 0.0051,
          `${choice}: rows add up to ${bound}, got ${shown[i]}`,
        ),
      );
    }
    assert.equal(sentences.size, Object.keys(choices).length, 'no two listings share a sentence');
  },
);

pageTest(
  'the listing without weights says so and gives its published numbers',
  {},
  async ({ page }) => {
    await page.getByTestId('listing-no_weights').check();
    await eventually(page, async () =>
      assert.equal(await text(page, 'listing-weights'), 'no learned weights'),
    );
    assert.match(await text(page, 'listing-difference'), /Nothing is learned/);
    assert.doesNotMatch(await text(page, 'listings'), /random weights|never trained/);
    const { output, trace } = createListing('no_weights').forward({ query: own }, { trace: true });
    const [, ...rows] = await table(page, 'listing-numbers');
    const two = (tensor, i) =>
      [...tensor.data.subarray(2 * i, 2 * i + 2)].map((value) => value.toFixed(2)).join(', ');
    assert.deepEqual(
      rows,
      Array.from({ length: 5 }, (_, i) => [
        two(own, i),
        two(output, i),
        trace.get('context').data[i].toFixed(2),
        two(trace.get('usual'), i),
      ]),
    );
    await page.getByTestId('own-numbers').uncheck();
    const words = await tokens(page);
    const input = run(model, await page.getByRole('textbox').first().inputValue()).trace.get(
      'blocks.0.resid_pre',
    );
    const pattern = createListing('no_weights')
      .forward({ query: { data: input.data, dims: input.dims.slice(1) } }, { trace: true })
      .trace.get('pattern');
    const shown = await readCell(page, maps(page).first(), words, 3, 3);
    assert.ok(Math.abs(shown - pattern.data[3 * words.length + 3]) <= 0.00055, `got ${shown}`);
  },
);

pageTest('a listing follows the sentence', {}, async ({ page }) => {
  await page.getByRole('textbox').first().fill('the dog saw the cat .');
  await show(page);
  const words = ['[CLS]', 'the', 'dog', 'saw', 'the', 'cat', '.', '[SEP]'];
  await eventually(page, async () => assert.deepEqual(await tokens(page), words));
  const [expected] = patterns(
    'fused',
    run(model, 'the dog saw the cat .').trace.get('blocks.0.resid_pre'),
  );
  assert.ok(
    Math.abs((await readCell(page, maps(page).first(), words, 2, 5)) - row(expected, 0, 2)[5]) <=
      0.00055,
  );
});

// Edits: causal, temperature, a head off, a mask cell. Before, after and difference are the package's; undo and reset restore.
import assert from 'node:assert/strict';
import { eventually, pageTest, useLab } from './lab.mjs';
import { cellCentre, exported, predictions, text, tokens, weights } from './reading.mjs';
import { assertSamePass, assertShown, loadModel, matrix, run, shares } from './expected.mjs';

const model = await loadModel();
const blocked = (length, [query, key]) => {
  const data = new Uint8Array(length * length).fill(1);
  data[query * length + key] = 0;
  return { data, dims: [length, length] };
};

/** Each: how a reader makes the edit, and what it means to the package. */
const edits = {
  causal: {
    make: (page) => page.getByTestId('causal').check(),
    options: () => ({ causal: true }),
    masked: (query, key) => key > query,
  },
  'temperature 8': {
    make: (page) => page.getByTestId('temperature').press('End'),
    options: () => ({ temperature: 8 }),
  },
  'temperature ⅛': {
    make: (page) => page.getByTestId('temperature').press('Home'),
    options: () => ({ temperature: 0.125 }),
  },
  'a head off': {
    make: async (page) => {
      await page.getByTestId('head-0-1').click();
      await page.getByTestId('head-on').uncheck();
      await page.getByTestId('head-1-0').click();
    },
    options: () => ({ interventions: [{ at: 'blocks.0.attn.z', head: 1, op: 'zero' }] }),
  },
  'a mask cell': {
    make: async (page) => {
      await page.getByTestId('edit-mask').click();
      const words = await tokens(page);
      const { x, y } = await cellCentre(page, words.indexOf('[MASK]'), words.indexOf('animal'));
      await page.mouse.click(x, y);
      await page.mouse.move(5, 5);
      await page.getByTestId('edit-mask').click();
    },
    options: (words) => ({
      mask: blocked(words.length, [words.indexOf('[MASK]'), words.indexOf('animal')]),
    }),
    masked: (query, key, words) => words[query] === '[MASK]' && words[key] === 'animal',
  },
};

const compare = (page, which) => page.getByTestId(`compare-${which}`).click();
const state = async (page) => ({
  weights: await weights(page),
  predictions: [...(await predictions(page))],
  badge: await text(page, 'modified'),
});

useLab();

for (const [name, { make, options, masked }] of Object.entries(edits)) {
  pageTest(
    `${name}: before, after and difference as the package has them; undo, redo and reset`,
    {},
    async ({ page }) => {
      const sentence = await page
        .getByRole('textbox', { name: 'Sentence', exact: true })
        .inputValue();
      const words = await tokens(page);
      const original = await state(page);
      const [before, after] = [run(model, sentence), run(model, sentence, options(words))];
      const pattern = (pass) => matrix(pass.attentions[1], 0);
      const isMasked = masked && ((query, key) => masked(query, key, words));

      await make(page);
      await eventually(page, async () =>
        assert.notEqual(await text(page, 'modified'), original.badge),
      );
      assert.match(await text(page, 'modified'), /1 edit/);
      assert.ok((await text(page, 'edit-list')).length > 5, 'the edit in words');
      assertSamePass(await exported(page), after);
      await compare(page, 'after');
      const edited = await weights(page);
      assertShown(edited, pattern(after), 3, 'after', isMasked);
      await compare(page, 'before');
      assertShown(await weights(page), pattern(before), 3, 'before');
      await compare(page, 'difference');
      // A closed cell may be drawn as closed here too.
      const change = pattern(after).map((values, i) =>
        values.map((value, j) => value - pattern(before)[i][j]),
      );
      const shownChange = (await weights(page)).map((values, i) =>
        values.map((value, j) => (isMasked?.(i, j) && Number.isNaN(value) ? change[i][j] : value)),
      );
      assertShown(shownChange, change, 3, 'difference');
      await compare(page, 'after');

      const mask = words.indexOf('[MASK]');
      const [old, now] = [shares(model, before, mask), shares(model, after, mask)];
      for (const [word, shown] of await predictions(page)) {
        for (const [which, expected] of [
          ['before', old.get(word)],
          ['after', now.get(word)],
          ['change', now.get(word) - old.get(word)],
        ]) {
          assert.ok(
            Math.abs(shown[which] - expected) <= 0.06,
            `${word} ${which}: expected ${expected}, got ${shown[which]}`,
          );
        }
      }

      const restored = () =>
        eventually(page, async () => assert.deepEqual(await state(page), original));
      const again = () =>
        eventually(page, async () => assert.deepEqual(await weights(page), edited));
      await page.getByTestId('undo').click();
      await restored();
      await page.getByTestId('redo').click();
      await again();
      await page.getByTestId('reset').click();
      await restored();
      assertSamePass(await exported(page), before);
      await page.keyboard.press('Control+z');
      await again();
      await page.getByTestId('edit-list').getByRole('button').click();
      await restored();
    },
  );
}

pageTest('all edits together, one undo each', {}, async ({ page }) => {
  const sentence = await page.getByRole('textbox', { name: 'Sentence', exact: true }).inputValue();
  const words = await tokens(page);
  const chosen = ['causal', 'temperature 8', 'a head off', 'a mask cell'];
  const passes = [run(model, sentence)];
  let options = {};
  for (const name of chosen) {
    await edits[name].make(page);
    options = { ...options, ...edits[name].options(words) };
    passes.push(run(model, sentence, options));
    assertSamePass(await exported(page), passes.at(-1));
  }
  assert.match(await text(page, 'modified'), /4 edits/);
  for (let left = chosen.length - 1; left >= 0; left--) {
    await page.getByTestId('undo').click();
    assertSamePass(await exported(page), passes[left]);
  }
  assert.ok(await page.getByTestId('undo').isDisabled());
});

pageTest('a closed cell says so, and opens again', {}, async ({ page }) => {
  const { x, y } = await cellCentre(page, 3, 4);
  await page.mouse.click(x, y);
  await page.mouse.move(5, 5);
  const open = await text(page, 'cell-summary');
  assert.match(open, /%$/);
  await page.getByTestId('block-cell').click();
  await eventually(page, async () => assert.match(await text(page, 'cell-summary'), /masked/));
  assert.match(await text(page, 'arithmetic'), /−∞/);
  await page.getByTestId('block-cell').click();
  await eventually(page, async () => assert.equal(await text(page, 'cell-summary'), open));
});

// Typing: words, weights and prediction follow every keystroke, and one other word gives another answer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, pageTest, useLab } from './lab.mjs';
import { best, exported, predictions, text, tokens, weights } from './reading.mjs';
import {
  assertSamePass,
  assertShown,
  loadModel,
  matrix,
  run,
  shares,
  shippedFolder,
  words,
} from './expected.mjs';

const model = await loadModel();
const { examples } = JSON.parse(readFileSync(join(shippedFolder, 'examples.json')));
const [layer, head] = [1, 0];

/** Chips, table and prediction are those of this sentence. */
async function assertFollows(page, sentence) {
  const pass = run(model, sentence);
  const expected = words(model, sentence);
  await eventually(page, async () => assert.deepEqual(await tokens(page), expected));
  assertShown(await weights(page), matrix(pass.attentions[layer], head), 3, sentence);
  const mask = expected.indexOf('[MASK]');
  if (mask < 0) return;
  const probabilities = shares(model, pass, mask);
  for (const [word, { after }] of await predictions(page)) {
    assert.ok(
      Math.abs(after - probabilities.get(word)) <= 0.06,
      `${word}: expected ${probabilities.get(word)} %, got ${after} %`,
    );
  }
  const likeliest = [...probabilities].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  assert.equal(await best(page), likeliest);
}

useLab();

pageTest('every keystroke changes words, weights and prediction', {}, async ({ page }) => {
  const sentence = page.getByRole('textbox', { name: 'Sentence', exact: true });
  await assertFollows(page, await sentence.inputValue());
  await sentence.press('End');
  await sentence.press('Backspace');
  for (const key of [...'and hot']) {
    await page.keyboard.press(key === ' ' ? 'Space' : key);
    await assertFollows(page, await sentence.inputValue());
  }
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press('Backspace');
    await assertFollows(page, await sentence.inputValue());
  }
});

pageTest('a word typed in the middle moves the chosen words along', {}, async ({ page }) => {
  const sentence = page.getByRole('textbox', { name: 'Sentence', exact: true });
  await sentence.press('Home');
  await page.keyboard.type('yesterday ');
  await eventually(page, async () =>
    assert.match(await text(page, 'summary'), /^\[MASK\] attends to animal/),
  );
  await assertFollows(page, await sentence.inputValue());
});

pageTest('the other word, typed, gives the other answer', {}, async ({ page }) => {
  const sentence = page.getByRole('textbox', { name: 'Sentence', exact: true });
  assert.equal(await best(page), 'animal');
  const value = await sentence.inputValue();
  const at = value.indexOf('tired');
  await sentence.evaluate(
    (area, [start, end]) => (area.focus(), area.setSelectionRange(start, end)),
    [at, at + 5],
  );
  await page.keyboard.type('wide');
  await eventually(page, async () => assert.equal(await best(page), 'street'));
  assert.match(await text(page, 'summary'), /^\[MASK\] attends to street \d+%/);
  await assertFollows(page, value.replace('tired', 'wide'));
});

pageTest(
  'every example shows its answer, and the other after its word was changed, beside the one before',
  {},
  async ({ page }) => {
    for (const { id, text: sentence, query, answer, key, change } of examples) {
      const looksAt = (word) =>
        new RegExp(`^${query.replace(/[[\]]/g, '\\$&')} attends to ${word} `);
      await page.getByTestId('examples').selectOption(id);
      await eventually(page, async () => assert.equal(await best(page), answer, id));
      assert.match(await text(page, 'summary'), looksAt(key), id);
      await page.getByTestId('show-me').click();
      await eventually(page, async () => assert.equal(await best(page), change.answer, id));
      assert.match(await text(page, 'summary'), looksAt(change.key), id);
      const position = (own) =>
        words(model, own).indexOf(own.includes('[MASK]') ? '[MASK]' : query);
      const before = shares(model, run(model, sentence), position(sentence));
      const after = shares(model, run(model, change.text), position(change.text));
      for (const [word, shown] of await predictions(page)) {
        assert.ok(
          Math.abs(shown.before - before.get(word)) <= 0.06,
          `${id}, ${word} before: expected ${before.get(word)}, got ${shown.before}`,
        );
        assert.ok(
          Math.abs(shown.after - after.get(word)) <= 0.06,
          `${id}, ${word} after: expected ${after.get(word)}, got ${shown.after}`,
        );
        assert.ok(
          Math.abs(shown.change - (after.get(word) - before.get(word))) <= 0.06,
          `${id}, ${word}: change ${shown.change}`,
        );
      }
      await page.getByTestId('show-back').click();
      await eventually(page, async () => assert.equal(await best(page), answer, id));
    }
  },
);

pageTest(
  'unusual sentences: none, unknown words, markup, another script, longer than the model',
  {},
  async ({ page }) => {
    const sentence = page.getByRole('textbox', { name: 'Sentence', exact: true });
    const long = Array.from({ length: 80 }, () => 'the').join(' ');
    for (const unusual of [
      '',
      '   ',
      'zyx the',
      '<b>the</b> & "key"',
      '狗 the 🐈',
      'the [MASK] and the [MASK] .',
      long,
    ]) {
      await sentence.fill(unusual);
      await eventually(page, async () =>
        assert.deepEqual(
          await tokens(page),
          words(model, unusual).slice(0, model.config.maxLen),
          unusual,
        ),
      );
      assertSamePass(await exported(page), run(model, unusual));
    }
    assert.equal(await page.getByRole('alert').count(), 0);
    await sentence.fill(examples[0].text);
    await eventually(page, async () => assert.equal(await best(page), examples[0].answer));
  },
);

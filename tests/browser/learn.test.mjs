// Learn, card by card: what is on screen is what the package computes, nothing to scroll to, and each of the questions is answered.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRandom } from 'attention-lab';
import { loadLessons } from '../../scripts/lib/lessons.mjs';
import { paths } from '../../scripts/lib/paths.mjs';
import { violations } from './axe.mjs';
import { loadModel } from './expected.mjs';
import { eventually, openTab, useLab } from './lab.mjs';

const sizes = [
  { width: 1280, height: 720 },
  { width: 360, height: 640 },
];
const text = 'the animal did not cross the street because the [MASK] was too tired .';

useLab();

const folderOf = (model) => join(paths.root, 'web/public/models', model);

/** A test on a card of the first chapter, at both sizes. */
function cardTest(name, card, run) {
  for (const viewport of sizes)
    test(`${name} (${viewport.width} × ${viewport.height})`, async (t) => {
      const tab = await openTab({ hash: `#learn/coreference/${card}`, viewport });
      try {
        await ready(tab.page);
        await run(tab.page, t);
        assert.deepEqual(tab.problems, [], 'problems in the page');
      } finally {
        await tab.close();
      }
    });
}

const ready = (page) => page.locator('[data-testid="learn"][data-ready="true"]').waitFor();
const says = (page, id, pattern) =>
  eventually(page, async () => assert.match(await page.getByTestId(id).innerText(), pattern));
const guess = (page, index) => page.getByTestId('guess').nth(index).click();

/** Nothing of it lies outside the window. */
async function fits(page) {
  const { scroll, window } = await page.evaluate(() => ({
    scroll: [document.documentElement.scrollWidth, document.documentElement.scrollHeight],
    window: [innerWidth, innerHeight],
  }));
  assert.ok(scroll[0] <= window[0] && scroll[1] <= window[1], `${scroll} in ${window}`);
}

/** The probability of a word at [MASK]. */
async function share(word, options = {}) {
  const model = await loadModel();
  const { ids } = model.encode(text);
  const { logits } = model.forward({ inputIds: ids }, options);
  const V = logits.dims.at(-1);
  const at = ids.indexOf(model.tokenizer.maskTokenId);
  const row = logits.data.subarray(at * V, (at + 1) * V);
  const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
  return Math.exp(row[model.tokenizer.tokenToId(word)]) / total;
}

cardTest('attention: two hops, and the answer flips with the word', 1, async (page) => {
  await fits(page);
  await says(page, 'question', /tired/);
  await says(
    page,
    'line',
    /Layer 1: .*“animal” and “street” read “tired”.*Layer 2: the blank reads “animal”/s,
  );
  assert.ok((await share('animal')) > 0.99);
  await page.getByRole('img', { name: /The answer: animal 99\.7%/ }).waitFor();
  await guess(page, 1);
  await says(page, 'verdict', /Right/);
  await page.getByRole('img', { name: /The answer: street 99\.7%/ }).waitFor();
  await says(page, 'line', /the blank reads .*“street”/);
  await fits(page);
  await page.getByTestId('word').nth(1).click();
  await says(page, 'line', /“animal”: layer 1, /);
});

cardTest('where a weight comes from', 2, async (page) => {
  await fits(page);
  await guess(page, 1);
  await says(page, 'verdict', /its key fits/);
  await says(page, 'score', /animal\s+19\.\d\s+4\.8\s+96%/);
  await page.getByTestId('key').nth(1).click();
  await says(page, 'score', /key = \(“street” \+ its place\)/);
  await fits(page);
});

cardTest('without √d the row turns spiky', 3, async (page) => {
  await fits(page);
  await guess(page, 1);
  await says(page, 'verdict', /Right/);
  const [, before, after] = /(\d+)% → (\d+)%/.exec(
    await page.getByTestId('softmax-line').innerText(),
  );
  assert.ok(+after > 2 * +before, `${before} → ${after}`);
  await says(page, 'why', /grows with d.*learn/s);
  await fits(page);
});

cardTest('a mask: a weight of exactly nothing, and another answer', 4, async (page) => {
  await fits(page);
  await guess(page, 1);
  await says(page, 'line', /Blocked: 96% → 0% on “animal”.*answer: animal 99\.7% → (?!animal)/s);
  await says(page, 'why', /−∞.*not the hidden word/s);
  await page.getByTestId('control').click();
  await page.getByRole('img', { name: /The answer: animal 99\.7%/ }).waitFor();
  await fits(page);
});

cardTest('heads read different words', 5, async (page) => {
  await fits(page);
  await guess(page, 0);
  await says(page, 'verdict', /different words/);
  const tiles = await page.getByTestId('tile').allInnerTexts();
  assert.match(tiles[0], /reads “animal” 96%/);
  assert.match(tiles[1], /reads “tired” 77%/);
  await page.getByTestId('tile').nth(2).click();
  assert.equal(await page.getByTestId('tile').nth(2).getAttribute('aria-pressed'), 'true');
  await fits(page);
});

cardTest('without the head the answer collapses, and Train grows it back', 6, async (page) => {
  await fits(page);
  await guess(page, 1);
  const off = await share('animal', {
    interventions: [{ at: 'blocks.1.attn.z', head: 0, op: 'zero' }],
  });
  await says(page, 'why', new RegExp(`from 99\\.7% to ${Math.round(100 * off)}%`));
  await fits(page);
  await page.getByTestId('grow').click();
  await page.getByTestId('training').waitFor();
  await eventually(page, async () =>
    assert.equal(await page.getByTestId('on-1-0').isChecked(), false),
  );
});

for (const viewport of sizes)
  test(`induction: cut below, and the letter is not found; one head less is not missed (${viewport.width})`, async () => {
    const tab = await openTab({ hash: '#learn/induction/1', viewport });
    const { page } = tab;
    try {
      await ready(page);
      await says(page, 'line', /Layer 1: “m” reads “z”\. Layer 2: “z” reads “m”\. Answer: m 99/);
      await guess(page, 1);
      await page.getByRole('img', { name: /The answer: x 99/ }).waitFor();
      await fits(page);
      await page.getByTestId('card-2').click();
      await page.locator('[data-testid="learn"][data-card="2"]').waitFor();
      await guess(page, 1);
      await says(page, 'why', /falls from 99\.7% to 0(\.\d)?%/);
      await fits(page);
      await page.getByTestId('card-4').click();
      await page.locator('[data-testid="learn"][data-card="4"]').waitFor();
      await guess(page, 0);
      await says(page, 'verdict', /Right/);
      await says(page, 'why', /goes from 99\.7% to 9\d(\.\d)?%/);
      await fits(page);
      assert.deepEqual(tab.problems, []);
    } finally {
      await tab.close();
    }
  });

/** A chapter's cards one after another, at both sizes: `cards[i](page)` on the (i + 1)-th. */
function chapterTest(name, chapter, cards) {
  for (const viewport of sizes)
    test(`${name} (${viewport.width} × ${viewport.height})`, async () => {
      const tab = await openTab({ hash: `#learn/${chapter}/1`, viewport });
      const { page } = tab;
      try {
        await ready(page);
        for (const [index, card] of cards.entries()) {
          await page.getByTestId(`card-${index + 1}`).click();
          await page.locator(`[data-testid="learn"][data-card="${index + 1}"]`).waitFor();
          await fits(page);
          await card(page);
          await fits(page);
        }
        await eventually(page, () =>
          assert.match(page.url(), new RegExp(`#learn/${chapter}/${cards.length}`)),
        );
        assert.deepEqual(tab.problems, [], 'problems in the page');
      } finally {
        await tab.close();
      }
    });
}

/** A date as the model writes it, the likeliest character after the other. */
async function written(text, options = () => ({})) {
  const model = await loadModel(folderOf('dates'));
  const { ids } = model.encode(text);
  const given = [model.tokenizer.tokenToId('^')];
  const end = model.tokenizer.tokenToId('$');
  for (;;) {
    const { logits } = model.forward(
      { inputIds: [...ids], decoderInputIds: given },
      options(given.length, ids.length),
    );
    const next = logits.row(given.length - 1).argmax();
    if (next === end || given.length > 20) return model.tokenizer.decode(given.slice(1));
    given.push(next);
  }
}

/** Nobody may read the places of the input from `first` to `last`. */
const hiding = (first, last) => (queries, keys) => ({
  crossMask: {
    data: Uint8Array.from({ length: queries * keys }, (_, cell) =>
      Number(cell % keys < first || cell % keys > last),
    ),
    dims: [queries, keys],
  },
});

chapterTest('dates: what is written reads what was read, and without it makes up a date', 'dates', [
  async (page) => {
    await says(page, 'line', new RegExp(`“20 nov 2026” → ${await written('20 nov 2026')}`));
    await guess(page, 1);
    await says(page, 'verdict', /Right/);
    await says(page, 'line', new RegExp(`“nov 20, 2026” → ${await written('nov 20, 2026')}`));
    await page.getByTestId('word').nth(11).click();
    await says(page, 'line', /“6” is read by “6” \(character 4\) 9\d/);
    await page.getByTestId('swap').click();
  },
  async (page) => {
    await says(page, 'line', new RegExp(`“4\\.3\\.2026” → ${await written('4.3.2026')}`));
    await guess(page, 0);
    await says(page, 'verdict', /Right/);
    await says(page, 'line', new RegExp(`“4/3/2026” → ${await written('4/3/2026')}`));
    await page.getByTestId('swap').click();
  },
  async (page) => {
    await guess(page, 1);
    await says(page, 'verdict', /Right/);
    const now = await written('20 nov 2026', hiding(3, 5));
    assert.match(now, /^2026-(?!11)\d\d-20$/);
    await says(page, 'line', new RegExp(`It writes ${now}; before: 2026-11-20`));
    await page.getByTestId('control').click();
    await says(page, 'line', /→ 2026-11-20/);
  },
  async (page) => {
    await guess(page, 2);
    await says(page, 'verdict', /Right/);
    const cut = () => ({
      interventions: [{ at: 'decoder.blocks.0.cross_attn.z', op: 'zero' }],
    });
    const now = await written('20 nov 2026', cut);
    assert.equal(await written('5 march 1987', cut), now);
    await says(page, 'why', new RegExp(`It writes ${now}, whatever was read`));
  },
]);

const lessons = loadLessons();
const evaluation = async (model) =>
  JSON.parse(await readFile(join(folderOf(model), 'evaluation.json'), 'utf8'));

/** The probability of each digit for the chapter's drawing of a 4. */
async function digits(options = {}) {
  const model = await loadModel(folderOf('digits'));
  const random = createRandom(1);
  const lesson = (await lessons).lessonOf('digits');
  for (let i = 0; i < 504; i++) lesson.example(random, true);
  const { ink } = lesson.example(random, true).input;
  const data = ink.map((value) => Math.round(value * 15) / 15);
  const { logits } = model.forward({ pixelValues: { data, dims: [1, 1, 24, 24] } }, options);
  return [...logits.softmax().data];
}

/** Nobody may read a patch. */
const without = (patch) => ({
  mask: {
    data: Uint8Array.from({ length: 37 ** 2 }, (_, cell) => Number(cell % 37 !== patch + 1)),
    dims: [37, 37],
  },
});
const largest = (shares) => shares.indexOf(Math.max(...shares));

chapterTest('digits: the class token reads ink; a gap decides', 'digits', [
  async (page) => {
    const shares = await digits();
    await says(page, 'line', new RegExp(`Answer: 4 ${Math.round(100 * shares[4])}%; next comes 9`));
    await guess(page, 2);
    await says(page, 'verdict', /Right/);
    await says(page, 'line', /Answer: 9 92%/);
    await page.getByTestId('swap').click();
  },
  async (page) => {
    assert.equal(await page.getByTestId('drawing').getByRole('img').count(), 4);
    await guess(page, 1);
    await says(page, 'verdict', /Right/);
  },
  async (page) => {
    const plain = await digits();
    const hidden = await Promise.all(
      Array.from({ length: 36 }, (_, patch) => digits(without(patch))),
    );
    const losses = hidden.map((shares) => plain[4] - shares[4]);
    const worst = largest(losses);
    const flips = hidden.filter((shares) => largest(shares) !== 4).length;
    await guess(page, 1);
    await says(
      page,
      'why',
      new RegExp(
        `row ${Math.floor(worst / 6) + 1}, column ${(worst % 6) + 1} costs ${Math.round(100 * losses[worst])} points: ` +
          `without it the model says ${largest(hidden[worst])}.*Only ${flips} of 36`,
        's',
      ),
    );
  },
  async (page) => {
    const shares = await digits({ interventions: [{ at: 'pos_embed', op: 'zero' }] });
    await guess(page, 0);
    await says(page, 'verdict', /Right/);
    await says(page, 'line', new RegExp(`Answer: ${largest(shares)} `));
  },
]);

chapterTest('before attention: what a recurrent network keeps', 'before-attention', [
  async (page) => {
    await says(page, 'line', /by attention \(blue\): m 99\.\d%; by the recurrent network/);
    await guess(page, 1);
    await says(page, 'verdict', /the letters just read/);
    await says(page, 'why', /6 letters back.*of the last three letters and \d+% of “x”/s);
    await page.getByTestId('swap').click();
  },
  async (page) => {
    const { accuracyByDistance, accuracy } = await evaluation('recurrent');
    await guess(page, 1);
    await says(page, 'verdict', /Right/);
    const percent = (value) => `${Math.round(100 * value)}%`;
    await says(
      page,
      'why',
      new RegExp(`In ${percent(accuracyByDistance[20])}: .*${percent(accuracy)} are right in all`),
    );
    await page.getByTestId('swap').click();
  },
  async (page) => {
    await guess(page, 2);
    await says(page, 'verdict', /Right/);
    await says(page, 'why', /253 weights a head for 22 letters/);
  },
]);

chapterTest('five published programs, with the matrices of the trained model', 'listings', [
  async (page) => {
    await says(page, 'line', /one head: “\?” 100%/);
    await guess(page, 0);
    await says(page, 'verdict', /Right/);
    await says(page, 'line', /head 1 of 4: “animal” 96%/);
  },
  async (page) => {
    await guess(page, 1);
    await says(page, 'line', /“animal” 4\.8.*The row adds up to −32/);
    await says(page, 'why', /14 of 16 weights are negative/);
  },
  async (page) => {
    await says(page, 'line', /one head: the mark \[CLS\] 99%/);
    await guess(page, 2);
    await says(page, 'line', /4 heads: the mark \[CLS\] 99\.9%, “animal” 96%, “tired” 77%/);
  },
  async (page) => {
    await guess(page, 0);
    await says(page, 'why', /largest difference of any two weights is 0:/);
  },
  async (page) => {
    await says(page, 'line', /“the” 6%, “animal” 6%/);
    await guess(page, 2);
    await says(page, 'line', /reads nobody\. The row adds up to 0\./);
  },
]);

test('arrow keys turn the cards, and “back” turns back', async () => {
  const tab = await openTab({ hash: '' });
  const { page } = tab;
  const card = (number) => page.locator(`[data-testid="learn"][data-card="${number}"]`).waitFor();
  try {
    await ready(page);
    await page.keyboard.press('ArrowRight');
    await card(2);
    await eventually(page, () => assert.match(page.url(), /#learn\/coreference\/2$/));
    await page.keyboard.press('ArrowRight');
    await card(3);
    await page.goBack();
    await card(2);
    await page.getByTestId('card-6').click();
    await card(6);
    assert.deepEqual(tab.problems, []);
  } finally {
    await tab.close();
  }
});

test('an embed has no chrome and fits 420 × 400', async () => {
  const tab = await openTab({
    hash: '?embed=learn#learn/coreference/1',
    viewport: { width: 420, height: 400 },
  });
  try {
    await ready(tab.page);
    assert.equal(await tab.page.getByTestId('room-lab').count(), 0);
    await fits(tab.page);
    assert.deepEqual(tab.problems, []);
  } finally {
    await tab.close();
  }
});

for (const colorScheme of ['light', 'dark'])
  for (const card of [1, 2, 3, 4, 5, 6])
    test(`card ${card} is accessible, ${colorScheme}`, async () => {
      const tab = await openTab({ hash: `#learn/coreference/${card}`, colorScheme });
      try {
        await ready(tab.page);
        assert.deepEqual(await violations(tab.page), []);
        await guess(tab.page, 1);
        assert.deepEqual(await violations(tab.page), []);
      } finally {
        await tab.close();
      }
    });

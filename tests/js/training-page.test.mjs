// What the training part of the page keeps in bounded memory, and what its links hold.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { importPage } from './page-library.mjs';

const { Curve } = await importPage('lib/curve.ts');
const { History } = await importPage('lib/history.ts');
const { encodeTrainingLink, decodeTrainingLink } = await importPage('state/train/link.ts');

test('a curve of any length keeps a bounded number of points, and the mean of all', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 40 }),
      fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 1, maxLength: 400 }),
      (most, values) => {
        const curve = new Curve(most);
        values.forEach((value, i) => curve.add(i + 1, value));
        assert.ok(curve.steps.length <= most + 1, `${curve.steps.length} points, ${most} allowed`);
        assert.equal(curve.steps.at(-1), values.length);
        assert.deepEqual(
          [...curve.steps],
          curve.steps.toSorted((a, b) => a - b),
        );
        const mean =
          curve.values.reduce(
            (sum, value, i) => sum + value * (curve.steps[i] - (curve.steps[i - 1] ?? 0)),
            0,
          ) / values.length;
        assert.ok(Math.abs(mean - values.reduce((a, b) => a + b) / values.length) < 1e-9);
      },
    ),
  );
});

test('a curve goes back to a step', () => {
  const curve = new Curve(10);
  for (let step = 1; step <= 6; step++) curve.add(step, step * 10);
  assert.equal(curve.at(0), 10);
  assert.equal(curve.at(4), 40);
  assert.equal(curve.at(99), 60);
  curve.cut(4);
  assert.deepEqual([...curve.steps], [1, 2, 3, 4]);
  curve.add(5, 7);
  assert.equal(curve.at(5), 7);
  curve.clear();
  assert.equal(curve.at(5), null);
});

/** A run of `length` steps as the worker keeps it, with events at the given steps. */
function run(length, { distance = 5, most = 8, events = [] } = {}) {
  const history = new History(distance, most);
  history.add(0, 's0', true);
  for (let step = 1; step <= length; step++) {
    if (events.includes(step)) history.add(step, `s${step}`, true);
    else if (history.isDue(step)) history.add(step, `s${step}`);
  }
  return history;
}

test('snapshots stay few, evenly spaced and in order, whatever the length; events and the beginning stay', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 2, max: 12 }),
      fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 3 }),
      (length, most, events) => {
        const history = run(length, { most, events });
        const pinned = history.kept.filter((each) => each.pinned);
        assert.ok(history.kept.length - pinned.length <= most);
        assert.deepEqual(
          pinned.map(({ step }) => step),
          [0, ...new Set(events.filter((step) => step <= length).sort((a, b) => a - b))],
        );
        assert.deepEqual(
          history.steps,
          history.steps.toSorted((a, b) => a - b),
        );
        assert.equal(new Set(history.steps).size, history.steps.length);
        for (const { step, value } of history.kept) assert.equal(value, `s${step}`);
        const gaps = history.steps.slice(1).map((step, i) => step - history.steps[i]);
        assert.ok(Math.max(0, ...gaps) <= Math.max(10, (4 * length) / most), `gaps ${gaps}`);
      },
    ),
  );
});

test('what came after a step is forgotten when training goes on from it', () => {
  const history = run(40);
  history.cut(20);
  assert.equal(history.steps.at(-1), 20);
  assert.equal(history.at(25), undefined);
  assert.equal(history.at(20), 's20');
  history.pin(20);
  assert.ok(history.kept.at(-1).pinned);
});

const own = { lesson: 'copy', seed: 1, learningRate: 0.003, layers: 2, heads: 4, width: 64 };

test('a link gives back what it was made of, and says only what is not the lesson’s own', () => {
  const state = {
    setup: { ...own, seed: 7, learningRate: 0.0125, heads: 2 },
    start: 'shipped',
    off: [
      { site: 'blocks.0.attn', head: 3 },
      { site: 'decoder.blocks.1.cross_attn', head: 0 },
    ],
    text: 'a b & c = ü 漢 #',
    language: 'zh',
    theme: 'dark',
  };
  const hash = encodeTrainingLink(state, own);
  assert.match(hash, /^#train\/copy\?seed=7&/);
  assert.doesNotMatch(hash, /layers|width/);
  const { setup, ...rest } = decodeTrainingLink(hash);
  assert.deepEqual({ ...own, ...setup }, state.setup);
  assert.deepEqual(rest, {
    start: state.start,
    off: state.off,
    text: state.text,
    language: 'zh',
    theme: 'dark',
  });
});

test('a link that is broken gives what can be read of it', () => {
  const { setup, off, start } = decodeTrainingLink(
    '#train=copy&seed=-1&rate=NaN&layers=99&heads=3&width=64&off=x~y,blocks.0.attn~1,~2&start=elsewhere',
  );
  assert.deepEqual(setup, { lesson: 'copy', width: 64 });
  assert.deepEqual(off, [{ site: 'blocks.0.attn', head: 1 }]);
  assert.equal(start, undefined);
  assert.equal(decodeTrainingLink('#train=copy&begin=shipped').start, 'shipped', 'an old link');
  fc.assert(fc.property(fc.string(), (text) => void decodeTrainingLink(`#train=${text}`)));
});

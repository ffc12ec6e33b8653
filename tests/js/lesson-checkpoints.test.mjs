// The checkpoints that ship with the page: each reaches its lesson's goal on examples that it never saw, as the lesson states.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { createRandom } from 'attention-lab';
import { loadLessons } from '../../scripts/lib/lessons.mjs';
import { forEachVariant } from './support.mjs';

const { batches, lessons, lessonOf, heldOutExamples, measure, trainerOptions } =
  await loadLessons();
const models = fileURLToPath(new URL('../../web/public/models/', import.meta.url));
const folderOf = ({ id }) => join(models, id);
const measured = 1000;

/** relaxed rounds otherwise: a few answers of thousands may fall on the other side. */
const tolerance = { simd128: 0.00005, relaxed: 0.002 };

forEachVariant('lesson checkpoints', (lab) => {
  for (const lesson of lessons) {
    test(`${lesson.id}: the stated accuracy, and the head that attends to the answer`, async () => {
      const model = await lab.rt.loadModel(folderOf(lesson));
      const { accuracy, head } = measure(lesson, model, heldOutExamples(lesson, measured));
      model.dispose();
      assert.ok(accuracy >= lesson.goal, `accuracy ${accuracy}, goal ${lesson.goal}`);
      const stated = lesson.shipped;
      assert.ok(
        Math.abs(accuracy - stated.accuracy) <= tolerance[lab.rt.variant],
        `accuracy ${accuracy}, stated ${stated.accuracy}`,
      );
      assert.deepEqual([head.layer, head.head], [stated.head.layer, stated.head.head]);
      assert.ok(
        Math.abs(head.weight - stated.head.weight) <= 0.002,
        `weight ${head.weight}, stated ${stated.head.weight}`,
      );
    });
  }
});

test('all checkpoints together are at most 1 MB', () => {
  const sizes = readdirSync(models, { recursive: true })
    .map((name) => statSync(join(models, name)))
    .filter((entry) => entry.isFile());
  const sum = sizes.reduce((total, { size }) => total + size, 0);
  assert.ok(sum <= 1e6, `${sum} bytes`);
});

test('every lesson ships, with a record of its training that says the same as the lesson', () => {
  for (const lesson of lessons) {
    assert.ok(existsSync(join(folderOf(lesson), 'model.safetensors')), lesson.id);
    const record = JSON.parse(readFileSync(join(folderOf(lesson), 'evaluation.json'), 'utf8'));
    assert.equal(record.lesson, lesson.id);
    assert.equal(record.seed, lesson.shipped.seed);
    assert.equal(record.steps, lesson.training.totalSteps);
    assert.equal(record.accuracy, lesson.shipped.accuracy);
    assert.ok(record.accuracy >= lesson.goal);
  }
});

forEachVariant('a lesson’s folder', (lab) => {
  for (const lesson of lessons) {
    test(`${lesson.id}: says how texts or pictures become what the lesson reads`, async () => {
      const model = await lab.rt.loadModel(folderOf(lesson));
      if (lesson.kind === 'text') {
        for (const sample of lesson.samples) {
          const { ids } = model.encode(sample);
          assert.deepEqual(
            [...lesson.encode(sample).example.inputIds].slice(0, ids.length),
            ids,
            sample,
          );
          const { stopTokens } = lesson.prompt?.(sample) ?? {};
          if (stopTokens) assert.deepEqual(model.stopTokens, stopTokens);
        }
      } else {
        const { input: drawing } = lesson.example(createRandom(1), true);
        const bytes = Uint8Array.from(drawing.ink, (ink) => Math.round(255 * ink));
        const { data } = model.preprocess({
          data: bytes,
          width: drawing.width,
          height: drawing.height,
        });
        assert.equal(data.length, drawing.ink.length);
        data.forEach((value, i) =>
          assert.ok(
            Math.abs(value - drawing.ink[i]) <= 0.5 / 255 + 1e-6,
            `pixel ${i}: ${value}, ink ${drawing.ink[i]}`,
          ),
        );
        assert.deepEqual(model.labels, lesson.vocabulary);
      }
      model.dispose();
    });
  }
});

forEachVariant('training a lesson', (lab) => {
  const run = (id, steps, seed = 1) => {
    const lesson = lessonOf(id);
    const model = lab.rt.createModel(lesson.config, { seed });
    const trainer = model.trainer(trainerOptions(lesson, seed));
    const losses = Array.from({ length: steps }, () => trainer.step().loss);
    trainer.dispose();
    return { lesson, model, losses };
  };

  test('the same seed gives the same run, bit for bit', () => {
    const [a, b, other] = [run('sort', 5), run('sort', 5), run('sort', 5, 2)];
    assert.deepEqual(a.losses, b.losses);
    assert.deepEqual(a.model.save(), b.model.save());
    assert.notDeepEqual(a.losses, other.losses);
    for (const { model } of [a, b, other]) model.dispose();
  });

  test('what `npm run train` steps on is what step() draws', () => {
    const lesson = lessonOf('sort');
    const model = lab.rt.createModel(lesson.config, { seed: 1 });
    const trainer = model.trainer(trainerOptions(lesson, 1));
    const drawn = batches(lesson, 1);
    const losses = Array.from(
      { length: 5 },
      () => trainer.step(trainer.batchOf(drawn.next().value)).loss,
    );
    trainer.dispose();
    model.dispose();
    const other = run('sort', 5);
    other.model.dispose();
    assert.deepEqual(losses, other.losses);
  });

  test('a pool holds the examples that would be drawn one by one, each batch those of like length', () => {
    const { pool, training, ...lesson } = lessonOf('coreference');
    const take = (from, count) => Array.from({ length: count }, () => from.next().value);
    const pooled = take(batches({ ...lesson, pool, training }, 5), pool);
    const plain = take(batches({ ...lesson, training }, 5), pool).flat();
    const sorted = (examples) => examples.map((example) => JSON.stringify(example)).sort();
    assert.deepEqual(sorted(pooled.flat()), sorted(plain));
    const ranges = pooled
      .map((batch) => batch.map(({ inputIds }) => inputIds.length))
      .map((all) => [Math.min(...all), Math.max(...all)])
      .sort(([a, b], [c, d]) => a - c || b - d);
    assert.ok(pooled.every((batch) => batch.length === training.batchSize));
    assert.ok(ranges.every(([shortest], i) => i === 0 || shortest >= ranges[i - 1][1]));
  });

  test('reverse, trained anew, reaches its goal', () => {
    const { training, shipped } = lessonOf('reverse');
    const { lesson, model } = run('reverse', training.totalSteps, shipped.seed);
    const { accuracy, head } = measure(lesson, model, heldOutExamples(lesson, 100));
    model.dispose();
    assert.ok(accuracy >= lesson.goal, `accuracy ${accuracy}`);
    assert.ok(head.weight > 0.8, `weight ${head.weight}`);
  });
});

// npm run train -- LESSON [--seed N] [--steps N] [--out DIR]: trains a lesson's model with this package, measures it on examples
// that it never saw, and writes the checkpoint that ships with the page. The same seed gives the same bytes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { packageSteps, setUpSteps } from './lib/build-steps.mjs';
import { paths } from './lib/paths.mjs';
import { exitOnFailure, progress, runSteps, step, StepFailed } from './lib/steps.mjs';

const usage = 'usage: npm run train -- LESSON [--seed N] [--steps N] [--out DIR]';
/** For the figures of evaluation.json, and for each of its heads switched off. */
const [measured, ablated] = [1000, 300];

function options(argv = process.argv.slice(2)) {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      options: { seed: { type: 'string' }, steps: { type: 'string' }, out: { type: 'string' } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new StepFailed(`${error.message}\n${usage}`);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 1)
    throw new StepFailed(
      `expected the name of one lesson, got ${positionals.join(' ') || 'none'}\n${usage}`,
    );
  const integer = (name, least, most) => {
    const text = values[name];
    if (text === undefined) return undefined;
    if (!/^\d+$/.test(text) || Number(text) < least || Number(text) > most) {
      throw new StepFailed(
        `--${name}: expected an integer from ${least} to ${most}, got ${text}\n${usage}`,
      );
    }
    return Number(text);
  };
  return {
    id: positionals[0],
    seed: integer('seed', 0, 0xffffffff),
    steps: integer('steps', 1, 1e7),
    out: values.out,
  };
}

function train(trainer, batches, steps) {
  const recent = [];
  for (let i = 1; i <= steps; ++i) {
    const { loss, accuracy } = trainer.step(trainer.batchOf(batches.next().value));
    recent.push({ loss, accuracy });
    if (recent.length > 50) recent.shift();
    if (i % 20 === 0 || i === steps) {
      const mean = (key) => recent.reduce((sum, each) => sum + each[key], 0) / recent.length;
      progress(
        `step ${i} of ${steps}, loss ${mean('loss').toFixed(4)}, accuracy ${(100 * mean('accuracy')).toFixed(2)} %`,
      );
    }
  }
}

async function main() {
  const { id, seed: givenSeed, steps: givenSteps, out } = options();
  await runSteps([...setUpSteps, ...packageSteps]);
  // Only now are esbuild and the package there.
  const { loadLessons } = await import('./lib/lessons.mjs');
  const { createRuntime } = await import('attention-lab');
  const lessons = await loadLessons();
  const lesson = lessons.lessonOf(id);
  if (!lesson)
    throw new StepFailed(
      `${id}: no such lesson; there are ${lessons.lessons.map((each) => each.id).join(', ')}\n${usage}`,
    );
  const seed = givenSeed ?? lesson.shipped.seed;
  const steps = givenSteps ?? lesson.training.totalSteps;
  const changed = {
    totalSteps: steps,
    warmupSteps: Math.min(lesson.training.warmupSteps, steps - 1),
  };

  const rt = await createRuntime({ variant: 'simd128' }); // gives the same weights on every machine
  const model = rt.createModel(lesson.config, { seed });
  const trainer = model.trainer(lessons.trainerOptions(lesson, seed, changed));
  let seconds = 0;
  await step(`${id}: ${steps} steps of ${lesson.training.batchSize} examples, seed ${seed}`, () => {
    const begin = performance.now();
    train(trainer, lessons.batches(lesson, seed), steps);
    seconds = (performance.now() - begin) / 1000;
  });
  trainer.dispose();
  const finishing = lessons.finishing[id];
  finishing?.finish(model);
  const files = lessons.folderOf(model, lesson, { dtype: 'f16' });
  model.dispose();

  // What is measured is what is written: the weights after they were rounded to f16.
  const saved = await rt.loadModel(files);
  let evaluation;
  await step(`${measured} examples that it never saw`, () => {
    const result = lessons.measure(lesson, saved, lessons.heldOutExamples(lesson, measured));
    const off = lessons.ablations(lesson, saved, lessons.heldOutExamples(lesson, ablated), result);
    const parameters = [...saved.parameterShapes().values()].reduce(
      (sum, dims) => sum + dims.reduce((a, b) => a * b, 1),
      0,
    );
    evaluation = {
      lesson: id,
      seed,
      steps,
      batchSize: lesson.training.batchSize,
      parameters,
      heldOut: measured,
      ...result,
      accuracyWithoutHead: off,
      details: finishing?.details(saved),
    };
    return `accuracy ${(100 * result.accuracy).toFixed(2)} %, all right in ${(100 * result.exact).toFixed(1)} %`;
  });
  saved.dispose();

  const folder = out ?? join(paths.root, 'web', 'public', 'models', id);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  writeFileSync(
    join(folder, 'evaluation.json'),
    `${JSON.stringify(rounded(evaluation), null, 2)}\n`,
  );
  const { layer, head, weight } = evaluation.head;
  console.log(
    `${relative(process.cwd(), folder) || '.'}: ${[...files.values()].reduce((sum, { length }) => sum + length, 0)} bytes, ${seconds.toFixed(1)} s of training`,
  );
  console.log(
    `shipped: { seed: ${seed}, accuracy: ${evaluation.accuracy.toFixed(4)}, head: { layer: ${layer}, head: ${head}, weight: ${weight.toFixed(3)} } }`,
  );
  if (evaluation.accuracy < lesson.goal)
    throw new StepFailed(
      `accuracy ${evaluation.accuracy}: expected at least ${lesson.goal}, the lesson's goal`,
    );
}

/** Four digits are what a thousand examples can tell. */
const rounded = (value) =>
  JSON.parse(
    JSON.stringify(value, (_, item) =>
      typeof item === 'number' && !Number.isInteger(item) ? Number(item.toFixed(4)) : item,
    ),
  );

await exitOnFailure(main);

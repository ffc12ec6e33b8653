// node scripts/train-recurrent.mjs: trains the recurrent network of the chapter “before attention” on the lesson `copy`, in PyTorch,
// since the package computes a GRU's Jacobians but does not train it. Same examples in the same order as the lesson's own model.
// Needs Python with PyTorch (PYTHON names it), and a built package.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from 'attention-lab';
import { loadLessons } from './lib/lessons.mjs';
import { paths } from './lib/paths.mjs';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '12000' },
    out: { type: 'string', default: join(paths.root, 'web/public/models/recurrent') },
  },
});
const lessons = await loadLessons();
const copy = lessons.lessonOf('copy');
const steps = Number(values.steps);

const random = createRandom(copy.shipped.seed);
const examples = Array.from({ length: steps * copy.training.batchSize }, () => {
  const { inputIds, labels } = copy.example(random, false).encoded.example;
  return [inputIds, labels];
});
const heldOut = lessons
  .heldOutExamples(copy, 1000)
  .map(({ example: { inputIds, labels } }) => [inputIds, labels]);

const folder = mkdtempSync(join(paths.build, 'train-recurrent-'));
try {
  const file = join(folder, 'examples.json');
  writeFileSync(
    file,
    JSON.stringify({ batchSize: copy.training.batchSize, vocabSize: 26, examples, heldOut }),
  );
  const script = join(paths.root, 'scripts/train_recurrent.py');
  const { status } = spawnSync(process.env.PYTHON ?? 'python3', [script, file, values.out], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

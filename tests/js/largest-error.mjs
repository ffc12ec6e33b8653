// Prints, for each family of golden checkpoints, the largest error of any compared value: node tests/js/largest-error.mjs
import { createRuntime } from 'attention-lab';
import { comparable, runners } from './golden-run.mjs';
import { checkpointPath, readGroups } from './golden.mjs';

const family = ({ checkpoint }) => (/^(gpt2|llama|distilbert|roberta|longformer|marian|vit)/.exec(checkpoint) ?? ['bert'])[0];

/** |actual − expected|, infinite where either is no number or the shapes differ. */
function largest(actual, expected) {
  if (actual?.data.length !== expected.data.length) return Infinity;
  return expected.data.reduce((worst, value, i) => {
    const error = value === actual.data[i] ? 0 : Math.abs(actual.data[i] - value);
    return Math.max(worst, Number.isNaN(error) ? Infinity : error);
  }, 0);
}

const variant = process.argv[2] ?? 'simd128';
const runtime = await createRuntime({ variant });
const found = new Map();
for (const { cases } of readGroups()) {
  for (const testCase of cases.filter(({ checkpoint, kind }) => checkpoint && kind !== 'generation')) {
    const model = await runtime.loadModel(checkpointPath(testCase.checkpoint));
    const { actual, expected } = comparable(testCase, runners[testCase.kind](runtime, testCase, model));
    model.dispose();
    const key = family(testCase);
    const row = found.get(key) ?? { family: key, variant, cases: 0, values: 0, 'largest error': 0, in: '' };
    row.cases += 1;
    for (const [name, tensor] of expected) {
      const error = largest(actual.get(name), tensor);
      row.values += tensor.data.length;
      if (error > row['largest error']) Object.assign(row, { 'largest error': error, in: `${testCase.name}: ${name}` });
    }
    found.set(key, row);
  }
}
console.table([...found.values()]);

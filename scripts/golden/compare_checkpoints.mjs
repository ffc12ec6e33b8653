// Compares the built package with Transformers on the checkpoints that random_checkpoints.py made, or on tests/golden:
//   scripts/lib/node-relaxed-simd.sh scripts/golden/compare_checkpoints.mjs [DIR]
// Prints every failure and the largest error of each kind of value, as a share of the tolerance; exits with 1 on a failure.
import { createRuntime } from 'attention-lab';
import { difference, shareOfTolerance } from '../../tests/js/compare.mjs';
import { comparable, runners } from '../../tests/js/golden-run.mjs';
import { checkpointPath, readGroups } from '../../tests/js/golden.mjs';

const [folder] = process.argv.slice(2);
const groups = readGroups(folder);
let failures = 0;

/** `attentions.3` and `blocks.2.attn.q` are of the kinds `attentions` and `blocks.attn.q`. */
const kindOf = (name) => name.replace(/\.\d+/g, '');

async function compareAll(runtime) {
  const worst = new Map();
  let compared = 0;
  for (const { group, cases } of groups) {
    for (const testCase of cases.filter(({ kind }) => runners[kind])) {
      const { checkpoint, name, tolerance } = testCase;
      const fail = (message) =>
        console.log(`${runtime.variant} ${group}/${name}: ${message} (${++failures})`);
      let model;
      try {
        model = checkpoint && (await runtime.loadModel(checkpointPath(checkpoint, folder)));
        const { actual, expected } = comparable(
          testCase,
          runners[testCase.kind](runtime, testCase, model),
        );
        for (const [key, tensor] of expected) {
          const message = difference(actual.get(key), tensor, tolerance);
          if (message !== undefined) fail(`${key}: ${message}`);
          else {
            const share = shareOfTolerance(actual.get(key), tensor, tolerance);
            if (share >= (worst.get(kindOf(key))?.share ?? 0))
              worst.set(kindOf(key), { share, where: `${group}/${name}` });
          }
        }
        ++compared;
      } catch (error) {
        fail(`${error.code ?? error.name}: ${error.message}`);
      } finally {
        model?.dispose();
      }
    }
  }
  console.log(
    `${runtime.variant}: ${compared} batches; largest error as a share of the tolerance:`,
  );
  for (const [kind, { share, where }] of worst)
    console.log(`  ${kind.padEnd(24)} ${share.toFixed(3)}  ${where}`);
  if (runtime.liveHandles !== 0)
    console.log(`${++failures}: ${runtime.liveHandles} handles are left`);
  return compared;
}

for (const variant of ['simd128', 'relaxed']) {
  if ((await compareAll(await createRuntime({ variant }))) === 0) ++failures;
}
console.log(failures ? `${failures} failures` : 'all agree');
process.exitCode = failures ? 1 : 0;

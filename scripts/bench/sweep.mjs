// What a sweep saves by not running again what an edit cannot have changed: the same edits as whole passes, one by one.
//   scripts/lib/node-relaxed-simd.sh scripts/bench/sweep.mjs
import { performance } from 'node:perf_hooks';
import { createRuntime } from '../../dist/node.js';

const rounds = 5;
const config = {
  vocabSize: 1000,
  dModel: 256,
  numLayers: 12,
  positions: 'learned',
  norm: 'pre',
  finalNorm: true,
  lmHead: true,
  attention: { numHeads: 8, causal: true },
};
const inputs = { inputIds: Array.from({ length: 32 }, (_, t) => (t * 37) % config.vocabSize) };
const edits = (layer, head) => [{ at: `blocks.${layer}.attn.z`, head, op: 'zero' }];
const metric = { kind: 'probability', token: 5 };

const rt = await createRuntime();
const model = rt.createModel(config, { seed: 1 });

async function timed(run) {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const times = { sweep: [], oneByOne: [] };
let passes;
for (let round = 0; round < rounds; ++round) {
  times.sweep.push(
    await timed(
      async () =>
        ({ blockPasses: passes } = await model.sweep({
          inputs,
          over: 'heads',
          op: 'zero',
          metric,
        })),
    ),
  );
  times.oneByOne.push(
    await timed(() => {
      for (let layer = 0; layer < 12; ++layer)
        for (let head = 0; head < 8; ++head)
          model.forward(inputs, { interventions: edits(layer, head) });
    }),
  );
}
const [sweep, oneByOne] = [median(times.sweep), median(times.oneByOne)];
console.log(
  `${rt.variant}: 96 heads of 12 layers, D 256, T 32: ${passes.run} of ${passes.whole} block passes`,
);
console.log(
  `sweep ${sweep.toFixed(0)} ms, one by one ${oneByOne.toFixed(0)} ms: ${(oneByOne / sweep).toFixed(2)} times (median of ${rounds})`,
);
model.dispose();

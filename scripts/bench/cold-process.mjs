// One cold start: imports one contestant, runs the toy encoder once and prints the milliseconds that took.
import { readFileSync } from 'node:fs';
import { modelConfig, toyEncoder } from './cases.mjs';

const [, , who, variant, graph] = process.argv;
const { data, dims } = toyEncoder.inputs().x;
const runs = {
  async ours() {
    const { createRuntime } = await import(new URL('../../dist/node.js', import.meta.url));
    const runtime = await createRuntime({ variant });
    runtime
      .createModel(modelConfig(toyEncoder.shape), { seed: 1 })
      .forward({ inputsEmbeds: { data, dims } });
  },
  async onnxruntime() {
    const ort = await import(
      new URL('node_modules/onnxruntime-web/dist/ort.node.min.mjs', import.meta.url)
    );
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create(readFileSync(graph), {
      executionProviders: ['wasm'],
    });
    await session.run({ x: new ort.Tensor('float32', data, dims) });
  },
};
const start = performance.now();
await runs[who]();
console.log(performance.now() - start);
process.exit(0);

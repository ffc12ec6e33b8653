// Models and products of int8 weights, against this package's own f32 and against onnxruntime-web with a graph that is quantised as
// transformers.js' default (q8) is: dynamic, one scale to a tensor.
import { encoderCases, int8Cases, modelConfig } from './cases.mjs';
import { encoderGraph } from './graphs.mjs';
import { interleave } from './statistics.mjs';

/** Below it something else is computed. Random weights and inputs: a real checkpoint's figures are scripts/measure-quality.mjs'. */
const leastCosine = { ours: 0.999, theirs: 0.9 };

function cosine(a, b) {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] ** 2;
    bb += b[i] ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

function check(name, actual, expected, limit) {
  const found = cosine(actual, expected);
  if (!(found >= limit)) throw new Error(`${name} computes something else: cosine ${found}`);
  return found;
}

/** { name, value: their median / ours, least, times } */
function ratio(name, times, against, least) {
  const value = times[against].median / times.int8.median;
  return { name, value, unit: '×', least, met: value >= least, times };
}

async function measureProduct({ name, inputs, target }, kernels, options) {
  const given = inputs();
  const made = {
    int8: kernels.linear({ ...given, dtype: 'int8' }),
    f32: kernels.linear(given),
  };
  check(name, made.int8.output(), made.f32.output(), leastCosine.ours);
  const times = await interleave({ int8: made.int8.run, f32: made.f32.run }, options);
  for (const each of Object.values(made)) each.dispose();
  return ratio(`${name} against our f32`, times, 'f32', target);
}

async function measureEncoder({ name, shape, inputs }, runtime, ort, options) {
  const { x } = inputs();
  const models = {
    f32: runtime.createModel(modelConfig(shape), { seed: 1 }),
    int8: runtime.createModel(modelConfig(shape), { seed: 1, dtype: 'int8' }),
  };
  const parameters = models.f32.parameters();
  const session = await ort.InferenceSession.create(
    encoderGraph(shape, (parameter) => parameters.get(parameter), { quantised: true }),
    { executionProviders: ['wasm'], graphOptimizationLevel: 'all' },
  );
  const feeds = { x: new ort.Tensor('float32', x.data, x.dims) };
  const forward = (model) => model.forward({ inputsEmbeds: x }).lastHiddenState.data;
  const exact = forward(models.f32);
  const cosines = {
    ours: check(`${name}, int8`, forward(models.int8), exact, leastCosine.ours),
    theirs: check(`${name}, q8`, (await session.run(feeds)).y.data, exact, leastCosine.theirs),
  };
  const times = await interleave(
    {
      int8: () => forward(models.int8),
      f32: () => forward(models.f32),
      q8: () => session.run(feeds),
    },
    options,
  );
  await session.release();
  for (const model of Object.values(models)) model.dispose();
  return [
    { ...ratio(`int8 ${name} against onnxruntime-web q8`, times, 'q8', 2), cosines },
    ratio(`int8 ${name} against our f32`, times, 'f32', 1),
  ];
}

/** One token at a time, nothing else: a prompt of one. */
async function measureDecoding({ name, config, tokens, target }, createRuntime, variant, options) {
  const made = {};
  for (const dtype of ['int8', 'f32']) {
    const runtime = await createRuntime({ variant });
    const model = runtime.createModel(config, { seed: 1, dtype });
    made[dtype] = () => model.generate([1], { maxNewTokens: tokens, stopTokens: [] });
  }
  const times = await interleave(made, { ...options, rounds: Math.min(options.rounds, 5) });
  return ratio(`${name} against our f32`, times, 'f32', target);
}

export async function measureInt8(environment, kernels, wanted, options) {
  const { createRuntime, variant, ort } = environment;
  const runtime = await createRuntime({ variant });
  const { products, decoding } = int8Cases;
  const rows = [];
  for (const product of products.filter(wanted))
    rows.push(await measureProduct(product, kernels, options));
  for (const encoder of encoderCases.filter(({ name }) => wanted({ name: `int8 ${name}` })))
    if (encoder.shape.dModel > 64)
      rows.push(...(await measureEncoder(encoder, runtime, ort, options)));
  if (wanted(decoding)) rows.push(await measureDecoding(decoding, createRuntime, variant, options));
  return rows;
}

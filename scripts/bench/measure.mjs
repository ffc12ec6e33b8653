// Runs every case on every contestant, interleaved, in one process. Runs in Node and in a browser alike: whatever
// differs between them comes in by `environment`.
import { encoderCases, kernelCases, modelConfig } from './cases.mjs';
import { measureInt8 } from './int8.mjs';
import { loadKernels } from './kernels.mjs';
import { onnxruntime, tensorflow } from './peers.mjs';
import { randomFloats } from './random.mjs';
import { difference, interleave } from './statistics.mjs';
import { measureTraining, trainingCase } from './training.mjs';
import { windowGrowth } from './window.mjs';

const tolerance = 1e-3; // of outputs, absolute plus relative: f32 through six layers in another order

/** One row of the result: this package's median against each peer's and the limit. */
function row(name, times, { flops, target, limits, differences, peers }) {
  const ours = times.ours;
  const ratios = peers
    .filter((peer) => times[peer])
    .map((peer) => times[peer].median / ours.median);
  const gflops = flops && flops / ours.median / 1e6;
  const fraction = gflops && gflops / limits.F;
  const ratio = ratios.length ? Math.min(...ratios) : undefined;
  const met = {
    ...(target.ratio && { ratio: ratio >= target.ratio }),
    ...(target.ofF && { ofF: fraction >= target.ofF }),
  };
  return { name, times, gflops, ofF: fraction, ratio, target, met, differences };
}

async function compareAndTime(contestants, options) {
  const { ours, ...peers } = contestants;
  const expected = Float32Array.from(await ours.output());
  const differences = {};
  for (const [name, peer] of Object.entries(peers)) {
    differences[name] = difference(await peer.output(), expected);
    if (!(differences[name] <= tolerance))
      throw new Error(`${name} computes something else: outputs differ by ${differences[name]}`);
  }
  const runs = Object.fromEntries(
    Object.entries(contestants).map(([name, { run }]) => [name, run]),
  );
  const times = await interleave(runs, options);
  for (const { dispose } of Object.values(contestants)) await dispose();
  return { differences, times };
}

async function measureKernel(testCase, kernels, peers, options) {
  const inputs = testCase.inputs();
  const contestants = { ours: kernels[testCase.op](inputs) };
  for (const peer of peers) contestants[peer.name] = await peer[testCase.op](inputs);
  return compareAndTime(contestants, options);
}

async function measureEncoder({ shape, inputs }, runtime, peers, options) {
  const { x } = inputs();
  const model = runtime.createModel(modelConfig(shape), { seed: 1 });
  // Biases and gains as a trained model has them: not all 0 and 1.
  const parameters = model.parameters();
  const names = [...parameters.keys()];
  names.forEach((name, i) => {
    const { data, dims } = parameters.get(name);
    if (dims.length > 1) return;
    const noise = randomFloats(data.length, 100 + i, 0.1);
    data.forEach((value, j) => (data[j] = value + noise[j]));
    model.setParameter(name, { data, dims });
  });
  const parameter = (name) => parameters.get(name);
  const forward = () => model.forward({ inputsEmbeds: x }).lastHiddenState.data;
  const contestants = { ours: { run: forward, output: forward, dispose: () => model.dispose() } };
  for (const peer of peers)
    contestants[peer.name] = await peer.encoder({ x, shape, parameter, names });
  return compareAndTime(contestants, options);
}

/** Rows without a peer: growth with T, memory, and what recording costs. */
async function measureGrowth(kernels, { createRuntime, variant }, { rounds, quick }) {
  const options = { rounds: Math.min(rounds, 5), warmUp: 0, least: 0 };
  const timed = async (lengths, shape) => {
    const contestants = {};
    const made = lengths.map((length) => {
      const [q, k, v] = [1, 2, 3].map((seed) => ({
        data: randomFloats(shape.heads * length * shape.dHead, seed),
      }));
      return kernels.attention({ q, k, v, length, ...shape });
    });
    made.forEach(({ run }, i) => (contestants[lengths[i]] = run));
    const times = await interleave(contestants, options);
    made.forEach(({ dispose }) => dispose());
    return times[lengths[1]].median / times[lengths[0]].median;
  };
  const rows = [];
  const add = (name, value, unit, limit) =>
    rows.push({ name, value, unit, limit, met: value <= limit });
  add(
    'window ±256, K 64: T = 16384 over T = 8192',
    await timed([8192, 16384], { heads: 1, dHead: 64, window: 256 }),
    '×',
    2.1,
  );
  const long = await createRuntime({ variant });
  add(
    'window ±64 and 3 global tokens, 2 layers, D 128: T = 4096 over T = 2048',
    await windowGrowth(long, { rounds }),
    '×',
    2.2,
  );
  if (!quick) {
    add(
      'attention H 8, K 64, no pattern: T = 8192 over T = 4096',
      await timed([4096, 8192], { heads: 8, dHead: 64 }),
      '×',
      4.4,
    );
    const runtime = await createRuntime({ variant });
    const dims = [8, 8192, 64];
    const [q, k, v] = [1, 2, 3].map((seed) => ({ data: randomFloats(8 * 8192 * 64, seed), dims }));
    runtime.attention({ q, k, v });
    add(
      'attention H 8, K 64, T = 8192 in a fresh runtime: wasm memory',
      runtime.memoryBytes / 1e6,
      'MB',
      64,
    );
  }
  const runtime = await createRuntime({ variant });
  const testCase = encoderCases.find(({ shape }) => shape.length === 128);
  const model = runtime.createModel(modelConfig(testCase.shape), { seed: 1 });
  const inputsEmbeds = testCase.inputs().x;
  const times = await interleave(
    {
      untraced: () => model.forward({ inputsEmbeds }),
      traced: () => model.forward({ inputsEmbeds }, { outputAttentions: true, trace: true }),
    },
    { rounds },
  );
  add(
    'MiniLM encoder, T = 128: full trace and attentions over none',
    times.traced.median / times.untraced.median,
    '×',
    1.5,
  );
  model.dispose();
  return rows;
}

export async function measure(environment, { quick = false, only, report = () => {} }) {
  const options = { rounds: quick ? 5 : 15, quick };
  const { createRuntime, variant, kernelsModule, ort, tf, versions } = environment;
  const runtime = await createRuntime({ variant });
  const kernels = await loadKernels(kernelsModule);
  const peers = [onnxruntime(ort, versions.ort), await tensorflow(tf, versions.tf)];
  const names = peers.map(({ name }) => name);
  const limits = kernels.limits();
  report({ limits, peers: names });
  const wanted = ({ name }) => !only || name.includes(only);
  const rows = [];
  for (const testCase of [...kernelCases, ...encoderCases].filter(wanted)) {
    const result = testCase.op
      ? await measureKernel(testCase, kernels, peers, options)
      : await measureEncoder(testCase, runtime, peers, options);
    rows.push(row(testCase.name, result.times, { ...testCase, ...result, limits, peers: names }));
    report({ row: rows.at(-1) });
  }
  const growth = [];
  if (wanted(trainingCase)) {
    const { ratio, ...result } = await measureTraining(environment, names[1], options);
    rows.push(
      row(trainingCase.name, result.times, { ...trainingCase, ...result, limits, peers: names }),
    );
    report({ row: rows.at(-1) });
    growth.push(ratio);
  }
  growth.push(...(await measureInt8(environment, kernels, wanted, options)));
  if (!only) growth.push(...(await measureGrowth(kernels, environment, options)));
  growth.forEach((entry) => report({ growth: entry }));
  return { variant, limits, rounds: options.rounds, rows, growth };
}

// A training step of the induction model (the lesson "copy") against its own forward pass, and against the same step in tfjs.
import { randomFloats } from './random.mjs';
import { difference, interleave } from './statistics.mjs';
import { tensorflowTrainer } from './training-peer.mjs';

const [B, T, V] = [32, 32, 26];
const config = {
  vocabSize: V,
  maxLen: T,
  dModel: 64,
  numLayers: 2,
  dFf: 64,
  positions: 'learned',
  embedNorm: true,
  norm: 'pre',
  finalNorm: true,
  activation: 'gelu_tanh',
  lmHead: true,
  attention: { numHeads: 4, causal: true },
};
const options = { lr: 1e-3, betas: [0.9, 0.98], eps: 1e-8, weightDecay: 0, clipNorm: 1 }; // tfjs's Adam has no weight decay
const compared = 5; // steps whose losses must agree: the gradients and the optimizer are the same, too
const tolerance = 1e-4; // of losses, absolute plus relative
const times = { ratio: 3, forward: 3.5 };

export const trainingCase = {
  name: `training step, ${config.numLayers} layers, D ${config.dModel}, H 4, T ${T}, batch ${B}`,
  target: { ratio: times.ratio },
};

/** Random letters, then the same once more: what follows is known in the second half. */
function induction() {
  const letters = randomFloats((B * T) / 2, 1).map((x) => Math.floor(((x + 1) / 2) * V));
  const inputIds = Array.from({ length: B }, (_, b) => {
    const half = [...letters.subarray((b * T) / 2, ((b + 1) * T) / 2)];
    return [...half, ...half];
  });
  const labels = inputIds.map((row) =>
    row.map((_, t) => (t < T / 2 || t === T - 1 ? -100 : row[t + 1])),
  );
  return { inputIds, labels };
}

/**
 * Times of a whole step of either: forward, loss, backward, clipping and Adam. `forward` is the step's own forward pass: the same
 * batch to its loss, through the public API as well, recording nothing and copying no output (trainer.evaluate).
 */
export async function measureTraining({ createRuntime, variant, tf }, peer, { rounds }) {
  const runtime = await createRuntime({ variant });
  const model = runtime.createModel(config, { seed: 1 });
  const batch = induction();
  const theirs = tensorflowTrainer(tf, { config, options, parameters: model.parameters(), batch });
  const trainer = model.trainer(options);
  const losses = (step) => Array.from({ length: compared }, step);
  const apart = difference(
    losses(theirs.step),
    losses(() => trainer.step(batch).loss),
  );
  if (!(apart <= tolerance))
    throw new Error(`${peer} computes something else: losses differ by ${apart}`);
  const { forward, ...steps } = await interleave(
    {
      ours: () => trainer.step(batch),
      forward: () => trainer.evaluate(batch),
      [peer]: theirs.step,
    },
    { rounds },
  );
  theirs.dispose();
  model.dispose();
  const value = steps.ours.median / forward.median;
  const limit = times.forward;
  const name = `training step over its forward pass and loss (${forward.median.toFixed(2)} ms ±${Math.round(forward.spread * 50)}%)`;
  return {
    times: steps,
    differences: { [peer]: apart },
    ratio: { name, times: { ...steps, forward }, value, unit: '×', limit, met: value <= limit },
  };
}

// How the time of a model with a window and global tokens grows with the sequence: linearly, whatever T is.
import { interleave } from './statistics.mjs';

const config = {
  vocabSize: 100,
  maxLen: 4096,
  dModel: 128,
  numLayers: 2,
  positions: 'learned',
  activation: 'gelu',
  attention: { numHeads: 4, window: 64, globalTokens: true },
};

/** The time of 4096 tokens, three of them global, over that of 2048. */
export async function windowGrowth(runtime, { rounds }) {
  const model = runtime.createModel(config, { seed: 1 });
  const pass = (length) => {
    const inputIds = Array.from({ length }, (_, i) => i % 100);
    const globalAttentionMask = inputIds.map((_, i) => ([0, 100, length - 1].includes(i) ? 1 : 0));
    return () => model.forward({ inputIds, globalAttentionMask });
  };
  const times = await interleave({ half: pass(2048), whole: pass(4096) }, { rounds });
  model.dispose();
  return times.whole.median / times.half.median;
}

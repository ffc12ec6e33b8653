// What every consumer runs: a runtime here and one in a worker, each with the checkpoint's attention for one sentence.
import { AttentionLabError, createRuntime } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';

const sentence = 'the animal did not cross the street because the [MASK] was too tired .';

async function read(rt, source) {
  const model = await rt.loadModel(source);
  const { ids, tokens } = await model.encode(sentence);
  const { attentions } = await model.forward({ inputIds: ids }, { outputAttentions: true });
  const T = ids.length;
  const mask = tokens.indexOf('[MASK]');
  const row = Array.from(attentions[1].data).slice(mask * T, (mask + 1) * T);
  const most = Math.max(...row);
  model.dispose();
  return `${tokens[row.indexOf(most)]} ${most.toFixed(2)}`;
}

const wordsOf = (error) =>
  `${error instanceof AttentionLabError ? error.code : error.name}: ${error.message}`;

/** { here, there }: 'animal 0.96' each, or what went wrong. */
export async function probe(source) {
  const result = {};
  try {
    result.here = await read(await createRuntime(), source);
  } catch (error) {
    result.here = wordsOf(error);
  }
  try {
    const worker = await createWorkerRuntime();
    result.there = await read(worker, source);
    worker.dispose();
  } catch (error) {
    result.there = wordsOf(error);
  }
  return result;
}

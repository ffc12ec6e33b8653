// Saves models with the built package, for compare_saved.py to read with Transformers:
//   node scripts/golden/save_checkpoints.mjs DIR
// Every golden checkpoint and every model of tests/js/saved-models.mjs, with what this package computes from it.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRuntime } from 'attention-lab';
import { checkpointPath } from '../../tests/js/golden.mjs';
import { created } from '../../tests/js/saved-models.mjs';

const [folder] = process.argv.slice(2);
const inputIds = [
  [1, 2, 3, 4, 5],
  [5, 6, 7, 8, 9],
];
const decoderInputIds = [
  [2, 4, 6],
  [3, 6, 9],
];
const rt = await createRuntime({ variant: 'simd128' });

function inputsOf({ encoder, image }) {
  if (!image) return encoder ? { inputIds, decoderInputIds } : { inputIds };
  const dims = [2, image.channels, ...image.size];
  return {
    pixelValues: {
      data: Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
      dims,
    },
  };
}

const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);

async function write(name, files) {
  mkdirSync(join(folder, name), { recursive: true });
  for (const [file, bytes] of files) writeFileSync(join(folder, name, file), bytes);
  const model = await rt.loadModel(files); // f16 rounds: what counts is what the files hold
  const inputs = inputsOf(model.config);
  const { lastHiddenState, logits } = model.forward(inputs);
  writeFileSync(
    join(folder, name, 'expected.json'),
    JSON.stringify({ inputs, outputs: [lastHiddenState, ...(logits ? [logits] : [])] }, plain),
  );
  model.dispose();
}

for (const name of readdirSync(checkpointPath(''))) {
  const model = await rt.loadModel(checkpointPath(name));
  if (model.config.image || model.config.vocabSize > 9)
    for (const dtype of ['f32', 'f16']) await write(`${name}-${dtype}`, model.save({ dtype }));
  model.dispose();
}
for (const [name, [config, architecture]] of Object.entries(created)) {
  if (architecture === 'AttentionLabModel') continue;
  const model = rt.createModel(config, { seed: 5 });
  await write(`created-${name}`, model.save());
  model.dispose();
}

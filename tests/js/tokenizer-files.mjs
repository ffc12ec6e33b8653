// The tokenizers of tests/golden/tokenizers: their files beside a model, and what Transformers makes of texts.
import { readFileSync } from 'node:fs';

const golden = new URL('../golden/', import.meta.url);
const read = (path) => new Uint8Array(readFileSync(new URL(path, golden)));

export const { texts, cases, translations, ways } = JSON.parse(
  readFileSync(new URL('tokenizers/expected.json', golden), 'utf8'),
);

/** A model of each family: only what stands beside it counts. */
const models = {
  bert: 'mlm_gelu',
  gpt2: 'gpt2_body',
  roberta: 'roberta_mlm',
  llama: 'llama_linear',
  marian: 'marian_untied',
};

/** A checkpoint with the files of that case, name → bytes. */
export function tokenizerFolder(name) {
  const { modelType, files } = cases.find((each) => each.name === name);
  const model = ['config.json', 'model.safetensors'].map((file) => [
    file,
    `checkpoints/${models[modelType]}/${file}`,
  ]);
  return new Map([...model, ...Object.entries(files)].map(([file, path]) => [file, read(path)]));
}

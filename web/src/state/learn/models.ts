// The models that chapters are about, each loaded once.
import { AttentionLabError, type Model } from 'attention-lab';
import { folderOf, shippedModel } from '../shared/models.ts';
import { getRuntime } from '../shared/runtime.ts';

const models = new Map<string, Promise<Model>>();

export function modelOf(name: string): Promise<Model> {
  const known = models.get(name);
  if (known) return known;
  const loading = getRuntime().then(async (runtime) =>
    runtime.loadModel(name === shippedModel ? folderOf(name) : await filesOf(name)),
  );
  models.set(name, loading);
  loading.catch(() => models.delete(name));
  return loading;
}

/** What a model needs besides its weights, where that is not a tokenizer alone. */
const needs: Readonly<Record<string, readonly string[]>> = {
  dates: ['tokenizer.json', 'generation_config.json'],
  digits: ['preprocessor_config.json'],
};

/** Of a model that a lesson trained: by name, since of a folder the package would also ask for files that are not in this one. */
async function filesOf(name: string): Promise<Map<string, Uint8Array>> {
  const names = ['config.json', 'model.safetensors', ...(needs[name] ?? ['tokenizer.json'])];
  const files = names.map(async (file) => [file, await fileOf(name, file)] as const);
  return new Map(await Promise.all(files));
}

export async function fileOf(name: string, file: string): Promise<Uint8Array> {
  const response = await fetch(new URL(file, folderOf(name)));
  if (!response.ok)
    throw new AttentionLabError('network', `${file}: expected status 200, got ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

// Where a model runs. A small one runs on the page's own thread, within the frame of a keystroke; a big one in a worker, so that
// typing never waits for it, and so do models of other kinds. Knows no view.
import { AttentionLabError } from 'attention-lab';
import type { LoadOptions, Model, ModelSource } from 'attention-lab';
import { local, type Backend } from '../../lab/engine/backend.ts';
import { Host } from '../../lab/engine/host.ts';
import { getRuntime } from '../shared/runtime.ts';
import { TextModel } from './model.svelte.ts';
import type { OpenModel, Origin } from './open-model.svelte.ts';

/** Weights above this many bytes go to a worker: a pass over fewer takes a few milliseconds at most. */
const localBytes = 2e6;

export { getRuntime };

export async function openModel(
  source: ModelSource,
  name: string,
  origin: Origin,
  options: LoadOptions,
): Promise<OpenModel> {
  // Of a hub's model nobody knows the size before it is here.
  const here =
    origin.from === 'hub' || bytesOf(source) > localBytes ? null : await openHere(source, options);
  if (here) return new TextModel(name, origin, withTokenizer(here));
  const { loadInWorker } = await import('../../lab/engine/remote.ts');
  const backend = await loadInWorker(source, options);
  if (isText(backend.facts.config)) return new TextModel(name, origin, withTokenizer(backend));
  try {
    if (backend.facts.config.encoder) {
      const { Seq2SeqModel } = await import('./seq2seq-model.ts');
      return new Seq2SeqModel(name, origin, backend);
    }
    const { VisionModel } = await import('./vision-model.ts');
    return new VisionModel(name, origin, backend);
  } catch (error) {
    backend.dispose();
    throw error;
  }
}

/** A text is written in words, so a model of texts needs them. */
function withTokenizer(backend: Backend): Backend {
  if (backend.facts.tokenizer) return backend;
  backend.dispose();
  throw new AttentionLabError(
    'no_tokenizer',
    backend.facts.warnings.find((said) => said.includes('tokenizer')) ??
      'tokenizer.json: expected in the folder, or the files that stand for it, got none',
  );
}

/** One stack over one text: what most of the page is about. */
const isText = ({ encoder, image }: Model['config']): boolean => encoder === null && image === null;

/** 0 where only reading it will tell. */
function bytesOf(source: ModelSource): number {
  if (source instanceof URL || typeof source === 'string') return 0;
  const sizes =
    source instanceof Map
      ? [...source.values()].map((bytes) => bytes.length)
      : Array.from(source as Iterable<File>, (file) => file.size);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** null: no model of one text. */
async function openHere(source: ModelSource, options: LoadOptions): Promise<Backend | null> {
  const model = await (await getRuntime()).loadModel(source, options);
  if (isText(model.config)) return local(new Host(model));
  model.dispose();
  return null;
}

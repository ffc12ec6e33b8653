// The package behind the page: runtimes, and where a model runs. A small one runs on the page's own thread, within the
// frame of a keystroke; a big one in a worker, so that typing never waits for it, and so do models of other kinds. Knows no view.
import { AttentionLabError, createRuntime } from 'attention-lab';
import type {
  Encoding,
  ForwardInputs,
  ForwardOptions,
  LoadOptions,
  Model,
  ModelOutput,
  ModelSource,
  Runtime,
  SweepCall,
  SweepResult,
  SweepSpec,
  Tensor,
  Tokenizer,
} from 'attention-lab';
import { TextModel } from './model.svelte.ts';
import type { Later, OpenModel, Origin } from './open-model.svelte.ts';

/** A model wherever it runs: what the page asks of it is answered at once, or by a promise. */
export interface Backend {
  readonly config: Model['config'];
  readonly tokenizer: Pick<Tokenizer, 'maskTokenId' | 'unkTokenId' | 'specialTokenIds'>;
  readonly parameterCount: number;
  /** By name, for the norms of what heads add; empty for a model in a worker. */
  readonly outProjections: ReadonlyMap<string, Tensor>;
  /** Answers by promises. */
  readonly isRemote: boolean;
  encode(text: string): Later<Encoding>;
  tokenText(id: number): Later<string>;
  forward(inputs: ForwardInputs, options: ForwardOptions): Later<ModelOutput>;
  sweep(spec: SweepSpec, call: SweepCall): Promise<SweepResult>;
  dispose(): void;
}

/** Weights above this many bytes go to a worker: a pass over fewer takes a few milliseconds at most. */
const localBytes = 24e6;

let runtime: Promise<Runtime> | null = null;
export const getRuntime = (): Promise<Runtime> => (runtime ??= createRuntime());

export async function openModel(
  source: ModelSource,
  name: string,
  origin: Origin,
  options: LoadOptions,
): Promise<OpenModel> {
  // Of a hub's model nobody knows the size before it is here.
  const here =
    origin.from === 'hub' || bytesOf(source) > localBytes ? null : await openHere(source, options);
  return here ? new TextModel(name, origin, here) : openInWorker(source, name, origin, options);
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

const countOf = (shapes: ReadonlyMap<string, readonly number[]>) =>
  [...shapes.values()].reduce((sum, dims) => sum + dims.reduce((a, b) => a * b, 1), 0);

const outProjectionNames = (shapes: ReadonlyMap<string, unknown>) =>
  [...shapes.keys()].filter((name) => name.endsWith('.attn.out_proj.weight'));

function needTokenizer<T>(tokenizer: T | undefined): T {
  if (!tokenizer)
    throw new AttentionLabError(
      'no_tokenizer',
      'tokenizer.json: expected in the folder, or the files that stand for it, got none',
    );
  return tokenizer;
}

/** null: no model of one text. */
async function openHere(source: ModelSource, options: LoadOptions): Promise<Backend | null> {
  const model = await (await getRuntime()).loadModel(source, options);
  try {
    if (!isText(model.config)) {
      model.dispose();
      return null;
    }
    const tokenizer = needTokenizer(model.tokenizer);
    return {
      config: model.config,
      tokenizer,
      parameterCount: countOf(model.parameterShapes()),
      outProjections: new Map(
        outProjectionNames(model.parameterShapes()).map((name) => [name, model.parameter(name)]),
      ),
      isRemote: false,
      encode: (text) => tokenizer.encode(text),
      tokenText: (id) => tokenizer.idToToken(id) ?? `#${id}`,
      forward: (inputs, forward) => model.forward(inputs, forward),
      sweep: (spec, call) => model.sweep(spec, call),
      dispose: () => model.dispose(),
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** A worker of its own for each model: its end is what gives the memory back. */
async function openInWorker(
  source: ModelSource,
  name: string,
  origin: Origin,
  options: LoadOptions,
): Promise<OpenModel> {
  const { createWorkerRuntime } = await import('attention-lab/worker');
  const runtime = await createWorkerRuntime();
  try {
    const model = await runtime.loadModel(source, options);
    const parameterCount = countOf(await model.parameterShapes());
    const dispose = () => runtime.dispose();
    if (!isText(model.config)) {
      const { ViewedModel } = await import('./viewed-model.ts');
      return new ViewedModel(name, origin, model, parameterCount, dispose);
    }
    return new TextModel(name, origin, {
      config: model.config,
      tokenizer: needTokenizer(model.tokenizer),
      parameterCount,
      outProjections: new Map(),
      isRemote: true,
      encode: (text) => model.encode(text),
      tokenText: (id) => model.decode([id]),
      forward: (inputs, forward) => model.forward(inputs, forward),
      sweep: (spec, call) => model.sweep(spec, call),
      dispose,
    });
  } catch (error) {
    runtime.dispose();
    throw error;
  }
}

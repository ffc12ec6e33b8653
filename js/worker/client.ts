// The runtime in a worker as a page sees it: the same calls, each a promise. Inputs are copied, results are moved.
/// <reference lib="esnext.disposable" preserve="true" />
import { isExplicit, isHubId, loadKeys } from '../checkpoints/hub-id.js';
import { AttentionLabError } from '../core/errors.js';
import { generateKeys } from '../generation/generation.js';
import { sendableInterventions } from '../core/interventions.js';
import type {
  CompleteRecurrentConfig,
  RecurrentConfig,
  RecurrentInputs,
  RecurrentOptions,
  RecurrentOutput,
} from '../core/recurrent.js';
import {
  sendableSweep,
  sweepCallKeys,
  type SweepCall,
  type SweepResult,
  type SweepSpec,
} from '../analysis/sweep-spec.js';
import type {
  CachedModel,
  CacheOptions,
  ClearCacheOptions,
  LoadOptions,
  ModelSource,
  SaveOptions,
} from '../checkpoints/types.js';
import type {
  AttentionInputs,
  AttentionOptions,
  AttentionResult,
  LayerInputs,
  LayerOptions,
  LayerOutput,
  ListingOptions,
  SeedOptions,
} from '../core/attention-types.js';
import type {
  AttentionLayerConfig,
  CompleteAttentionConfig,
  CompleteModelConfig,
  ModelConfig,
} from '../core/config-types.js';
import type {
  ForwardInputs,
  ForwardOptions,
  Intervention,
  ModelOutput,
} from '../core/forward-types.js';
import type { ListingName } from '../core/listing-names.js';
import type { RuntimeOptions, VariantName } from '../core/runtime-types.js';
import type { NamedTensors, Tensor, TokenIds } from '../core/tensor.js';
import type { Encoding, Tokenizer } from '../core/text-types.js';
import type { GenerateOptions, GenerateResult } from '../generation/types.js';
import type { Picture } from '../pictures/types.js';
import type {
  Evaluation,
  GradientOptions,
  Gradients,
  Snapshot,
  StepResult,
  TrainerOptions,
  TrainerSettings,
  TrainingBatch,
  TrainingExample,
} from '../training/types.js';
import { pixelsOfAll } from '../pictures/pixels.js';
import { entriesOf, reading } from '../core/plain.js';
import { checkCallback, checkKeys, isMap } from '../core/validation.js';
import {
  Connection,
  type CallOptions,
  type ReportingOptions,
  type WorkerPort,
} from './connection.js';
import type { Created, NewToken, SentFile } from './protocol.js';

const runtimeObject = 0;

/** Options whose edits take along no more of another run than they need. */
function withSendableEdits<T extends { interventions?: readonly Intervention[] } | undefined>(
  options: T,
): T {
  const edits = reading('options', () => options?.interventions);
  return edits
    ? reading('options', () => ({ ...options, interventions: sendableInterventions(edits) }))
    : options;
}

/** What lives in the worker: calls go there until dispose(). */
abstract class Remote {
  #disposed = false;
  /** @internal */
  protected readonly connection: Connection;
  readonly #object: number;

  /** @internal */
  constructor(connection: Connection, object: number) {
    this.connection = connection;
    this.#object = object;
    connection.adopt(this, object);
  }

  /** @internal */
  protected call<T>(method: string, args: unknown[], options?: ReportingOptions): Promise<T> {
    if (this.#disposed)
      return Promise.reject(new AttentionLabError('disposed', `${method}: used after dispose()`));
    return this.connection.call(this.#object, method, args, options) as Promise<T>;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.connection.release(this.#object, this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

abstract class RemoteParameters extends Remote {
  parameterShapes(): Promise<ReadonlyMap<string, readonly number[]>> {
    return this.call('parameterShapes', []);
  }
  parameters(): Promise<Map<string, Tensor>> {
    return this.call('parameters', []);
  }
  parameter(name: string): Promise<Tensor> {
    return this.call('parameter', [name]);
  }
  setParameter(name: string, tensor: Tensor): Promise<void> {
    return this.call('setParameter', [name, tensor]);
  }
  setParameters(tensors: NamedTensors): Promise<void> {
    return this.call('setParameters', [tensors]);
  }
  activationNames(): Promise<string[]> {
    return this.call('activationNames', []);
  }
}

/** `AttentionLayer` in a worker. */
export class WorkerAttentionLayer extends RemoteParameters {
  readonly config: CompleteAttentionConfig;

  /** @internal */
  constructor(connection: Connection, { object, facts }: Created) {
    super(connection, object);
    this.config = facts['config'] as CompleteAttentionConfig;
  }

  forward(inputs: LayerInputs, options?: LayerOptions, call?: CallOptions): Promise<LayerOutput> {
    return this.call('forward', [inputs, options], call);
  }
}

/** `Recurrent` in a worker. */
export class WorkerRecurrent extends RemoteParameters {
  readonly config: CompleteRecurrentConfig;

  /** @internal */
  constructor(connection: Connection, { object, facts }: Created) {
    super(connection, object);
    this.config = facts['config'] as CompleteRecurrentConfig;
  }

  forward(
    inputs: RecurrentInputs,
    options?: RecurrentOptions,
    call?: CallOptions,
  ): Promise<RecurrentOutput> {
    return this.call('forward', [inputs, options], call);
  }
}

type TokenizerFacts = Omit<Tokenizer, 'encode' | 'decode' | 'tokenToId' | 'idToToken'>;

/** `Tokenizer` in a worker. */
export class WorkerTokenizer extends Remote implements TokenizerFacts {
  readonly vocabSize!: number;
  readonly maskTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  readonly clsTokenId: number | undefined;
  readonly sepTokenId: number | undefined;
  readonly specialTokenIds!: readonly number[];
  readonly languageCodes!: readonly string[];

  /** @internal */
  constructor(connection: Connection, { object, facts }: Created) {
    super(connection, object);
    Object.assign(this, facts);
  }

  encode(text: string, pair?: string): Promise<Encoding> {
    return this.call('encode', [text, pair]);
  }
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): Promise<string> {
    return this.call('decode', [ids, options]);
  }
  tokenToId(token: string): Promise<number | undefined> {
    return this.call('tokenToId', [token]);
  }
  idToToken(id: number): Promise<string | undefined> {
    return this.call('idToToken', [id]);
  }
}

/** `Trainer` in a worker: a step is sent its batch, or draws it from the list that the trainer was made with. */
export class WorkerTrainer extends Remote {
  /** Changes the rate or the interventions, from the next call on. */
  set(settings: TrainerSettings): Promise<void> {
    return this.call('set', [withSendableEdits(settings)]);
  }
  step(batch?: TrainingBatch, call?: CallOptions): Promise<StepResult> {
    return this.call('step', [batch], call);
  }
  evaluate(batch: TrainingBatch, call?: CallOptions): Promise<Evaluation> {
    return this.call('evaluate', [batch], call);
  }
  gradients(
    batch: TrainingBatch,
    options?: GradientOptions,
    call?: CallOptions,
  ): Promise<Gradients> {
    return this.call('gradients', [batch, options], call);
  }
  snapshot(): Promise<Snapshot> {
    return this.call('snapshot', []);
  }
  restore(snapshot: Snapshot): Promise<void> {
    return this.call('restore', [snapshot]);
  }
}

/** `Model` in a worker. */
export class WorkerModel extends RemoteParameters {
  readonly config: CompleteModelConfig;
  readonly tokenizer: WorkerTokenizer | undefined;
  readonly targetTokenizer: WorkerTokenizer | undefined;
  readonly labels: readonly string[];
  readonly preprocessor: Readonly<Record<string, unknown>> | undefined;

  /** @internal */
  constructor(connection: Connection, { object, facts }: Created) {
    super(connection, object);
    this.config = facts['config'] as CompleteModelConfig;
    this.labels = facts['labels'] as readonly string[];
    this.preprocessor = facts['preprocessor'] as Readonly<Record<string, unknown>> | undefined;
    const [own, target] = [facts['tokenizer'], facts['targetTokenizer']] as (Created | undefined)[];
    this.tokenizer = own && new WorkerTokenizer(connection, own);
    this.targetTokenizer =
      target?.object === own?.object
        ? this.tokenizer
        : target && new WorkerTokenizer(connection, target);
  }

  forward(
    inputs: ForwardInputs,
    options?: ForwardOptions,
    call?: CallOptions,
  ): Promise<ModelOutput> {
    return this.call('forward', [inputs, withSendableEdits(options)], call);
  }
  /** onToken is told as the tokens come; the signal stops the worker before its next one. */
  async generate(inputIds: TokenIds, options?: GenerateOptions): Promise<GenerateResult> {
    const { onToken, signal, ...sent } = checkKeys('options', options, generateKeys);
    const onProgress =
      checkCallback('onToken', onToken) && (({ token, text }: NewToken) => onToken!(token, text));
    return this.call('generate', [inputIds, sent], { signal, onProgress });
  }
  save(options?: SaveOptions, call?: CallOptions): Promise<Map<string, Uint8Array>> {
    return this.call('save', [options], call);
  }
  /** onProgress is told as the edits are done; the signal stops the worker before its next one. */
  async sweep(spec: SweepSpec, call?: SweepCall): Promise<SweepResult> {
    return this.call(
      'sweep',
      [reading('sweep', () => sendableSweep(spec))],
      checkKeys('options', call, sweepCallKeys),
    );
  }
  /** `examples` are a list, or none: a function cannot be sent, so draw on this side, with createRandom. */
  async trainer(
    options: Omit<TrainerOptions, 'examples'> & { examples?: readonly TrainingExample[] },
  ): Promise<WorkerTrainer> {
    const { object } = await this.call<Created>('trainer', [withSendableEdits(options)]);
    return new WorkerTrainer(this.connection, object);
  }
  embed(texts: string | readonly string[], call?: CallOptions): Promise<Tensor> {
    return this.call('embed', [texts], call);
  }
  /** A worker cannot draw what is the page's: it gets the pixels. */
  async preprocess(pictures: Picture | readonly Picture[], call?: CallOptions): Promise<Tensor> {
    return this.call('preprocess', [pixelsOfAll(pictures)], call);
  }
  encode(text: string, pair?: string): Promise<Encoding> {
    return this.call('encode', [text, pair]);
  }
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): Promise<string> {
    return this.call('decode', [ids, options]);
  }

  override dispose(): void {
    this.tokenizer?.dispose();
    this.targetTokenizer?.dispose();
    super.dispose();
  }
}

/** `Listing` in a worker. */
export class WorkerListing extends Remote {
  readonly name: ListingName;
  readonly difference: string;
  readonly config: CompleteAttentionConfig | undefined;
  readonly layer: WorkerAttentionLayer | undefined;
  readonly encoder: WorkerModel | undefined;

  /** @internal */
  constructor(connection: Connection, { object, facts }: Created) {
    super(connection, object);
    this.name = facts['name'] as ListingName;
    this.difference = facts['difference'] as string;
    this.config = facts['config'] as CompleteAttentionConfig | undefined;
    this.layer = facts['layer']
      ? new WorkerAttentionLayer(connection, facts['layer'] as Created)
      : undefined;
    this.encoder = facts['encoder']
      ? new WorkerModel(connection, facts['encoder'] as Created)
      : undefined;
  }

  forward(inputs: LayerInputs, options?: LayerOptions, call?: CallOptions): Promise<LayerOutput> {
    return this.call('forward', [inputs, options], call);
  }

  override dispose(): void {
    this.layer?.dispose();
    this.encoder?.dispose();
    super.dispose();
  }
}

/** `Runtime` in a worker of its own. */
export class WorkerRuntime {
  readonly variant: VariantName;
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection, variant: VariantName) {
    this.#connection = connection;
    this.variant = variant;
  }

  #call<T>(
    method: string,
    args: unknown[],
    options?: CallOptions & Pick<LoadOptions, 'onProgress'>,
  ): Promise<T> {
    return this.#connection.call(runtimeObject, method, args, options) as Promise<T>;
  }

  liveHandles(): Promise<number> {
    return this.#call('liveHandles', []);
  }
  memoryBytes(): Promise<number> {
    return this.#call('memoryBytes', []);
  }
  attention(
    inputs: AttentionInputs,
    options?: AttentionOptions,
    call?: CallOptions,
  ): Promise<AttentionResult> {
    return this.#call('attention', [inputs, options], call);
  }
  async createAttention(
    config: AttentionLayerConfig,
    options?: SeedOptions,
  ): Promise<WorkerAttentionLayer> {
    return new WorkerAttentionLayer(
      this.#connection,
      await this.#call<Created>('createAttention', [config, options]),
    );
  }
  async createModel(
    config: ModelConfig,
    options?: SeedOptions,
    call?: CallOptions,
  ): Promise<WorkerModel> {
    return new WorkerModel(
      this.#connection,
      await this.#call<Created>('createModel', [config, options], call),
    );
  }
  async createRecurrent(config: RecurrentConfig, options?: SeedOptions): Promise<WorkerRecurrent> {
    return new WorkerRecurrent(
      this.#connection,
      await this.#call<Created>('createRecurrent', [config, options]),
    );
  }
  async createListing(name: ListingName, options?: ListingOptions): Promise<WorkerListing> {
    return new WorkerListing(
      this.#connection,
      await this.#call<Created>('createListing', [name, options]),
    );
  }
  async loadModel(source: ModelSource, options?: LoadOptions): Promise<WorkerModel> {
    const { onProgress, signal, hub, ...sent } = checkKeys('options', options, loadKeys);
    if (hub !== undefined) Object.assign(sent, { hub: String(hub) });
    const args = [reading('source', () => sendable(source, isExplicit(sent))), sent];
    return new WorkerModel(
      this.#connection,
      await this.#call<Created>('loadModel', args, { onProgress, signal }),
    );
  }
  listCache(options?: CacheOptions): Promise<CachedModel[]> {
    return this.#call('listCache', [options]);
  }
  clearCache(options?: ClearCacheOptions): Promise<void> {
    return this.#call('clearCache', [options]);
  }

  /** Ends the worker, which alone gives its memory back. Pending calls reject with `disposed`. */
  dispose(): void {
    this.#connection.end(
      new AttentionLabError('disposed', 'the worker runtime: used after dispose()'),
    );
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

export async function startWorkerRuntime(
  port: WorkerPort,
  given?: RuntimeOptions,
): Promise<WorkerRuntime> {
  const connection = new Connection(port);
  try {
    const { wasm, signal, ...options } = checkKeys(
      'options',
      given,
      new Set(['variant', 'wasm', 'signal']),
    );
    const source = await sendableWasm(wasm);
    const { variant } = (await connection.call(
      runtimeObject,
      'start',
      [source === undefined ? options : { ...options, wasm: source }],
      { signal },
    )) as { variant: VariantName };
    return new WorkerRuntime(connection, variant);
  } catch (error) {
    connection.end(new AttentionLabError('disposed', 'the worker runtime did not start'));
    throw error;
  }
}

/** A relative address is the page's, not the worker's. Node's paths stay as they are. */
function sendable(source: ModelSource, isOnHub: boolean): unknown {
  if (source instanceof URL) return source.href;
  if (typeof source === 'string' && isHubId(source))
    return isOnHub || base() === undefined ? source : { id: source, folder: absolute(source) };
  if (typeof source === 'string') return absolute(source);
  if (isMap(source)) return source;
  if (typeof source !== 'object' || source === null) return source;
  return entriesOf('source', source as readonly File[]).map(sendableFile);
}

/** A File's copy loses its place in a folder and, in Node 20, its name. */
function sendableFile(file: File): unknown {
  return file instanceof Blob
    ? ({ blob: file, path: file.webkitRelativePath || file.name } satisfies SentFile)
    : file;
}

/** The page's address; undefined in Node. */
const base = (): string | undefined => globalThis.document?.baseURI ?? globalThis.location?.href;

function absolute(address: string): string {
  try {
    return base() === undefined ? address : new URL(address, base()).href;
  } catch {
    return address; // the worker says what is wrong with it
  }
}

async function sendableWasm(wasm: RuntimeOptions['wasm']): Promise<RuntimeOptions['wasm']> {
  if (wasm instanceof URL) return wasm.href;
  if (typeof wasm === 'string') return absolute(wasm);
  if (typeof Response !== 'undefined' && wasm instanceof Response) return wasm.arrayBuffer();
  return wasm;
}

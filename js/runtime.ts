// The runtime: chooses a wasm variant, starts the module and hands out attentions, layers and models. Knows no platform.
import { attend } from './core/attention.js';
import { bindMembers } from './core/bound.js';
import type { DisposableObject } from './core/disposable.js';
import { checkDtype } from './core/dtype.js';
import { completeModelConfig } from './core/config.js';
import { AttentionLabError, checkAborted, fail, messageOf } from './core/errors.js';
import createNativeModule from './core/glue.js';
import { Handles } from './core/handles.js';
import { AttentionLayer } from './core/layer.js';
import type { LazyParts } from './lazy.js';
import { Listing, type ListingRuntime } from './listings.js';
import { Model, type Host } from './model.js';
import type { NativeModule } from './core/native.js';
import { Recurrent, type RecurrentConfig } from './core/recurrent.js';
import { usualPreprocessor } from './pictures/preprocess.js';
import { guardTraps } from './core/traps.js';
import type {
  CachedModel,
  CacheOptions,
  ClearCacheOptions,
  LoadOptions,
  ModelSource,
} from './checkpoints/types.js';
import type {
  AttentionInputs,
  AttentionOptions,
  AttentionResult,
  ListingOptions,
  ModelOptions,
  SeedOptions,
} from './core/attention-types.js';
import type { AttentionLayerConfig, ModelConfig } from './core/config-types.js';
import type { ListingName } from './core/listing-names.js';
import type { RuntimeOptions, VariantName } from './core/runtime-types.js';
import { checkKeys, checkSeed, checkSignal } from './core/validation.js';
import { checkVariant, chooseVariant } from './core/variant.js';
import { compileOwnWasm, compileWasm, type ReadWasm } from './core/wasm.js';

/** @internal What a browser and Node do differently. */
export interface Platform {
  readWasm: ReadWasm;
  /** A variant out of the package's scripts, where its files cannot be had. */
  unpackWasm?: () => Promise<WebAssembly.Module>;
  /** What no first result needs: there from the start, or fetched when it is first asked for. */
  lazyParts: LazyParts | (() => Promise<LazyParts>);
}

const optionKeys = new Set(['variant', 'wasm', 'signal']);
const modelKeys = new Set(['seed', 'dtype']);

export class Runtime implements ListingRuntime, DisposableObject {
  /** Which build of the kernels runs. */
  readonly variant: VariantName;
  readonly #given: NativeModule;
  #disposed = false;
  readonly #handles = new Handles();
  readonly #host: Host;

  /** @internal */
  constructor(native: NativeModule, platform: Platform) {
    bindMembers(this);
    this.#given = native;
    this.#host = { native, handles: this.#handles, ...lazily(platform.lazyParts) };
    this.variant = native.variant();
  }

  /**
   * Loads what a browser leaves out until it is asked for: checkpoints, sweeps, analyses. `loadModel` does it by itself; a model
   * of `createModel` needs it before `trainer`, `save`, `logitLens`, `attributeLogit` and `explainScore`, which answer at once.
   */
  async ready(): Promise<void> {
    await this.#host.lazyParts();
  }

  /** @internal Ends what runs in WebAssembly with `aborted` as soon as the function says so; it is asked every few milliseconds. */
  interruptWhen(isInterrupted: (() => boolean) | undefined): void {
    this.#given.isInterrupted = isInterrupted;
  }

  /** Gives the memory of all its layers, models and trainers back. They, and it, throw `disposed` afterwards. May be called twice. */
  dispose(): void {
    this.#disposed = true;
    this.#handles.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  get #native(): NativeModule {
    return this.#disposed ? fail('disposed', 'Runtime: used after dispose()') : this.#given;
  }

  /** Layers and models not yet disposed of. */
  get liveHandles(): number {
    return this.#handles.live;
  }

  /** Bytes of WebAssembly memory. It grows and never shrinks; only the end of a worker gives it back. */
  get memoryBytes(): number {
    return this.#given.memorySize();
  }

  /** Attention without learned weights: q [..., T, K], k [..., S, K], v [..., S, Kv] → output [..., T, Kv]. */
  attention(inputs: AttentionInputs, options?: AttentionOptions): AttentionResult {
    return attend(this.#native, inputs, options);
  }

  /** A multi-head attention layer with initial weights from the seed. */
  createAttention(config: AttentionLayerConfig, options?: SeedOptions): AttentionLayer {
    return new AttentionLayer(this.#native, this.#handles, config, options);
  }

  /** A GRU with initial weights from the seed: how sequences were read before attention. */
  createRecurrent(config: RecurrentConfig, options?: SeedOptions): Recurrent {
    return new Recurrent(this.#native, this.#handles, config, options);
  }

  /** A model with initial weights from the seed. */
  createModel(config: ModelConfig, options?: ModelOptions): Model {
    void this.#native; // a disposed runtime says so first
    const { seed = 0, dtype = 'f32' } = checkKeys('options', options, modelKeys);
    checkSeed('seed', seed);
    checkDtype(dtype);
    const complete = completeModelConfig(config);
    const preprocessor = complete.image ? usualPreprocessor(complete.image) : undefined;
    const model = new Model(this.#host, complete, { preprocessor }, dtype);
    model.initialise(seed);
    return model;
  }

  /** One of the published listings, with initial weights where it has any. */
  createListing(name: ListingName, options?: ListingOptions): Listing {
    return new Listing(this, name, options);
  }

  /** What downloads of hub ids have left behind. */
  async listCache(options?: CacheOptions): Promise<CachedModel[]> {
    return (await this.#host.lazyParts()).listCache(options);
  }

  /** Drops it: all, or what is kept of one repository. */
  async clearCache(options?: ClearCacheOptions): Promise<void> {
    return (await this.#host.lazyParts()).clearCache(options);
  }

  /** A model of a hub, 'org/name', or from a folder in Hugging Face's layout: config.json, model.safetensors (or its shards) and, if there, tokenizer.json. */
  async loadModel(source: ModelSource, options?: LoadOptions): Promise<Model> {
    void this.#native;
    return (await this.#host.lazyParts()).load(
      source,
      options,
      (config, extras, dtype) => new Model(this.#host, config, extras, dtype),
    );
  }
}

/** The part that is loaded lazily, as a promise and, once it is there, at once. */
function lazily(lazyParts: Platform['lazyParts']): Pick<Host, 'lazyParts' | 'loadedParts'> {
  let loaded = typeof lazyParts === 'function' ? undefined : lazyParts;
  return {
    lazyParts: async () =>
      (loaded ??= typeof lazyParts === 'function' ? await lazyParts() : lazyParts),
    loadedParts: () =>
      loaded ??
      fail(
        'not_loaded',
        'this part of the package is not loaded yet: call await runtime.ready() first (loadModel does it)',
      ),
  };
}

/** @internal Starts a runtime on this platform. */
export async function startRuntime(platform: Platform, given?: RuntimeOptions): Promise<Runtime> {
  const options = checkKeys('options', given, optionKeys);
  const asked = checkVariant(options.variant);
  const signal = checkSignal('signal', options.signal);
  checkAborted(signal, 'createRuntime');
  const module =
    options.wasm === undefined
      ? await ownWasm(platform, asked, signal)
      : await compileWasm(options.wasm, platform.readWasm, signal);
  const runtime = new Runtime(await instantiate(module), platform);
  checkAborted(signal, 'createRuntime');
  if (asked !== 'auto' && runtime.variant !== asked) {
    fail('invalid_argument', `wasm: expected the variant "${asked}", got "${runtime.variant}"`);
  }
  return runtime;
}

/** The package's wasm: its file or, where a bundler has lost that, the copy in the scripts. */
async function ownWasm(
  { readWasm, unpackWasm }: Platform,
  asked: 'auto' | VariantName,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  const variant = await chooseVariant(asked);
  try {
    return await compileOwnWasm(variant, readWasm, signal);
  } catch (error) {
    checkAborted(signal, 'createRuntime');
    if (!unpackWasm) throw error;
    try {
      return await unpackWasm();
    } catch {
      throw error; // says which file was missing
    }
  }
}

/** Runs the Emscripten glue on a compiled module. */
function instantiate(module: WebAssembly.Module): Promise<NativeModule> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown): void =>
      reject(
        new AttentionLabError(
          'wasm_load',
          `wasm: not a module of this package: ${messageOf(error)}`,
          { cause: error },
        ),
      );
    createNativeModule({
      instantiateWasm(imports, done) {
        WebAssembly.instantiate(module, imports).then(done).catch(refuse);
        return {};
      },
    }).then((native) => resolve(guardTraps(native)), refuse);
  });
}

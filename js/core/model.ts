// A stack of blocks with its embeddings and heads: checks the inputs of forward and makes the one native call.
import type { Circuit, CircuitQuestion } from '../analysis/circuit.js';
import type { HeadScan, HeadScanOptions } from '../analysis/head-scan.js';
import type { LogitAttribution, LogitAttributionOptions } from '../analysis/logit-attribution.js';
import type { LogitLens, LogitLensOptions } from '../analysis/logit-lens.js';
import type { ScoreExplanation, ScoreQuestion } from '../analysis/score-explanation.js';
import { saveModel, type Origin } from '../checkpoints/save.js';
import { callNative, fail } from './errors.js';
import { generate } from '../generation/generation.js';
import type { Handle, Handles } from './handles.js';
import { checkInputs } from './inputs.js';
import { nativeInterventions } from './interventions.js';
import type { Later } from '../entries/later.js';
import { checkMemory, nextMemory, remembered } from './memory.js';
import type {
  NativeForwardInputs,
  NativeForwardOptions,
  NativeMask,
  NativeModel,
  NativeModelConfig,
  NativeModule,
} from './native.js';
import { Parameterised } from './parameters.js';
import { preprocessFor } from '../pictures/preprocess.js';
import { embedTexts, type SentenceSettings } from '../generation/sentences.js';
import type { SweepCall, SweepResult, SweepSpec } from '../analysis/sweep-spec.js';
import { traceMap, traceNames } from './trace.js';
import { Trainer } from '../training/trainer.js';
import type { GenerationDefaults } from '../generation/token-rules.js';
import type {
  CompleteModelConfig,
  Encoding,
  ForwardInputs,
  ForwardOptions,
  GenerateOptions,
  GenerateResult,
  ModelOutput,
  Picture,
  SaveOptions,
  Tensor,
  TokenIds,
  Tokenizer,
  TrainerOptions,
} from './types.js';
import { checkBoolean, checkCells, checkKeys, checkMask, checkTemperature } from './validation.js';

/** What a model has of its runtime. */
export interface Host {
  native: NativeModule;
  handles: Handles;
  later(): Promise<Later>;
  /** The same at once; throws `not_loaded` where it has not come yet. */
  laterNow(): Later;
}

/** What a checkpoint holds beside the weights. */
export interface Beside {
  tokenizer?: Tokenizer | undefined;
  targetTokenizer?: Tokenizer | undefined;
  generation?: GenerationDefaults | undefined;
  labels?: readonly string[] | undefined;
  preprocessor?: Readonly<Record<string, unknown>> | undefined;
  sentences?: SentenceSettings | undefined;
}

const optionKeys: ReadonlySet<string> = new Set<keyof ForwardOptions>([
  'outputAttentions',
  'trace',
  'interventions',
  'causal',
  'temperature',
  'mask',
  'memory',
  'encoderMask',
  'crossMask',
]);

/** What a forward pass without options asks for. */
const plain: NativeForwardOptions = {
  outputAttentions: false,
  trace: null,
  interventions: [],
  causal: null,
  temperature: 1,
  mask: null,
  memory: null,
  encoderMask: null,
  crossMask: null,
};

export class Model extends Parameterised<NativeModel> {
  /** Every field, defaults filled in. */
  readonly config: CompleteModelConfig;
  /** Of what the model reads. Undefined where the checkpoint has no tokenizer's files, and for models of `createModel`. */
  readonly tokenizer: Tokenizer | undefined;
  /** Of what the model writes: of a translator with two (Marian) the target's, else the same. */
  readonly targetTokenizer: Tokenizer | undefined;
  /** The names of a classifier's classes, by the checkpoint's id2label; empty for other models. */
  readonly labels: readonly string[];
  /** How pictures are prepared: the checkpoint's preprocessor_config.json, if it has one. */
  readonly preprocessor: Readonly<Record<string, unknown>> | undefined;
  /** @internal How texts become vectors, where the checkpoint says it. */
  readonly sentences: SentenceSettings | undefined;
  /** @internal What the checkpoint held besides; unset for models of `createModel`. */
  origin: Origin | undefined;
  protected override readonly handle: Handle<NativeModel>;
  readonly #host: Host;
  readonly #defaults: GenerationDefaults;

  /** @internal Takes a complete config. Weights are zeros until `initialise` or `setParameter`. */
  constructor(host: Host, config: NativeModelConfig, beside: Beside = {}) {
    super();
    this.config = config;
    this.tokenizer = beside.tokenizer;
    this.targetTokenizer = beside.targetTokenizer ?? beside.tokenizer;
    this.labels = beside.labels ?? [];
    this.preprocessor = beside.preprocessor;
    this.sentences = beside.sentences;
    this.#defaults = beside.generation ?? { stopTokens: [] };
    this.#host = host;
    this.handle = host.handles.adopt(
      this,
      callNative(() => host.native.createModel(config)),
      'Model',
    );
  }

  /** Ids that end a generated text by default: the checkpoint's eos_token_id. */
  get stopTokens(): readonly number[] {
    return this.#defaults.stopTokens;
  }

  /**
   * inputIds [B, T] (or inputsEmbeds [B, T, D]) → lastHiddenState [B, T, D], and logits [B, T, V] and
   * poolerOutput [B, D] where the model has those heads. Of an encoder–decoder, inputIds [B, S] and decoderInputIds [B, T]
   * → the same of its decoder, and encoderLastHiddenState [B, S, D]. Weights and inputs stay as they are.
   */
  forward(inputs: ForwardInputs, options?: ForwardOptions): ModelOutput {
    void this.handle.native; // a disposed model says so first
    const nativeInputs = checkInputs(inputs, this.config);
    const nativeOptions = options === undefined ? plain : this.#options(options, nativeInputs);
    // A pass from `start` on is part of one whose memory is known.
    const entered = nativeInputs.start ? [] : remembered(this.config);
    const wanted = nativeOptions.trace;
    const asked =
      wanted?.[0] === '*' || entered.length === 0
        ? wanted
        : [...new Set([...(wanted ?? []), ...entered])];
    const { trace: record, ...outputs } = callNative(() =>
      this.handle.native.forward(nativeInputs, { ...nativeOptions, trace: asked }),
    );
    const trace = traceMap(record);
    if (entered.length === 0) return { ...outputs, trace };
    const memory = entered.map((name, layer) =>
      nextMemory(nativeOptions.memory, layer, trace.get(name)!, this.config.memoryLength),
    );
    for (const name of entered)
      if (wanted?.[0] !== '*' && !wanted?.includes(name)) trace.delete(name);
    return { ...outputs, memory, trace };
  }

  #options(
    given: ForwardOptions,
    { batch, length: S, decoder }: NativeForwardInputs,
  ): NativeForwardOptions {
    const options = checkKeys('options', given, optionKeys);
    const { attention, encoder } = this.config;
    const T = decoder?.length ?? S;
    const cells = (
      name: 'mask' | 'encoderMask' | 'crossMask',
      heads: number,
      queries: number,
      keys: number,
    ): NativeMask | null => {
      if (options[name] === undefined) return null;
      if (name !== 'mask' && !encoder)
        fail('invalid_argument', `${name}: this model has no encoder; pass mask`);
      const { data, dims } = checkMask(name, options[name]);
      return { data, dims: checkCells(name, dims, [batch, heads], queries, keys) };
    };
    const memory =
      options.memory === undefined ? null : checkMemory(options.memory, this.config, batch);
    return {
      outputAttentions: checkBoolean('outputAttentions', options.outputAttentions ?? false),
      trace: traceNames(options.trace, this.activations),
      interventions:
        options.interventions === undefined
          ? []
          : nativeInterventions(options.interventions, this.activations),
      causal: options.causal === undefined ? null : checkBoolean('causal', options.causal),
      temperature: checkTemperature(options.temperature ?? 1),
      mask: cells('mask', attention.numHeads, T, (memory?.length ?? 0) + T),
      memory,
      encoderMask: cells('encoderMask', encoder?.attention.numHeads ?? 0, S, S),
      crossMask: cells('crossMask', attention.numHeads, T, S),
    };
  }

  /**
   * One edit at a time over heads, layers or positions, and what each does to a metric. Between edits other things get their
   * turn; the model's weights must stay as they are meanwhile.
   */
  async sweep(spec: SweepSpec, call?: SweepCall): Promise<SweepResult> {
    const { sweep } = await this.#host.later();
    const model = {
      config: this.config,
      activations: this.activations,
      native: () => this.handle.native,
      inputs: (inputs: ForwardInputs) => checkInputs(inputs, this.config),
      options: (options: ForwardOptions, inputs: NativeForwardInputs) =>
        this.#options(options, inputs),
    };
    return sweep(model, spec, call);
  }

  /** Final norm and head on the residual stream of every block: the words that each site reads as, and how probable. */
  logitLens(inputs: ForwardInputs, options?: LogitLensOptions): LogitLens {
    return this.#host.laterNow().analyses.logitLens(this, inputs, options);
  }

  /** A logit, or the difference of two, as the exact sum of what embeddings, heads, MLPs and biases wrote. One sequence. */
  attributeLogit(inputs: ForwardInputs, options: LogitAttributionOptions): LogitAttribution {
    return this.#host.laterNow().analyses.attributeLogit(this, inputs, options);
  }

  /** One attention score as the exact sum over writers at the query × writers at the key. One sequence. */
  explainScore(inputs: ForwardInputs, question: ScoreQuestion): ScoreExplanation {
    return this.#host.laterNow().analyses.explainScore(this, inputs, question);
  }

  /** What a head does by its weights alone: QK and OV over the vocabulary, copying, composition with earlier heads. */
  async circuit(question: CircuitQuestion): Promise<Circuit> {
    return (await this.#host.later()).analyses.circuit(this, question);
  }

  /** Every head over many texts: mean scores, where its strongest weights point, its best examples. Needs a tokenizer. */
  async scanHeads(texts: readonly string[], options?: HeadScanOptions): Promise<HeadScan> {
    return (await this.#host.later()).analyses.scanHeads(this, texts, options);
  }

  /**
   * Continues one sequence with a causal model that has a language-model head (GPT-2, Llama), keys and values cached; an
   * encoder–decoder (Marian) reads it, once, and begins another. The same seed draws the same tokens.
   */
  generate(inputIds: TokenIds, options?: GenerateOptions): GenerateResult {
    const steps = this.#generation(inputIds, options);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /** @internal As `generate`, with a turn of the event loop between tokens. */
  async generateInTurns(
    inputIds: TokenIds,
    options: GenerateOptions,
    turn: () => Promise<void>,
  ): Promise<GenerateResult> {
    const steps = this.#generation(inputIds, options);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      await turn();
    }
  }

  #generation(inputIds: TokenIds, options: GenerateOptions | undefined) {
    const { config, targetTokenizer: tokenizer } = this;
    const { native: module, handles } = this.#host;
    const model = {
      module,
      native: () => this.handle.native,
      handles,
      config,
      tokenizer,
      defaults: this.#defaults,
    };
    return generate(model, inputIds, options);
  }

  /**
   * The model as files in Hugging Face's layout, name → bytes: config.json, model.safetensors and, where it was loaded with
   * one, its tokenizer. `loadModel` reads them, and Transformers does if its family is one of theirs.
   */
  save(options?: SaveOptions): Map<string, Uint8Array> {
    return saveModel(this, options);
  }

  /**
   * Trains this model, in place, to give the labels of its batches. Refuses a model that has a part it cannot train, naming it.
   * The model goes on working between two steps.
   */
  trainer(options: TrainerOptions): Trainer {
    const { config, tokenizer, targetTokenizer } = this;
    const otherwise = Math.max(config.padTokenId, 0);
    const padTokenIds = {
      input: tokenizer?.padTokenId ?? otherwise,
      target: targetTokenizer?.padTokenId ?? otherwise,
    };
    const { native: module, handles } = this.#host;
    return new Trainer(
      { model: this, module, native: this.handle.native, handles, padTokenIds },
      options,
    );
  }

  /** Texts → [n, D]: the mean of the last hidden state over each text's tokens, of length 1. Needs a tokenizer. */
  embed(texts: string | readonly string[]): Tensor {
    return embedTexts(this, texts);
  }

  /**
   * Pictures → pixelValues [B, channels, height, width]: resized and normalised as the checkpoint's
   * preprocessor_config.json says, and as Transformers' ViTImageProcessor does by default for a model of `createModel`.
   */
  preprocess(pictures: Picture | readonly Picture[]): Tensor {
    return preprocessFor(this, pictures);
  }

  /** The text (or pair of texts) that the model is to read, in its ids; `no_tokenizer` where the checkpoint came without one. */
  encode(text: string, pair?: string): Encoding {
    return required(this.tokenizer).encode(text, pair);
  }

  /** Ids that the model wrote, as text; `no_tokenizer` where the checkpoint came without one. */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string {
    return required(this.targetTokenizer).decode(ids, options);
  }
}

const required = (tokenizer: Tokenizer | undefined): Tokenizer =>
  tokenizer ?? fail('no_tokenizer', 'this model has no tokenizer; pass token ids instead');

// A model with all that can be done with one: generation, training, analyses, saving. The forward pass is core's.
import type { CompleteModelConfig } from './core/config-types.js';
import type { Circuit, CircuitQuestion } from './analysis/circuit.js';
import type { HeadScan, HeadScanOptions } from './analysis/head-scan.js';
import type { LogitAttribution, LogitAttributionOptions } from './analysis/logit-attribution.js';
import type { LogitLens, LogitLensOptions } from './analysis/logit-lens.js';
import type { ScoreExplanation, ScoreQuestion } from './analysis/score-explanation.js';
import type { SweepCall, SweepResult, SweepSpec } from './analysis/sweep-spec.js';
import type { Origin } from './checkpoints/save.js';
import type { SaveOptions } from './checkpoints/types.js';
import type {
  CheckpointExtras,
  GenerationDefaults,
  SentenceSettings,
} from './core/checkpoint-extras.js';
import type { WeightDtype } from './core/dtype.js';
import { fail } from './core/errors.js';
import { yieldToEventLoop } from './core/event-loop.js';
import { inputsOf, type ModelInput } from './core/encoded.js';
import type {
  ForwardInputs,
  ForwardOptions,
  Intervention,
  OutputWith,
} from './core/forward-types.js';
import { checkInputs } from './core/inputs.js';
import { nativeInterventions } from './core/interventions.js';
import { checkKeys } from './core/validation.js';
import { CoreModel, type ModuleContext } from './core/model.js';
import type { NativeForwardInputs } from './core/native.js';
import type { Tensor, TokenIds } from './core/tensor.js';
import type { EncodeOptions, Encoding, TextInput, Tokenizer } from './core/text-types.js';
import { generate, generateKeys } from './generation/generation.js';
import type { GenerateOptions, GenerateResult, NewToken } from './generation/types.js';
import type { LazyParts } from './lazy.js';
import { preprocessFor } from './pictures/preprocess.js';
import type { Picture } from './pictures/types.js';
import type { Answer, AnswerOptions, Question } from './tasks/answer.js';
import type { ClassifyOptions, ClassScore, Tag } from './tasks/classify.js';
import type { Trainer } from './training/trainer.js';
import type { TrainerOptions } from './training/types.js';

/** @internal What a model has of its runtime. */
export interface Host extends ModuleContext {
  lazyParts(): Promise<LazyParts>;
  /** The same at once; throws `not_loaded` where they have not come yet. */
  loadedParts(): LazyParts;
}

/** What `fillMask` gives for one token. */
export interface FilledMask {
  token: number;
  text: string;
  probability: number;
}

export class Model extends CoreModel {
  /** Of what the model reads. Undefined where the checkpoint has no tokenizer's files, and for models of `createModel`. */
  readonly tokenizer: Tokenizer | undefined;
  /** Of what the model writes: of a translator with two (Marian) the target's, else the same. */
  readonly targetTokenizer: Tokenizer | undefined;
  /** The names of a classifier's classes, by the checkpoint's id2label; empty for other models. */
  readonly labels: readonly string[];
  /** What of its checkpoint the model does without, a sentence each: a head of another task, a tokenizer that cannot be read. */
  readonly warnings: readonly string[];
  /** How pictures are prepared: the checkpoint's preprocessor_config.json, if it has one. */
  readonly preprocessor: Readonly<Record<string, unknown>> | undefined;
  /** @internal How texts become vectors, where the checkpoint says it. */
  readonly sentences: SentenceSettings | undefined;
  /** @internal The checkpoint's extras; unset for models of `createModel`. */
  origin: Origin | undefined;
  readonly #host: Host;
  readonly #defaults: GenerationDefaults;
  readonly #tokenizerProblem: Error | undefined;

  /** @internal Takes a complete config. Weights are zeros until `initialise` or `setParameter`. */
  constructor(
    host: Host,
    config: CompleteModelConfig,
    extras: CheckpointExtras = {},
    dtype?: WeightDtype,
  ) {
    super(host, config, dtype);
    this.tokenizer = extras.tokenizer;
    this.targetTokenizer = extras.targetTokenizer ?? extras.tokenizer;
    this.labels = extras.labels ?? [];
    this.preprocessor = extras.preprocessor;
    this.sentences = extras.sentences;
    this.#tokenizerProblem = extras.tokenizerProblem;
    this.warnings = [
      ...(extras.warnings ?? []),
      ...(extras.tokenizerProblem ? [withoutTokenizer(extras.tokenizerProblem)] : []),
    ];
    this.#defaults = extras.generation ?? { stopTokens: [] };
    this.#host = host;
  }

  /** Ids that end a generated text by default: the checkpoint's eos_token_id. */
  get stopTokens(): readonly number[] {
    return this.#defaults.stopTokens;
  }

  /**
   * Of a text, texts (padded to one length), what `encode` gave, or inputs of ids: lastHiddenState [B, T, D], and logits [B, T, V] and
   * poolerOutput [B, D] where the model has those heads; of an encoder–decoder, inputIds [B, S] and decoderInputIds [B, T] → the same
   * of its decoder, and encoderLastHiddenState [B, S, D]. Weights and inputs stay as they are. `no_tokenizer` of a text without one,
   * `invalid_argument` and `shape_mismatch` of what does not fit.
   */
  override forward<Attentions extends boolean = false>(
    inputs: ModelInput,
    options?: ForwardOptions & { outputAttentions?: Attentions },
  ): OutputWith<Attentions> {
    void this.handle.native; // a disposed model says so first
    const read = inputsOf(inputs, this.config, (texts, how) =>
      this.#required(this.tokenizer).encode(texts, how),
    );
    return super.forward(read, options) as OutputWith<Attentions>;
  }

  /** The edits that switch these heads off (their z is 0), for `interventions`. `unknown_name` for a layer that is not there. */
  ablate(heads: readonly { layer: number; head: number }[]): Intervention[] {
    const prefix = this.config.encoder ? 'decoder.' : '';
    const kind = this.config.encoder ? 'self_attn' : 'attn';
    const edits = heads.map(({ layer, head }) => ({
      at: `${prefix}blocks.${layer}.${kind}.z`,
      head,
      op: 'zero' as const,
    }));
    nativeInterventions(edits, this.activations, 'heads');
    return edits;
  }

  /**
   * The most probable tokens for the [MASK] of a text, the likeliest first; of several masks, of the first. Needs a masked-language-model
   * head and a tokenizer with such a token: else `invalid_argument` or `no_tokenizer`.
   */
  fillMask(text: string, options?: { topK?: number }): FilledMask[] {
    const { topK = 5 } = checkKeys('options', options, new Set(['topK']));
    const tokenizer = this.#required(this.tokenizer);
    const encoding = tokenizer.encode(text);
    const at = encoding.ids.indexOf(tokenizer.maskTokenId ?? -1);
    if (at < 0) fail('invalid_argument', 'text: expected one with a [MASK], got none');
    const { logits } = this.forward(encoding);
    if (!logits || logits.dims.length !== 3)
      fail('invalid_argument', 'fillMask: expected a model with a masked-language-model head');
    return logits
      .row(at)
      .softmax()
      .topK(topK)
      .map(({ index, value }) => ({
        token: index,
        text: tokenizer.decode([index]).trim(),
        probability: value,
      }));
  }

  /**
   * The classes of a text or a picture with their probabilities, the likeliest first; of several a list for each. Of a model with a
   * head for sequences: else `invalid_argument`.
   */
  classify(input: string, options?: ClassifyOptions): ClassScore[];
  classify(inputs: Exclude<ModelInput, string>, options?: ClassifyOptions): ClassScore[][];
  classify(inputs: ModelInput, options?: ClassifyOptions): ClassScore[] | ClassScore[][] {
    const all = this.#host.loadedParts().tasks.classify(this, inputs, options);
    return typeof inputs === 'string' ? all[0]! : all;
  }

  /** The words of a text with their tags and where they stand in it. Of a model with a head for tokens: else `invalid_argument`. */
  tags(text: string): Tag[] {
    return this.#host.loadedParts().tasks.tags(this, text);
  }

  /**
   * The span of a context that answers a question, the likeliest first; a long context is read in overlapping parts. Of a model with
   * a head for spans: else `invalid_argument`.
   */
  answer(question: Question, options?: AnswerOptions): Answer[] {
    return this.#host.loadedParts().tasks.answer(this, question, options);
  }

  /**
   * One edit at a time over heads, layers or positions, and what each does to a metric. It yields to the
   * event loop between edits; the model's weights must stay as they are meanwhile.
   */
  async sweep(spec: SweepSpec, call?: SweepCall): Promise<SweepResult> {
    const { sweep } = await this.#host.lazyParts();
    const model = {
      config: this.config,
      activations: this.activations,
      native: () => this.handle.native,
      inputs: (inputs: ForwardInputs) => checkInputs(inputs, this.config),
      options: (options: ForwardOptions, inputs: NativeForwardInputs) =>
        this.nativeOptions(options, inputs),
    };
    return sweep(model, spec, call);
  }

  /** Final norm and head on the residual stream of every block: the words that each site reads as, and how probable. */
  logitLens(inputs: ForwardInputs, options?: LogitLensOptions): LogitLens {
    return this.#host.loadedParts().analyses.logitLens(this, inputs, options);
  }

  /** A logit, or the difference of two, as the exact sum of what embeddings, heads, MLPs and biases wrote. One sequence. */
  attributeLogit(inputs: ForwardInputs, options: LogitAttributionOptions): LogitAttribution {
    return this.#host.loadedParts().analyses.attributeLogit(this, inputs, options);
  }

  /** One attention score as the exact sum over writers at the query × writers at the key. One sequence. */
  explainScore(inputs: ForwardInputs, question: ScoreQuestion): ScoreExplanation {
    return this.#host.loadedParts().analyses.explainScore(this, inputs, question);
  }

  /** What a head does by its weights alone: QK and OV over the vocabulary, copying, composition with earlier heads. */
  async circuit(question: CircuitQuestion): Promise<Circuit> {
    return (await this.#host.lazyParts()).analyses.circuit(this, question);
  }

  /** Every head over many texts: mean scores, where its strongest weights point, its best examples. Needs a tokenizer. */
  async scanHeads(texts: readonly string[], options?: HeadScanOptions): Promise<HeadScan> {
    return (await this.#host.lazyParts()).analyses.scanHeads(this, texts, options);
  }

  /**
   * Continues one sequence, a text or ids, with a causal model that has a language-model head (GPT-2, Llama), keys and values cached; an
   * encoder–decoder (Marian) reads it, once, and begins another. The same seed draws the same tokens.
   */
  generate(inputs: string | TokenIds, options?: GenerateOptions): GenerateResult {
    const steps = this.#generation(inputs, options);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /** @internal `generate` as a worker runs it: it yields to the event loop between tokens. */
  async generateYielding(
    inputs: string | TokenIds,
    options?: GenerateOptions,
  ): Promise<GenerateResult> {
    const steps = this.#generation(inputs, options);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      await yieldToEventLoop();
    }
  }

  /**
   * As `generate`, a token at a time: `for await (const { token, text } of model.stream('Once upon'))`. Between two it yields to the event
   * loop, so that a page paints and `signal` is heard; leaving the loop ends it.
   */
  async *stream(
    inputs: string | TokenIds,
    options?: GenerateOptions,
  ): AsyncGenerator<NewToken, GenerateResult, void> {
    const told: NewToken[] = [];
    const { onToken, ...rest } = checkKeys('options', options, generateKeys);
    const steps = this.#generation(inputs, {
      ...rest,
      onToken: (token, text) => {
        told.push({ token, text });
        onToken?.(token, text);
      },
    });
    try {
      for (;;) {
        const step = steps.next();
        yield* told.splice(0);
        if (step.done) return step.value;
        await yieldToEventLoop();
      }
    } finally {
      steps.return(undefined as never); // frees what it holds
    }
  }

  #generation(inputs: string | TokenIds, options: GenerateOptions | undefined) {
    const inputIds =
      typeof inputs === 'string' ? this.#required(this.tokenizer).encode(inputs).ids : inputs;
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
    return this.#host.loadedParts().saveModel(this, options);
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
    const { Trainer } = this.#host.loadedParts();
    return new Trainer(
      { model: this, module, native: () => this.handle.native, handles, padTokenIds },
      options,
    );
  }

  /** Texts → [n, D]: the mean of the last hidden state over each text's tokens, of length 1. Needs a tokenizer. */
  embed(texts: string | readonly string[]): Tensor {
    if (!this.config.encoder) this.#required(this.tokenizer); // else its own error
    return this.#host.loadedParts().embedTexts(this, texts);
  }

  /**
   * Pictures → pixelValues [B, channels, height, width]: resized and normalised as the checkpoint's
   * preprocessor_config.json says, and as Transformers' ViTImageProcessor does by default for a model of `createModel`.
   */
  preprocess(pictures: Picture | readonly Picture[]): Tensor {
    return preprocessFor(this, pictures);
  }

  /**
   * What the model is to read: of one text (or a pair) an encoding, of many a list of them, which `forward` takes as they are.
   * `no_tokenizer` where the checkpoint came without one.
   */
  encode(text: string, pair?: string | EncodeOptions, options?: EncodeOptions): Encoding;
  encode(texts: readonly TextInput[], options?: EncodeOptions): Encoding[];
  encode(
    given: string | readonly TextInput[],
    second?: string | EncodeOptions,
    third?: EncodeOptions,
  ): Encoding | Encoding[] {
    return this.#required(this.tokenizer).encode(given as string, second as string, third);
  }

  /** Ids that the model wrote, as text; `no_tokenizer` where the checkpoint came without one. */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string {
    return this.#required(this.targetTokenizer).decode(ids, options);
  }

  #required(tokenizer: Tokenizer | undefined): Tokenizer {
    const problem = this.#tokenizerProblem;
    return tokenizer ?? fail('no_tokenizer', withoutTokenizer(problem), problem);
  }
}

const withoutTokenizer = (problem: Error | undefined): string =>
  problem
    ? `this model’s tokenizer cannot be read (${problem.message}); pass token ids instead`
    : 'this model has no tokenizer; pass token ids instead';

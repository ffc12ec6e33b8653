// What cpp/bindings exposes to the package. Private: users never see these names.
import type { WeightDtype } from './dtype.js';
import type { CompleteAttentionConfig, CompleteModelConfig } from './config-types.js';
import type { NativeResult } from './native-result.js';
import type { Tensor, TensorData } from './tensor.js';

/** What C++ takes; what it gives has become a Tensor when it arrives (traps.ts). */
export type NativeTensor = TensorData;
export interface NativeMask {
  data: Uint8Array;
  dims: number[];
}

/** All fields present: defaults are filled in by TypeScript. */
export interface NativeAttentionOptions {
  causal: boolean;
  window: number; // −1: none
  mask: NativeMask | null;
  bias: NativeTensor | null;
  scale: number; // NaN: 1/√K, or 1 for the score functions without a scale
  temperature: number;
  score: 'scaled-dot' | 'dot' | 'general' | 'additive';
  scoreParameters: NativeTensor[]; // [], [w] or [wq, wk, v]
  normalisation: 'softmax' | 'none';
  pattern: boolean;
  scores: boolean;
  maskedScores: boolean;
}

export interface NativeAttentionResult {
  output: Tensor;
  pattern?: Tensor;
  scores?: Tensor;
  maskedScores?: Tensor;
}

export interface NativeIntervention {
  at: string;
  batch: number; // −1: all; likewise the other selectors
  head: number;
  query: number;
  key: number;
  index: number;
  op: 'zero' | 'mean' | 'set' | 'add' | 'scale';
  value: number;
  values: NativeTensor | null; // instead of value: of the selection's shape, or the whole activation of another run
  otherRun: boolean; // values are of another run
}

export interface NativeStackInputs {
  batch: number;
  length: number;
  inputIds: Int32Array | null; // [B·T]
  inputsEmbeds: Float32Array | null; // [B·T·D]
  pixelValues: Float32Array | null; // [B·C·H·W]
  attentionMask: Uint8Array | null; // [B·T]
  globalAttentionMask: Uint8Array | null; // [B·T]
  tokenTypeIds: Int32Array | null; // [B·T]
  start: { layer: number; resid: Float32Array } | null; // [B·T·D], what comes in at that block
}

/** What the only stack reads, or the encoder. */
export interface NativeForwardInputs extends NativeStackInputs {
  decoder: NativeStackInputs | null; // with an encoder, and only there
}

export interface NativeMems {
  length: number; // M
  hiddenStates: Float32Array; // [N·B·M·D]
}

export interface NativeForwardOptions {
  outputAttentions: boolean;
  trace: string[] | null; // null: nothing; ['*']: everything
  interventions: NativeIntervention[];
  causal: boolean | null; // null: as the config says
  temperature: number;
  mask: NativeMask | null;
  mems: NativeMems | null;
  encoderMask: NativeMask | null;
  crossMask: NativeMask | null;
}

export interface NativeForwardResult {
  lastHiddenState: Tensor;
  logits?: Tensor;
  poolerOutput?: Tensor;
  attentions?: Tensor[];
  encoderLastHiddenState?: Tensor;
  encoderAttentions?: Tensor[];
  decoderAttentions?: Tensor[];
  crossAttentions?: Tensor[];
  trace: Record<string, Tensor>;
}

export interface NativeParameters {
  /** `matrix`: kept as the model's dtype says; the rest is f32. */
  parameterTable(): NativeResult<{ name: string; dims: number[]; matrix: boolean }[]>;
  /** A copy of rows [first, first + count) of a parameter. */
  rows(name: string, first: number, count: number): NativeResult<Tensor>;
  /** Copies whole rows in, from row `first` on. */
  setRows(name: string, first: number, data: Float32Array): NativeResult<{ ok: true }>;
  /** Initial weights from a seed, the same on every machine. */
  initialise(seed: number): NativeResult<object>;
  activationNames(): NativeResult<string[]>;
  delete(): void;
}

export interface NativeAttentionLayer extends NativeParameters {
  /** query [B, T, D], key and value [B, S, D]; null key or value: as the one before. Results under the names q, k, v, scores, masked_scores, pattern, z, out. */
  forward(
    query: NativeTensor,
    key: NativeTensor | null,
    value: NativeTensor | null,
    options: {
      keyMask: Uint8Array | null; // [B·S]
      mask: NativeMask | null;
      causal: boolean | null;
      temperature: number;
      trace: string[] | null;
    },
  ): NativeResult<{ output: Tensor; trace: Record<string, Tensor> }>;
}

export interface NativeModel extends NativeParameters {
  forward(
    inputs: NativeForwardInputs,
    options: NativeForwardOptions,
  ): NativeResult<NativeForwardResult>;
}

export interface NativeRecurrentConfig {
  vocabSize: number; // 0: none
  inputSize: number;
  hiddenSize: number;
  numLayers: number;
}

export interface NativeRecurrent extends NativeParameters {
  forward(
    inputs: Pick<NativeStackInputs, 'batch' | 'length' | 'inputIds' | 'inputsEmbeds'>,
    options: { influence: boolean; trace: string[] | null },
  ): NativeResult<{
    lastHiddenState: Tensor;
    influence?: Tensor;
    trace: Record<string, Tensor>;
  }>;
}

export interface NativeModule {
  variant(): 'simd128' | 'relaxed';
  attention(
    q: NativeTensor,
    k: NativeTensor,
    v: NativeTensor,
    options: NativeAttentionOptions,
  ): NativeResult<NativeAttentionResult>;
  createAttentionLayer(config: CompleteAttentionConfig): NativeResult<NativeAttentionLayer>;
  createModel(config: CompleteModelConfig, dtype: WeightDtype): NativeResult<NativeModel>;
  createRecurrent(config: NativeRecurrentConfig): NativeResult<NativeRecurrent>;
  createGeneration(
    model: NativeModel,
    options: NativeGenerationOptions,
  ): NativeResult<NativeGeneration>;
  createTrainer(model: NativeModel, options: NativeTrainerOptions): NativeResult<NativeTrainer>;
  /** Bytes of linear memory now. */
  memorySize(): number;
  /** Asked by long work every few milliseconds; true ends it with the error `interrupted`. Set by whoever can tell. */
  isInterrupted?: (() => boolean) | undefined;
  /** Where C++'s stack ends now, and back there. */
  stackSave(): number;
  stackRestore(pointer: number): void;
}

export interface NativeGenerationOptions {
  capacity: number; // tokens, prompt included
  temperature: number; // 0: greedy
  topK: number; // 0: all
  topP: number;
  repetitionPenalty: number; // 1: none
  seed: number;
  source: { inputIds: Int32Array; attentionMask: Uint8Array } | null; // of a model with an encoder; an empty mask: all tokens
}

/** A generation under way: reads the prompt, then each picked token, and picks the next, none of `suppressed`. */
export interface NativeGeneration {
  next(tokens: Int32Array, suppressed: Int32Array): NativeResult<{ id: number }>;
  delete(): void;
}

export interface NativeTrainerOptions {
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  clipNorm: number; // Infinity: none
  warmupSteps: number;
  totalSteps: number; // 0: the rate stays
}

export interface NativeTrainingBatch extends NativeForwardInputs {
  mems: NativeMems | null;
  labels: Int32Array; // [B·T], −100 where none; of a classifier of sequences [B], of spans [B, 2]
  targets: Float32Array; // [B, L], in place of labels, where they are several or numbers; else empty
  disagreement: Float32Array; // [2, B·T]: weights of every query and of every key; or empty
}

/** A training under way. */
export interface NativeTrainer {
  step(
    batch: NativeTrainingBatch,
  ): NativeResult<{ step: number; loss: number; accuracy: number; gradNorm: number; lr: number }>;
  evaluate(batch: NativeTrainingBatch): NativeResult<{ loss: number; accuracy: number }>;
  /** Names as forward's trace. */
  gradients(
    batch: NativeTrainingBatch,
    activations: string[] | null,
    gradients: string[] | null,
  ): NativeResult<{
    loss: number;
    accuracy: number;
    parameters: Record<string, Tensor>;
    activations: Record<string, Tensor>;
    gradients: Record<string, Tensor>;
  }>;
  setLr(lr: number): NativeResult<object>;
  setInterventions(interventions: NativeIntervention[]): NativeResult<object>;
  steps(): number;
  setSteps(steps: number): NativeResult<object>;
  moments(name: string): NativeResult<{ first: Tensor; second: Tensor }>;
  /** Copies in; dims must match. */
  setMoments(name: string, first: NativeTensor, second: NativeTensor): NativeResult<object>;
  delete(): void;
}

/** The Emscripten glue's default export: resolves when the module runs. */
export type NativeModuleFactory = (options: {
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance) => void,
  ): Record<string, never>;
  print?: (line: string) => void;
  printErr?: (line: string) => void;
  onAbort?: (reason: unknown) => void;
}) => Promise<NativeModule>;

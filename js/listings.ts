// Five published attention listings as presets that run, each with the one sentence that tells it from the paper
// (Vaswani et al. 2017, arXiv:1706.03762). All arithmetic is C++'s: a preset is a config, or a chain of attention calls.
import { bindMembers } from './core/bound.js';
import type { DisposableObject } from './core/disposable.js';
import { fail } from './core/errors.js';
import type { AttentionLayer } from './core/layer.js';
import { listingNames, type ListingName } from './core/listing-names.js';
import type { Model } from './model.js';
import type {
  AttentionInputs,
  AttentionOptions,
  AttentionResult,
  LayerInputs,
  LayerOptions,
  LayerOutput,
  ListingOptions,
  SeedOptions,
} from './core/attention-types.js';
import type {
  AttentionLayerConfig,
  CompleteAttentionConfig,
  ModelConfig,
} from './core/config-types.js';
import { Tensor } from './core/tensor.js';
import {
  checkArray,
  checkInteger,
  checkKeys,
  checkObject,
  checkOneOf,
  checkTensor,
  describe,
  shapeText,
} from './core/validation.js';

/** The operations of a runtime that listings are made of. */
export interface ListingRuntime {
  attention(inputs: AttentionInputs, options?: AttentionOptions): AttentionResult;
  createAttention(config: AttentionLayerConfig, options?: SeedOptions): AttentionLayer;
  createModel(config: ModelConfig, options?: SeedOptions): Model;
}

interface Preset {
  difference: string;
  /** undefined: the listing has no learned weights. */
  config?: (dModel: number, numHeads: number) => AttentionLayerConfig;
  /** The listing's own encoder around the attention, where it has one. */
  encoder?: (attention: Omit<AttentionLayerConfig, 'dModel'>, dModel: number) => ModelConfig;
}

const presets: Record<ListingName, Preset> = {
  fused: {
    difference:
      'One linear layer of width 3D makes query, key and value for a single head as wide as the model, and there is no ' +
      'output projection, so the head cannot be mixed or resized before the residual sum.',
    config: (dModel) => ({ dModel, numHeads: 1, fused: true, bias: true, outProjection: false }),
    encoder: (attention, dModel) => ({
      dModel,
      numLayers: 2,
      positions: 'none',
      norm: 'post',
      feedForward: 'linear_of_sum',
      attention,
    }),
  },
  multi_head: {
    difference:
      'It is the multi-head attention of the paper, with biases added to all four projections.',
    config: (dModel, numHeads) => ({ dModel, numHeads, bias: true }),
  },
  multi_head_no_softmax: {
    difference:
      'The softmax is left out: the weights are the scaled scores themselves, so they may be negative and a row does ' +
      'not sum to 1.',
    config: (dModel, numHeads) => ({ dModel, numHeads, bias: true, normalisation: 'none' }),
  },
  no_weights: {
    difference:
      'Nothing is learned and nothing is scaled: the embeddings are query, key and value at once, and the softmax of the ' +
      'scores is multiplied by the scores again before it weighs the embeddings.',
  },
  single_head: {
    difference:
      'One head is as wide as the model (K = D), so a query has a single pattern and the scores are divided by √D.',
    config: (dModel) => ({ dModel, numHeads: 1, bias: true }),
  },
  shared_heads: {
    difference:
      'All heads share one K × K projection without bias, the scores are divided by √D instead of √K, and a masked score ' +
      'becomes −1e20 instead of −∞, so a fully masked row attends uniformly.',
    config: (dModel, numHeads) => ({
      dModel,
      numHeads,
      bias: false,
      outBias: true,
      sharedHeads: true,
      scaleBy: 'd_model',
      maskedValue: -1e20,
    }),
  },
};

/** What a listing without learned weights computes in addition to `output` (Y): all [T, T] or [T, D] but `context` [T]. */
export type NoWeightsTrace = 'scores' | 'pattern' | 'weights' | 'context' | 'usual';

/** One of the published listings, ready to run. */
export class Listing implements DisposableObject {
  readonly name: ListingName;
  /** One sentence: how it differs from Vaswani et al. 2017. */
  readonly difference: string;
  /** Undefined for `no_weights`, which has nothing to configure. */
  readonly config: CompleteAttentionConfig | undefined;
  /** The layer with its parameters; undefined for `no_weights`. */
  readonly layer: AttentionLayer | undefined;
  /** x ← LayerNorm(Linear(SA(x) + x)), two layers over inputsEmbeds; of `fused` alone. */
  readonly encoder: Model | undefined;
  readonly #runtime: ListingRuntime;

  /** @internal */
  constructor(runtime: ListingRuntime, name: ListingName, options?: ListingOptions) {
    bindMembers(this);
    this.name = checkOneOf('name', name, listingNames);
    const given = checkKeys('options', options, new Set(['dModel', 'numHeads', 'seed']));
    const preset = presets[this.name];
    this.difference = preset.difference;
    this.#runtime = runtime;
    if (!preset.config) return;
    if (given.dModel === undefined)
      fail('invalid_argument', `dModel: listing "${name}" needs one, got undefined`);
    const dModel = checkInteger('dModel', given.dModel, 1);
    const numHeads = checkInteger('numHeads', given.numHeads ?? 1, 1);
    const config = preset.config(dModel, numHeads);
    if (config.numHeads !== numHeads && given.numHeads !== undefined) {
      fail('invalid_argument', `numHeads: listing "${name}" has one head, got ${numHeads}`);
    }
    const seed = given.seed === undefined ? {} : { seed: given.seed };
    this.layer = runtime.createAttention(config, seed);
    this.config = this.layer.config;
    if (!preset.encoder) return;
    const { dModel: _, ...attention } = config;
    try {
      this.encoder = runtime.createModel(preset.encoder(attention, dModel), seed);
    } catch (error) {
      this.layer.dispose();
      throw error;
    }
  }

  /**
   * query [B, T, D] and, where they differ from it, key and value [B, S, D]. `no_weights` takes query E [T, D] alone; its
   * trace then holds scores S = E Eᵀ, pattern P = softmax(S), weights W = S P, context (row sums of the output
   * Y = W E) and usual (P E).
   */
  forward(inputs: LayerInputs, options?: LayerOptions): LayerOutput {
    return this.layer ? this.layer.forward(inputs, options) : this.#withoutWeights(inputs, options);
  }

  #withoutWeights(inputs: LayerInputs, options?: LayerOptions): LayerOutput {
    const { query } = checkObject('inputs', inputs, new Set(['query']));
    const { trace } = checkKeys('options', options, new Set(['trace']));
    const e = checkTensor('query', query);
    if (e.dims.length !== 2)
      fail('shape_mismatch', `query: expected [T, D], got ${shapeText(e.dims)}`);
    const tokens = e.dims[0]!;
    const width = e.dims[1]!;

    const softmax = this.#runtime.attention({ q: e, k: e, v: e }, { score: 'dot', trace: true });
    const scores = softmax.scores!; // S = E Eᵀ
    const pattern = softmax.pattern!; // P = softmax(S)
    const weights = this.#product(e, e, pattern); // W = (E Eᵀ) P
    const output = this.#product(weights, identity(tokens), e); // Y = W E
    const context = this.#product(output, identity(width), ones(width)); // row sums of Y

    const all: Record<NoWeightsTrace, Tensor> = {
      scores,
      pattern,
      weights,
      context: new Tensor(context.data, [tokens]),
      usual: softmax.output,
    };
    return { output, trace: selected(all, trace) };
  }

  /** (a bᵀ) c, by attention without scale and softmax. */
  #product(a: Tensor, b: Tensor, c: Tensor): Tensor {
    return this.#runtime.attention({ q: a, k: b, v: c }, { score: 'dot', normalisation: 'none' })
      .output;
  }

  dispose(): void {
    this.layer?.dispose();
    this.encoder?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function selected(all: Record<string, Tensor>, trace: LayerOptions['trace']): Map<string, Tensor> {
  if (trace === undefined || trace === true) return new Map(Object.entries(all));
  if (trace === false) return new Map();
  return new Map(
    checkArray('trace', trace, 'true, false or an array of names').map((name) => [
      name,
      (Object.hasOwn(all, name) ? all[name] : undefined) ??
        fail('unknown_name', `trace: ${describe(name)}: unknown`),
    ]),
  );
}

function identity(size: number): Tensor {
  const data = new Float32Array(size * size);
  for (let index = 0; index < size; ++index) data[index * (size + 1)] = 1;
  return new Tensor(data, [size, size]);
}

/** A column of ones. */
function ones(rows: number): Tensor {
  return new Tensor(new Float32Array(rows).fill(1), [rows, 1]);
}

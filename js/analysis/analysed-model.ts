// What the analyses need of a model: a part of `Model`, and the names of its sublayers. Computes nothing.
import { fail } from '../core/errors.js';
import type { CompleteModelConfig, CompleteStackConfig } from '../core/config-types.js';
import type { ForwardInputs, ForwardOptions, ModelOutput } from '../core/forward-types.js';
import type { Tensor } from '../core/tensor.js';

/** The part of `Model` that is read. */
export interface AnalysedModel {
  readonly config: CompleteModelConfig;
  forward(inputs: ForwardInputs, options?: ForwardOptions): ModelOutput;
  activationNames(): string[];
  parameterShapes(): ReadonlyMap<string, readonly number[]>;
  parameterRows(name: string, first: number, count: number): Tensor;
}

/** One term of a block's sum x ← x + f(x): an attention or an MLP, and the norm that goes with it. */
export interface Sublayer {
  kind: 'attn' | 'self_attn' | 'cross_attn' | 'mlp';
  layer: number;
  /** 'blocks.0.attn': the name that its activations and parameters begin with. */
  name: string;
  norm: string;
}

/** 'decoder.' or 'encoder.' of a model with both, else nothing. */
export type StackPrefix = '' | 'encoder.' | 'decoder.';

export function stackOf(config: CompleteModelConfig, prefix: StackPrefix): CompleteStackConfig {
  return prefix === 'encoder.' ? config.encoder! : config;
}

/** The stack that makes the logits. */
export const lastStack = (config: CompleteModelConfig): StackPrefix =>
  config.encoder ? 'decoder.' : '';

/** All sublayers of a stack in the order of the computation. */
export function sublayersOf(config: CompleteModelConfig, prefix: StackPrefix): Sublayer[] {
  const stack = stackOf(config, prefix);
  if (stack.feedForward !== 'mlp')
    fail(
      'invalid_argument',
      `feedForward "${stack.feedForward}": its blocks are no sum of sublayers, so no stream to take apart`,
    );
  const kinds: Sublayer['kind'][] =
    prefix === 'decoder.' ? ['self_attn', 'cross_attn', 'mlp'] : ['attn', 'mlp'];
  return Array.from({ length: stack.numLayers }, (_, layer) =>
    kinds.map((kind, index) => ({
      kind,
      layer,
      name: `${prefix}blocks.${layer}.${kind}`,
      norm: `${prefix}blocks.${layer}.norm${index + 1}`,
    })),
  ).flat();
}

/** A whole parameter, or undefined where the model has none of that name. */
export function parameterIfAny(model: AnalysedModel, name: string): Tensor | undefined {
  const dims = model.parameterShapes().get(name);
  return dims && model.parameterRows(name, 0, dims[0]!);
}

export function parameterOf(model: AnalysedModel, name: string): Tensor {
  return parameterIfAny(model, name) ?? fail('unknown_name', `${name}: no such parameter`);
}

// The public vocabulary of training: batches, options, results and snapshots. No code.
import type { ForwardInputs, Intervention } from '../core/forward-types.js';
import type { SeededRandom } from '../core/random.js';
import type { Tensor, TensorInput, TokenIds } from '../core/tensor.js';

/** What forward takes, with the labels. */
export interface TrainingBatch extends ForwardInputs {
  /**
   * [B, T], as the logits [B, T, V]: labels[b][t] is the token that logits[b, t] should pick, −100 where none is
   * asked for. Nothing is shifted: to predict the next token, labels[b][t] is inputIds[b][t + 1].
   * For a classifier's logits [B, L]: [B], or [B, L] numbers where each class is one of several or the answer is a number; of
   * tokens [B, T, L]: [B, T]; of spans [B, 2]: the places of the first and the last token.
   */
  labels: TokenIds;
  /** What `forward` of the tokens before returned as `mems`, as forward's option takes it. No gradient flows into them. */
  mems?: readonly TensorInput[];
}

/** One example of a training task. Examples of unequal length are padded when they become a batch. */
export interface TrainingExample {
  inputIds?: readonly number[];
  /**
   * As long as inputIds (or decoderInputIds, where there are any); one number for a classifier, numLabels of one with several labels;
   * [first, last] of a span. −100: ignored.
   */
  labels: readonly number[] | number;
  /** 1 = a token, 0 = padding. Default: all tokens. */
  attentionMask?: readonly number[];
  tokenTypeIds?: readonly number[];
  decoderInputIds?: readonly number[];
  /** [C, height, width], or with a leading axis of 1. */
  pixelValues?: TensorInput;
}

export interface TrainerOptions {
  /** The learning rate after the warm-up. */
  lr: number;
  /** AdamW's decay rates of its two moments. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
  /** Every step shrinks every weight by lr · weightDecay, as torch.optim.AdamW does. Default 0.01. */
  weightDecay?: number;
  /** Gradients whose norm, taken over all parameters, is larger are scaled down to it. Default 1; Infinity: never. */
  clipNorm?: number;
  /** Steps in which the rate rises from 0 to lr. Default 0. */
  warmupSteps?: number;
  /** After the warm-up the rate falls to 0 along half a cosine until this step. Default: it stays. */
  totalSteps?: number;
  /**
   * Adds weight · (how much two heads of a layer attend to the same token, averaged over layers, labelled positions and pairs of heads)
   * to the loss of steps and gradients, not to the loss reported: heads then share the work instead of repeating it. Keys of the
   * token ids in `except` do not count. For models of one stack that answer at every token. Li et al. 2018, arXiv:1810.10183.
   */
  disagreement?: { weight: number; except?: readonly number[] };
  /** In force in every step, evaluation and gradient. */
  interventions?: readonly Intervention[];
  /** Makes one example of the task, or a list to pick from; step() without a batch draws batchSize of them. */
  examples?: ((random: SeededRandom) => TrainingExample) | readonly TrainingExample[];
  /** Default 32. */
  batchSize?: number;
  /** Of the random numbers by which `examples` are drawn: an integer below 2³². Default 0. */
  seed?: number;
}

/** What may be changed while training goes on. */
export interface TrainerSettings {
  lr?: number;
  interventions?: readonly Intervention[];
}

export interface Evaluation {
  /** Mean cross-entropy over the labelled positions, in nats; of a regression the mean squared error. */
  loss: number;
  /** The part of the labelled positions that is right: whose largest logit is the label's; of several labels those on the right side of ½, of a regression the answers nearer than ½. */
  accuracy: number;
}

/** Loss and accuracy are of the weights before the step. */
export interface StepResult extends Evaluation {
  /** Steps taken, this one included. */
  step: number;
  /** The norm of the gradient over all parameters, before clipping. */
  gradNorm: number;
  /** The rate of this step. */
  lr: number;
}

export interface GradientOptions {
  /**
   * Activations to return, or true for all: a name of `model.activationNames()` for the value, the same after `grad.`
   * for the loss's gradient with respect to it (`grad.blocks.0.attn.pattern`).
   */
  trace?: boolean | readonly string[];
}

export interface Gradients extends Evaluation {
  /** The loss's gradient with respect to every parameter, by its name. */
  parameters: Map<string, Tensor>;
  trace: Map<string, Tensor>;
}

/** All that training resumes from, bit for bit; plain data, yours to keep, send or store. Settings are not part of it. */
export interface Snapshot {
  step: number;
  /** Name → weights: what `model.setParameters` takes. */
  parameters: Map<string, Tensor>;
  /** AdamW's running means of the gradient and of its square, by parameter. */
  firstMoments: Map<string, Tensor>;
  secondMoments: Map<string, Tensor>;
  /** The state of the random numbers that `examples` gets. */
  random: bigint;
}

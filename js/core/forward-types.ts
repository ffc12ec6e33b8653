// A model's forward pass: inputs, options with interventions, results. No code.
import type { MaskInput, Tensor, TensorInput, TokenIds } from './tensor.js';

export interface ForwardInputs {
  inputIds?: TokenIds;
  /** Instead of inputIds: [B, T, D]. */
  inputsEmbeds?: TensorInput;
  /** Of a model that reads pictures: [B, channels, height, width], or without B for one. `model.preprocess` makes them. */
  pixelValues?: TensorInput;
  /**
   * Instead of inputIds, of a model without an encoder: what a pass before recorded as `blocks.{layer}.resid_pre` (layer = N:
   * as the last block's resid_post), [B, T, D]. The pass begins there, and its results are the whole pass's to the last bit.
   */
  start?: { layer: number; resid: TensorInput };
  /** 1 = a token, 0 = padding. [B, T] */
  attentionMask?: TokenIds;
  /** 1 = a token that attends to all and that all attend to; of a model with `attention.globalTokens`. [B, T] */
  globalAttentionMask?: TokenIds;
  tokenTypeIds?: TokenIds;
  /** Of an encoder–decoder, whose encoder reads the inputs above: the tokens so far, the start token first. [B, T] */
  decoderInputIds?: TokenIds;
  /** Instead of decoderInputIds: [B, T, D]. */
  decoderInputsEmbeds?: TensorInput;
  /** 1 = a token, 0 = padding. [B, T] */
  decoderAttentionMask?: TokenIds;
}

type BlockActivation =
  | 'resid_pre'
  | 'resid_mid'
  | 'resid_post'
  | `mlp.${'norm' | 'pre' | 'post' | 'out'}`
  | `${'attn' | 'self_attn' | 'cross_attn'}.${'norm' | 'q' | 'k' | 'v' | 'scores' | 'masked_scores' | 'pattern' | 'z' | 'result' | 'out'}`;

/** For completion: the usual names; every string is taken, and checked against `model.activationNames()`. */
export type ActivationName =
  | 'embed'
  | 'pos_embed'
  | 'final_norm'
  | 'logits'
  | `${'' | 'encoder.' | 'decoder.'}blocks.${number}.${BlockActivation}`
  | (string & {});

/** Another run, by its activations: what `forward` gave, or the trace of it. */
export type TracedRun =
  ReadonlyMap<string, TensorInput> | { readonly trace: ReadonlyMap<string, TensorInput> };

/**
 * An edit of an activation, as data. It is applied where the value is produced, so everything after it changes.
 * Selectors left out mean "all". `mean` replaces each selected value by its mean over the
 * selected batch entries and positions (queries, or keys of k and v), each head and index by itself. Several edits at one name apply in their order.
 */
export interface Intervention {
  /** A name of `model.activationNames()`, or a pattern of several: * stands for anything without a dot (`blocks.*.attn.z`). */
  at: ActivationName;
  batch?: number;
  head?: number;
  /** Instead of head: several. */
  heads?: readonly number[];
  query?: number;
  key?: number;
  index?: number;
  /** May be left out with `from`, and is then set. */
  op?: 'zero' | 'mean' | 'set' | 'add' | 'scale';
  /** For set, add and scale: one number, or a tensor of the selection's shape. −∞ only at masked_scores; NaN never. */
  value?: number | TensorInput;
  /**
   * In place of `value`: the same activation, and the same selection of it, of another run (activation patching). That run
   * must have recorded it, in the same shape: as many sequences of as many tokens.
   */
  from?: TracedRun;
}

export interface ForwardOptions {
  outputAttentions?: boolean;
  /** Names of activations to return, or true for all. */
  trace?: boolean | readonly ActivationName[];
  interventions?: readonly Intervention[];
  /** Divides the scores of every attention. */
  temperature?: number;
  /** Overrides the config; of an encoder–decoder, for the decoder's attention to itself. */
  causal?: boolean;
  /** What the call before returned as `mems`: keys in front of this call's, S = M + T. */
  mems?: readonly TensorInput[];
  /** [T, S] or with leading axes, on top of the attention mask; of an encoder–decoder, for the decoder's attention to itself. */
  mask?: MaskInput;
  /** The same for the encoder, [S, S], and for the attention of the decoder to the encoder, [T, S]. */
  encoderMask?: MaskInput;
  crossMask?: MaskInput;
}

/** What `forward` gives where its options ask for the attention weights, of a model of one stack. */
export type OutputWith<Attentions extends boolean> = Attentions extends true
  ? ModelOutput & { attentions: Tensor[] }
  : ModelOutput;

export interface ModelOutput {
  lastHiddenState: Tensor; //     [B, T, D]
  logits?: Tensor; //             [B, T, V], of a classifier [B, numLabels], of one of tokens [B, T, numLabels]
  startLogits?: Tensor; //        [B, T], of a model that answers with a span: of its first token
  endLogits?: Tensor; //          [B, T], and of its last
  poolerOutput?: Tensor; //       [B, D]
  attentions?: Tensor[]; //       N × [B, H, T, S]
  mems?: Tensor[]; //             N × [B, M, D], of a model with memLength: copies, for the next call
  /** Of an encoder–decoder, in place of `attentions`, with S tokens read by the encoder and T by the decoder: */
  encoderLastHiddenState?: Tensor; // [B, S, D]
  encoderAttentions?: Tensor[]; // [B, H, S, S] each
  decoderAttentions?: Tensor[]; // [B, H, T, T]
  crossAttentions?: Tensor[]; //   [B, H, T, S]
  trace: Map<string, Tensor>;
}

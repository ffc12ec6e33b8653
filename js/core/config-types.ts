// The configs of a layer and of a model, as they are given and with every default filled in. No code.
// Their scalar fields are those of config-fields.ts, which is made from the tables in cpp/ (scripts/lib/config-schema.mjs).
import type {
  AttentionFields,
  BlockFields,
  FeedForwardFields,
  ModelAttentionFields,
  ModelFields,
  RotaryFields,
  StackFields,
  T5BiasFields,
  WidthFields,
} from './config-fields.js';

/** One multi-head attention layer with learned projections. */
export interface AttentionLayerConfig extends WidthFields, AttentionFields {
  /** Query t attends to keys with |t − s| ≤ window only. Default Infinity. */
  window?: number;
}

/** Rotary positions: pairs of q and k rotated by position · θ^(−2i/K). Su et al. 2021, arXiv:2104.09864. */
export interface RotaryConfig extends RotaryFields {}

/** T5's learned bias by distance, of positions 't5_bias'. Raffel et al. 2020, arXiv:1910.10683, section 2.1. */
export interface T5BiasConfig extends T5BiasFields {}

/** The pictures that a model reads and the patches that it cuts them into (ViT). Sizes in pixels. */
export interface ImageConfig {
  /** Both sides, or [height, width]. */
  size: number | readonly [number, number];
  /** Default 3. */
  channels?: number;
  /** Both sides, or [height, width]. */
  patchSize: number | readonly [number, number];
}

/** The same with its defaults filled in. */
export interface CompleteImageConfig {
  size: readonly [number, number];
  channels: number;
  patchSize: readonly [number, number];
}

/** One stack: embeddings, positions, blocks, final norm. */
export interface StackConfig extends StackFields, WidthFields, BlockFields, FeedForwardFields {
  /** In place of a vocabulary: the model takes `pixelValues`, a class token before their patches. Default: none. */
  image?: ImageConfig | null;
  rotary?: RotaryConfig;
  t5Bias?: T5BiasConfig;
  attention: ModelAttentionConfig;
}

/** The encoder of an encoder–decoder: fields left out, those of its attention too, are the decoder's, but for `causal: false`. */
export type EncoderConfig = Partial<Omit<StackConfig, 'dModel' | 'attention' | 'image'>> & {
  attention?: Partial<StackConfig['attention']>;
};

/**
 * A model of `attention-lab`'s own: initial weights by `createModel`. `loadModel` makes one from a checkpoint's config.json.
 * The stack's fields are those of its only stack or, where it has an `encoder`, of its decoder, whose attention then is causal
 * unless it says otherwise and whose blocks have a cross-attention of the same sizes.
 */
export interface ModelConfig extends StackConfig, ModelFields {
  encoder?: EncoderConfig;
}

/** The attention of every layer of a model. */
export interface ModelAttentionConfig extends AttentionFields, ModelAttentionFields {
  /** One for all layers, or one for each. */
  window?: number | readonly number[];
}

/** A layer's config with every default filled in. */
export type CompleteAttentionConfig = Readonly<Required<AttentionLayerConfig>>;
export type CompleteModelAttentionConfig = Readonly<
  Required<ModelAttentionConfig & Pick<AttentionLayerConfig, 'dModel'>>
>;

/** A stack's config with every default filled in, as C++ reads it. `padTokenId` −1: none. */
export type CompleteStackConfig = Readonly<
  Required<Omit<StackConfig, 'attention' | 'rotary' | 't5Bias' | 'image'>> & {
    image: CompleteImageConfig | null;
    attention: CompleteModelAttentionConfig;
    rotary: Required<RotaryConfig>;
    t5Bias: Required<T5BiasConfig>;
  }
>;

/** A model's config with every default filled in, as C++ reads it. */
export type CompleteModelConfig = CompleteStackConfig &
  Readonly<Required<ModelFields> & { encoder: CompleteStackConfig | null }>;

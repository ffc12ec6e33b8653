// The configs of a layer and of a model, as they are given and with every default filled in. No code.

/** One multi-head attention layer with learned projections. */
export interface AttentionLayerConfig {
  dModel: number;
  numHeads: number;
  /** G: heads that share keys and values, a divisor of numHeads (grouped queries). Default numHeads. */
  numKvHeads?: number;
  /** Default dModel / numHeads. */
  dHead?: number;
  /** Biases of q, k and v. Default true. */
  bias?: boolean;
  /** Bias of the output projection. Default: as `bias`. */
  outBias?: boolean;
  /** false leaves the output projection out. Default true. */
  outProjection?: boolean;
  /** One parameter `qkv_proj` [3·H·K, D] instead of `q_proj`, `k_proj`, `v_proj`. Default false. */
  fused?: boolean;
  /** One K × K projection for all heads, applied to each head's slice of the input. Default false. */
  sharedHeads?: boolean;
  /** What the scores are divided by: √dHead (default), √dModel, or nothing. */
  scaleBy?: 'd_head' | 'd_model' | 'none';
  normalisation?: 'softmax' | 'none';
  /** What a masked score is replaced by. Default −Infinity. */
  maskedValue?: number;
  causal?: boolean;
  /** Query t attends to keys with |t − s| ≤ window only. Default Infinity. */
  window?: number;
}

/** Rotary positions: pairs of q and k turned by position · θ^(−2i/K). Su et al. 2021, arXiv:2104.09864. */
export interface RotaryConfig {
  /** θ. Default 10000. */
  theta?: number;
  /** Positions are divided by this. Default 1. */
  linearFactor?: number;
  /** Llama 3.1's stretching of long wavelengths. Default 1: none. */
  llama3Factor?: number;
  lowFrequency?: number;
  highFrequency?: number;
  originalMaxLen?: number;
}

/** T5's learned bias by distance, of positions 't5_bias'. Raffel et al. 2020, arXiv:1910.10683, section 2.1. */
export interface T5BiasConfig {
  /** Rows of the table `position_bias.weight` [numBuckets, H]. Default 32. */
  numBuckets?: number;
  /** From this distance on all keys share the last bucket. Default 128. */
  maxDistance?: number;
  /** Half of the buckets are for keys after the query. Default: where the attention is not causal. */
  bidirectional?: boolean;
}

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
export interface StackConfig {
  /** 0: no embedding; the model takes `inputsEmbeds`. */
  vocabSize?: number;
  /** In place of a vocabulary: the model takes `pixelValues`, a class token before their patches. Default: none. */
  image?: ImageConfig | null;
  maxLen?: number;
  /** Token types (BERT's segments); 0: none. */
  typeVocabSize?: number;
  dModel: number;
  numLayers: number;
  /** Default: a feed-forward of 4 · dModel. */
  dFf?: number;
  /** Multiplies the token embeddings; √dModel in the paper. Default 1. */
  embedScale?: number;
  /**
   * 'sinusoidal': sines and cosines in turn (2017); 'sinusoidal_halves': all sines, then all cosines (Marian). 'alibi' and
   * 't5_bias' are biases on the scores, for sequences of any length: maxLen is no limit to them.
   */
  positions?:
    | 'none'
    | 'learned'
    | 'sinusoidal'
    | 'sinusoidal_halves'
    | 'rotary'
    | 't5_bias'
    | 'alibi'
    | 'transformer_xl';
  /** Learned positions: the row of the table that the first token takes. Default 0. */
  positionOffset?: number;
  /** Learned positions: tokens of this id are not counted, as in RoBERTa. Default: all are. */
  padTokenId?: number;
  rotary?: RotaryConfig;
  t5Bias?: T5BiasConfig;
  /** Positions 'transformer_xl': `forward` returns `mems` of at most so many tokens, to be passed to the next call. Default 0: none. */
  memLength?: number;
  /** LayerNorm on the sum of the embeddings. */
  embedNorm?: boolean;
  /** LayerNorm (default) or RMSNorm, everywhere. */
  normKind?: 'layer' | 'rms';
  /** Where LayerNorm stands in a block: after the sum (2017) or before the sublayer. */
  norm?: 'post' | 'pre';
  normEps?: number;
  /** A LayerNorm after the last block (usual with `pre`). */
  finalNorm?: boolean;
  activation?: 'relu' | 'gelu' | 'gelu_tanh' | 'silu';
  /** 'mlp': two linear layers, residual, norm. 'linear_of_sum': x ← LayerNorm(Linear(SA(x) + x)). */
  feedForward?: 'mlp' | 'linear_of_sum';
  /** fc2(activation(gate(x)) ⊙ fc1(x)); with silu this is SwiGLU. Default false. */
  gated?: boolean;
  /** Biases of the feed-forward. Default true. */
  mlpBias?: boolean;
  attention: ModelAttentionConfig;
}

/** The encoder of an encoder–decoder: fields left out, those of its attention too, are the decoder's, but for `causal: false`. */
export type EncoderConfig = Partial<Omit<StackConfig, 'dModel' | 'attention' | 'image'>> & {
  attention?: Partial<StackConfig['attention']>;
};

/**
 * A model of `attention-lab`'s own: fresh weights by `createModel`. `loadModel` makes one from a checkpoint's config.json.
 * The stack's fields are those of its only stack or, where it has an `encoder`, of its decoder, whose attention then is causal
 * unless it says otherwise and whose blocks have a cross-attention of the same sizes.
 */
export interface ModelConfig extends StackConfig {
  encoder?: EncoderConfig;
  /** Encoder and decoder have one table of tokens, `embed.token.weight`. Default: with an encoder of the same vocabSize. */
  shareEmbeddings?: boolean;
  /** tanh(Linear(first token)), as in BERT. */
  pooler?: boolean;
  /** Linear, activation, LayerNorm, then the tied embedding with a bias of its own. */
  maskedLmHead?: boolean;
  /** logits = x Wᵀ, as in GPT-2 and Llama. */
  lmHead?: boolean;
  /** logits = x Wᵀ + b, as in Marian. */
  lmHeadBias?: boolean;
  /** Classes: logits [B, numLabels] = h₀ Wᵀ + b, h₀ the first token's last hidden state. Default 0: none. */
  numLabels?: number;
  /** The output matrix of lmHead or maskedLmHead is the token embedding. Default true. */
  tieEmbeddings?: boolean;
}

/** The attention of every layer of a model. */
export interface ModelAttentionConfig extends Omit<AttentionLayerConfig, 'dModel' | 'window'> {
  /** One for all layers, or one for each. */
  window?: number | readonly number[];
  /**
   * Tokens of `globalAttentionMask` attend to all others and all others to them, by projections of their own. Beltagy et al.
   * 2020, arXiv:2004.05150. Default false.
   */
  globalTokens?: boolean;
}

/** A layer's config with every default filled in. */
export type CompleteAttentionConfig = Readonly<Required<AttentionLayerConfig>>;
export type CompleteModelAttentionConfig = Readonly<
  Required<ModelAttentionConfig & Pick<AttentionLayerConfig, 'dModel'>>
>;

/** A stack's config with every default filled in. */
export type CompleteStackConfig = Readonly<
  Required<Omit<StackConfig, 'attention' | 'rotary' | 't5Bias' | 'image'>> & {
    image: CompleteImageConfig | null;
    attention: CompleteModelAttentionConfig;
    rotary: Required<RotaryConfig>;
    t5Bias: Required<T5BiasConfig>;
  }
>;

/** A model's config with every default filled in. */
export type CompleteModelConfig = CompleteStackConfig &
  Readonly<
    Required<Omit<ModelConfig, keyof StackConfig | 'encoder'>> & {
      encoder: CompleteStackConfig | null;
    }
  >;

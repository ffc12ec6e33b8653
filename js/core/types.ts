// The public vocabulary of the package: tensors, configs, inputs, options and results. No code.
export type { ListingName } from './listing-names.js';
export type * from '../training/types.js';

/** A row-major copy, yours to keep: the last index runs fastest. */
export interface Tensor {
  data: Float32Array;
  dims: number[];
}

/** 1 = may attend. `dims` are [T, S], or with leading axes [B, T, S] or [B, H, T, S]; B or H may be 1 for all. */
export interface MaskTensor {
  data: Uint8Array;
  dims: number[];
}

export interface IntegerTensor {
  data: Int32Array;
  dims: number[];
}

/** One sequence, a batch of sequences of equal length, or an integer tensor [B, T]. */
export type TokenIds = readonly number[] | readonly (readonly number[])[] | IntegerTensor;

export type VariantName = 'relaxed' | 'simd128';

/** How a score is made of a query and a key. Luong et al. 2015 (general), Bahdanau et al. 2015 (additive). */
export type ScoreFunction =
  | 'scaled-dot' //                                             q · k / √K
  | 'dot' //                                                    q · k
  | { kind: 'general'; w: Tensor } //                           q W k                      W [K, Kk]
  | { kind: 'additive'; wq: Tensor; wk: Tensor; v: Tensor }; // v · tanh(Wq q + Wk k)      [A, K], [A, Kk], [A]

/** q [..., T, K], k [..., S, K], v [..., S, Kv] with the same leading axes. */
export interface AttentionInputs {
  q: Tensor;
  k: Tensor;
  v: Tensor;
}

export interface AttentionOptions {
  /** Query t attends to keys s ≤ t only. */
  causal?: boolean;
  /** Query t attends to keys with |t − s| ≤ window only. */
  window?: number;
  mask?: MaskTensor;
  /** Added to the scores before the mask; dims as a mask's. */
  bias?: Tensor;
  /** Replaces 1/√K. */
  scale?: number;
  /** Divides the scores. Default 1. */
  temperature?: number;
  score?: ScoreFunction;
  normalisation?: 'softmax' | 'none';
  /** true returns all four. */
  trace?: boolean | readonly ('pattern' | 'scores' | 'maskedScores')[];
}

export interface AttentionResult {
  output: Tensor; //          [..., T, Kv]
  scores?: Tensor; //         [..., T, S]  scaled, before bias and mask
  maskedScores?: Tensor; //   [..., T, S]
  pattern?: Tensor; //        [..., T, S]  after softmax
}

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

export interface SeedOptions {
  /** Of the fresh weights: an integer below 2³². Default 0. The same seed gives the same weights on every machine. */
  seed?: number;
}

/** Name → tensor, as `parameters()` gives them or as a plain object. */
export type NamedTensors = ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>;

export interface LayerInputs {
  query: Tensor; //      [B, T, D] or [T, D]
  key?: Tensor; //       [B, S, D] or [S, D]; default: query
  value?: Tensor; //     as key; default: key
  keyMask?: MaskTensor; // [B, S] or [S], 1 = may be attended to
  mask?: MaskTensor; //  [T, S], [B, T, S] or [B, H, T, S]
}

export interface LayerOptions {
  /** Default: as the config says. */
  causal?: boolean;
  temperature?: number;
  /** true for all, or some of q, k, v, scores, masked_scores, pattern, z, out. */
  trace?: boolean | readonly string[];
}

export interface LayerOutput {
  output: Tensor; // [B, T, D], or [T, D] where query has two axes
  trace: Map<string, Tensor>;
}

export interface ListingOptions extends SeedOptions {
  /** Required but for `no_weights`. */
  dModel?: number;
  /** Default 1. */
  numHeads?: number;
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
    | 'relative';
  /** Learned positions: the row of the table that the first token takes. Default 0. */
  positionOffset?: number;
  /** Learned positions: tokens of this id are not counted, as in RoBERTa. Default: all are. */
  padTokenId?: number;
  rotary?: RotaryConfig;
  t5Bias?: T5BiasConfig;
  /** Relative positions: `forward` returns a `memory` of at most so many tokens, to be passed to the next call. Default 0: none. */
  memoryLength?: number;
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

export interface ForwardInputs {
  inputIds?: TokenIds;
  /** Instead of inputIds: [B, T, D]. */
  inputsEmbeds?: Tensor;
  /** Of a model that reads pictures: [B, channels, height, width], or without B for one. `model.preprocess` makes them. */
  pixelValues?: Tensor;
  /**
   * Instead of inputIds, of a model without an encoder: what a pass before recorded as `blocks.{layer}.resid_pre` (layer = N:
   * as the last block's resid_post), [B, T, D]. The pass begins there, and its results are the whole pass's to the last bit.
   */
  start?: { layer: number; resid: Tensor };
  /** 1 = a token, 0 = padding. [B, T] */
  attentionMask?: TokenIds;
  /** 1 = a token that attends to all and that all attend to; of a model with `attention.globalTokens`. [B, T] */
  globalAttentionMask?: TokenIds;
  tokenTypeIds?: TokenIds;
  /** Of an encoder–decoder, whose encoder reads the inputs above: the tokens so far, the start token first. [B, T] */
  decoderInputIds?: TokenIds;
  /** Instead of decoderInputIds: [B, T, D]. */
  decoderInputsEmbeds?: Tensor;
  /** 1 = a token, 0 = padding. [B, T] */
  decoderAttentionMask?: TokenIds;
}

/** Another run, by its activations: what `forward` gave, or the trace of it. */
export type TracedRun =
  ReadonlyMap<string, Tensor> | { readonly trace: ReadonlyMap<string, Tensor> };

/**
 * An edit of an activation, as data. It is applied where the value is produced, so everything after it changes.
 * Selectors left out mean "all". `mean` replaces each selected value by its mean over the
 * selected batch entries and positions (queries, or keys of k and v), each head and index by itself. Several edits at one name apply in their order.
 */
export interface Intervention {
  /** A name of `model.activationNames()`. */
  at: string;
  batch?: number;
  head?: number;
  query?: number;
  key?: number;
  index?: number;
  /** May be left out with `from`, and is then set. */
  op?: 'zero' | 'mean' | 'set' | 'add' | 'scale';
  /** For set, add and scale: one number, or a tensor of the selection's shape. −∞ only at masked_scores; NaN never. */
  value?: number | Tensor;
  /**
   * In place of `value`: the same activation, and the same selection of it, of another run (activation patching). That run
   * must have recorded it, in the same shape: as many sequences of as many tokens.
   */
  from?: TracedRun;
}

export interface ForwardOptions {
  outputAttentions?: boolean;
  /** Names of activations to return, or true for all. */
  trace?: boolean | readonly string[];
  interventions?: readonly Intervention[];
  /** Divides the scores of every attention. */
  temperature?: number;
  /** Overrides the config; of an encoder–decoder, for the decoder's attention to itself. */
  causal?: boolean;
  /** What the call before returned as `memory`: keys in front of this call's, S = M + T. */
  memory?: readonly Tensor[];
  /** [T, S] or with leading axes, on top of the attention mask; of an encoder–decoder, for the decoder's attention to itself. */
  mask?: MaskTensor;
  /** The same for the encoder, [S, S], and for the attention of the decoder to the encoder, [T, S]. */
  encoderMask?: MaskTensor;
  crossMask?: MaskTensor;
}

export interface ModelOutput {
  lastHiddenState: Tensor; //     [B, T, D]
  logits?: Tensor; //             [B, T, V], of a classifier [B, numLabels]
  poolerOutput?: Tensor; //       [B, D]
  attentions?: Tensor[]; //       N × [B, H, T, S]
  memory?: Tensor[]; //           N × [B, M, D], of a model with memoryLength: copies, for the next call
  /** Of an encoder–decoder, in place of `attentions`, with S tokens read by the encoder and T by the decoder: */
  encoderLastHiddenState?: Tensor; // [B, S, D]
  encoderAttentions?: Tensor[]; // [B, H, S, S] each
  decoderAttentions?: Tensor[]; // [B, H, T, T]
  crossAttentions?: Tensor[]; //   [B, H, T, S]
  trace: Map<string, Tensor>;
}

export interface GenerateOptions {
  /** Default 20. Fewer where a stop token comes, or where the model can read no more (maxLen). */
  maxNewTokens?: number;
  /** Divides the logits; 0 (default) is greedy: always the likeliest token, the first of several. */
  temperature?: number;
  /** Only the k likeliest tokens; 0 (default): all. Not for greedy. */
  topK?: number;
  /** Only the fewest likeliest tokens whose probabilities reach p, in (0, 1]. Default 1: all. Not for greedy. */
  topP?: number;
  /**
   * Divides the logits, or multiplies them where they are negative, of tokens that were read: above 1 they come less often. Default:
   * the checkpoint's repetition_penalty, or 1. Keskar et al. 2019, arXiv:1909.05858.
   */
  repetitionPenalty?: number;
  /** No sequence of so many tokens comes twice. Default: the checkpoint's no_repeat_ngram_size, or 0: any may. */
  noRepeatNgramSize?: number;
  /** No stop token before so many new ones. Default: the checkpoint's min_new_tokens (or what min_length leaves), or 0. */
  minNewTokens?: number;
  /** Of the sampling: an integer below 2³². Default 0. */
  seed?: number;
  /** Of an encoder–decoder: 1 = a token of inputIds, 0 = padding. */
  attentionMask?: TokenIds;
  /** Of an encoder–decoder: what the decoder begins with. Default: the checkpoint's decoder_start_token_id. */
  decoderInputIds?: TokenIds;
  /** Ids after which it ends. Default: the checkpoint's eos_token_id; [] for none. */
  stopTokens?: readonly number[];
  /** Told every new token and the text it adds: '' where characters are incomplete, or without a tokenizer. */
  onToken?: ((id: number, text: string) => void) | undefined;
  /** Checked before every token. */
  signal?: AbortSignal | undefined;
}

export interface GenerateResult {
  /** The prompt and its continuation, a stop token included; of an encoder–decoder, the decoder's alone. */
  ids: number[];
  /** The same as text, without special tokens; left out where the model has no tokenizer. */
  text?: string;
  /** Why it ended. max_len: the model has read as many tokens as it has positions. */
  finish: 'stop_token' | 'max_new_tokens' | 'max_len';
}

/** Bytes as an ImageData holds them: RGBA, or RGB or grey, row by row from the top. */
export interface PixelData {
  data: Uint8ClampedArray | Uint8Array;
  width: number;
  height: number;
}

/** A picture: its pixels, or in a browser what a canvas can draw (a canvas, an ImageBitmap, a loaded image, a video's frame). */
export type Picture = PixelData | CanvasImageSource;

export interface PreprocessOptions {
  /** Of the result: 3 (default) for red, green and blue, 1 for grey. */
  channels?: 1 | 3;
}

/** A text as a model reads it. All arrays have one entry per token. */
export interface Encoding {
  ids: number[];
  tokens: string[];
  /** Each token as a reader knows it: without ##, with spaces for ▁ and Ġ; bytes that are no characters as \\xE2. */
  texts: string[];
  /** 0 for the first text, 1 for the second of a pair. */
  tokenTypeIds: number[];
  /** 1 = a token, 0 = padding. */
  attentionMask: number[];
  /** True for the tokens that the tokenizer added: [CLS], [SEP], padding and the like. */
  specialTokens: boolean[];
  /** The same as 1 and 0. */
  specialTokensMask: number[];
  /** Index of the word a token is a piece of; null for special tokens. A piece that begins with a space begins a word. */
  words: (number | null)[];
  /** The same as the tokenizer's own steps cut a text: all of it may be one. */
  wordIds: (number | null)[];
  /** Where a token stands in its text, [start, end) in UTF-16 units, as the Rust library says it; null where it stands for nothing: special tokens, an added space. */
  offsets: ([number, number] | null)[];
  /** With `overflow: true`: what was cut off, in parts as long. */
  overflow?: Encoding[];
}

/** A text, or two as one. */
export type TextInput = string | readonly [text: string, pair: string];

/** As Transformers' call of a tokenizer. */
export interface EncodeOptions {
  /** What the tokenizer puts around a text, as [CLS] and [SEP]. Default true. */
  addSpecialTokens?: boolean | undefined;
  /** true: as long as the longest text, or as the tokenizer's file says; 'max_length': as maxLength says. Default false. */
  padding?: boolean | 'longest' | 'max_length' | undefined;
  /** true: as the tokenizer's file says, else 'longest_first'. Default false: a text is never cut unasked. */
  truncation?: boolean | 'longest_first' | 'only_first' | 'only_second' | undefined;
  /** Most tokens, those around the text included. Default: what the tokenizer's files say. */
  maxLength?: number | undefined;
  /** Tokens of a part that was cut off which the part before it has, too. Default 0. */
  stride?: number | undefined;
  truncationSide?: 'left' | 'right' | undefined;
  paddingSide?: 'left' | 'right' | undefined;
  padToMultipleOf?: number | undefined;
  /** What was cut off is in `overflow`. As in the Rust library, that is what it had looked up when it knew to cut. */
  overflow?: boolean | undefined;
}

/** Text to ids and back, as the checkpoint's tokenizer.json says, or the files that stand for one. */
export interface Tokenizer {
  /** One text, or a pair of texts for a model with token types. */
  encode(text: string, pair?: string | EncodeOptions, options?: EncodeOptions): Encoding;
  /** Many, each a text or a pair. */
  encode(texts: readonly TextInput[], options?: EncodeOptions): Encoding[];
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  readonly vocabSize: number;
  readonly maskTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  readonly clsTokenId: number | undefined;
  readonly sepTokenId: number | undefined;
  /** The ids of all tokens marked special. */
  readonly specialTokenIds: readonly number[];
  /** What a text to translate may begin with, as >>fr<<: of a Marian that writes several languages; empty for others. */
  readonly languageCodes: readonly string[];
}

export interface Progress {
  file: string;
  loaded: number; // bytes
  total: number | undefined; // bytes, where the server says
}

/** Where a hub id 'org/name' is looked up. With any of these an id means a hub, else a folder of that name comes first. */
export interface HubOptions {
  /** A branch, tag or commit. Default 'main'. */
  revision?: string | undefined;
  /** The hub's address. Default 'https://huggingface.co'. */
  hub?: string | URL | undefined;
  /** Of an account that may read the repository. Sent to the hub, kept nowhere. */
  token?: string | undefined;
  /** Node only: where downloads are kept. Default $XDG_CACHE_HOME/attention-lab/hub, or the same below ~/.cache. */
  cacheDir?: string | undefined;
}

/** What is kept of a repository's revision. */
export interface CachedModel {
  hub: string;
  repo: string;
  revision: string;
  bytes: number;
  /** Whether no file of it was left off in the middle. */
  complete: boolean;
}

export interface CacheOptions {
  /** Node only, as of HubOptions. */
  cacheDir?: string | undefined;
}

export interface ClearCacheOptions extends CacheOptions {
  /** Only this repository. */
  repo?: string | undefined;
}

export interface LoadOptions extends HubOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A folder URL, a hub id 'org/name', or (in Node) a path in Hugging Face's layout, or the folder's files: as File objects, or name → bytes. */
export type ModelSource =
  string | URL | readonly File[] | FileList | ReadonlyMap<string, Uint8Array>;

export interface SaveOptions {
  /** Of the weights in model.safetensors. Default f32, exact; f16 halves the file. */
  dtype?: 'f32' | 'f16';
}

export interface RuntimeOptions {
  variant?: 'auto' | VariantName;
  /** Where the wasm comes from, instead of the file beside the package. */
  wasm?: string | URL | Response | ArrayBuffer | Uint8Array | WebAssembly.Module | undefined;
  signal?: AbortSignal | undefined;
}

export interface WorkerRuntimeOptions extends RuntimeOptions {
  /** In a browser: a worker that runs the package's `worker-entry.js`, or a function that starts one, instead of our own. */
  worker?: Worker | (() => Worker) | undefined;
}

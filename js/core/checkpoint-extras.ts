// Checkpoint extras: what a checkpoint holds in addition to its weights.
import type { AttentionLabError } from './errors.js';
import type { Tokenizer } from './text-types.js';

export interface CheckpointExtras {
  /** What of the checkpoint is not used, a sentence each. */
  warnings?: readonly string[] | undefined;
  tokenizer?: Tokenizer | undefined;
  /** Of what the model writes, where that is not what it reads (Marian). */
  targetTokenizer?: Tokenizer | undefined;
  /** Why there is no tokenizer, where the checkpoint has one that cannot be read. */
  tokenizerProblem?: AttentionLabError | undefined;
  generation?: GenerationDefaults | undefined;
  /** The names of a classifier's classes. */
  labels?: readonly string[] | undefined;
  /** preprocessor_config.json */
  preprocessor?: Readonly<Record<string, unknown>> | undefined;
  sentences?: SentenceSettings | undefined;
}

/** What a checkpoint says about generated tokens: where they begin and end, which never come and which must. */
export interface GenerationDefaults {
  /** Ids that end a text. */
  stopTokens: readonly number[];
  /** What the decoder of an encoder–decoder begins with. */
  decoderStartTokenId?: number | undefined;
  /** Sequences that never come; one that is a stop token alone does not count. */
  badWords?: readonly (readonly number[])[];
  /** The token after the first one. */
  forcedFirst?: number | undefined;
  /** The last token that there is room for. */
  forcedLast?: number | undefined;
  /** 1: none. */
  repetitionPenalty?: number | undefined;
  /** 0: none. */
  noRepeatNgramSize?: number | undefined;
  /** Fewest tokens, the prompt included. */
  minLength?: number | undefined;
  /** Fewest tokens after the prompt. */
  minNewTokens?: number | undefined;
  /** What the checkpoint asks for beyond these: tokens would be others than Transformers'. */
  unsupported?: string | undefined;
}

/** How the vectors of a text's tokens become one. */
export const poolings = [
  'cls',
  'mean',
  'max',
  'mean_sqrt_len_tokens',
  'weightedmean',
  'lasttoken',
] as const;

/** What a folder of sentence-transformers says about vectors of texts. */
export interface SentenceSettings {
  pooling: (typeof poolings)[number];
  /** Divided by its norm. */
  normalise: boolean;
  /** Most tokens of a text, those that the tokenizer adds included: the rest is cut off. */
  longest?: number;
  lowerCase?: boolean;
  /** Stands before every text. */
  prompt?: string;
  /** What it asks for beyond these: vectors would be others than sentence-transformers'. */
  unsupported?: string;
}

// What generation takes and gives. No code.
import type { Global } from '../core/global.js';
import type { TokenIds } from '../core/tensor.js';

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
  signal?: Global<'AbortSignal'> | undefined;
}

/** What `stream` gives: a new token's id, and the text that it adds. */
export interface NewToken {
  token: number;
  text: string;
}

export interface GenerateResult {
  /** The prompt and its continuation, a stop token included; of an encoder–decoder, the decoder's alone. */
  ids: number[];
  /** The same as text, without special tokens; left out where the model has no tokenizer. */
  text?: string;
  /** Why it ended. max_len: the model has read as many tokens as it has positions. */
  finish: 'stop_token' | 'max_new_tokens' | 'max_len';
}

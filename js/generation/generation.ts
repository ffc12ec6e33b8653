// Continues one sequence token by token: checks the options, drives the native generation and streams its text.
import { callNow } from '../core/callbacks.js';
import { longestSequence } from '../core/config.js';
import { callNative, checkAborted, fail } from '../core/errors.js';
import type { Handles } from '../core/handles.js';
import { readIds, readLike } from '../core/inputs.js';
import type { NativeModel, NativeModule } from '../core/native.js';
import { TokenRules } from './token-rules.js';
import type { GenerationDefaults } from '../core/checkpoint-extras.js';
import type { CompleteModelConfig, CompleteStackConfig } from '../core/config-types.js';
import type { TokenIds } from '../core/tensor.js';
import type { Tokenizer } from '../core/text-types.js';
import type { GenerateOptions, GenerateResult } from './types.js';
import {
  checkArray,
  checkCallback,
  checkFinite,
  checkInteger,
  checkKeys,
  checkPositive,
  checkSeed,
  checkSignal,
} from '../core/validation.js';

export const generateKeys: ReadonlySet<string> = new Set<keyof GenerateOptions>([
  'maxNewTokens',
  'temperature',
  'topK',
  'topP',
  'repetitionPenalty',
  'noRepeatNgramSize',
  'minNewTokens',
  'seed',
  'stopTokens',
  'attentionMask',
  'decoderInputIds',
  'onToken',
  'signal',
]);

/** What a generation needs of its model. */
export interface Generating {
  module: NativeModule;
  native(): NativeModel;
  handles: Handles;
  config: CompleteModelConfig;
  tokenizer: Tokenizer | undefined;
  defaults: GenerationDefaults;
}

/** Yields after every token but the last, so that the caller decides what happens between two; returns the result. */
export function* generate(
  model: Generating,
  inputIds: TokenIds,
  given: GenerateOptions | undefined,
): Generator<undefined, GenerateResult, void> {
  const { module, handles, config, tokenizer, defaults } = model;
  const options = checkOptions(given, model);
  const { maxNewTokens, stops, onToken, signal, sampling } = options;
  checkAborted(signal, 'generate');
  const { prompt, source } = checkPrompt(inputIds, options, model);
  const ids = Array.from(prompt);
  const text = new TextStream(tokenizer, ids);
  const capacity = ids.length + maxNewTokens;
  const generation = handles.adopt(
    ids,
    callNative(() => module.createGeneration(model.native(), { capacity, source, ...sampling })),
    'Generation',
  );
  const rules = new TokenRules(defaults, stops, capacity, ids.length, options);
  try {
    let unread = prompt;
    for (;;) {
      const forced = rules.forced(ids);
      const suppressed = Int32Array.from(rules.suppressed(ids)).filter(
        (other) => other >= 0 && other < config.vocabSize,
      );
      const id = forced ?? callNative(() => generation.native.next(unread, suppressed)).id;
      ids.push(id);
      const finish = finishOf(
        id,
        stops,
        ids.length === capacity,
        ids.length > longestSequence(config),
      );
      const piece = text.next(finish !== undefined);
      if (onToken) callNow('onToken', onToken, id, piece);
      if (finish) return { ids, ...text.whole(), finish };
      unread = forced === undefined ? Int32Array.of(id) : Int32Array.of(...unread, id);
      yield;
      checkAborted(signal, 'generate');
    }
  } finally {
    generation.dispose();
  }
}

function finishOf(
  id: number,
  stops: ReadonlySet<number>,
  enough: boolean,
  full: boolean,
): GenerateResult['finish'] | undefined {
  if (stops.has(id)) return 'stop_token';
  if (enough) return 'max_new_tokens';
  return full ? 'max_len' : undefined;
}

function checkOptions(given: GenerateOptions | undefined, { config, defaults }: Generating) {
  const options = checkKeys('options', given, generateKeys);
  const { onToken, signal, temperature = 0, topP = 1 } = options;
  if (checkFinite('temperature', temperature) < 0)
    fail('invalid_argument', `temperature: expected at least 0, got ${temperature}`);
  if (!(checkFinite('topP', topP) > 0 && topP <= 1))
    fail('invalid_argument', `topP: expected a number above 0, at most 1, got ${topP}`);
  return {
    maxNewTokens: checkInteger('maxNewTokens', options.maxNewTokens ?? 20, 1, 1 << 24),
    sampling: {
      temperature,
      topK: checkInteger('topK', options.topK ?? 0, 0, 1 << 24),
      topP,
      repetitionPenalty: checkPositive(
        'repetitionPenalty',
        options.repetitionPenalty ?? defaults.repetitionPenalty ?? 1,
      ),
      seed: checkSeed('seed', options.seed ?? 0),
    },
    noRepeatNgramSize: checkInteger(
      'noRepeatNgramSize',
      options.noRepeatNgramSize ?? defaults.noRepeatNgramSize ?? 0,
      0,
      1 << 24,
    ),
    minNewTokens:
      options.minNewTokens === undefined
        ? undefined
        : checkInteger('minNewTokens', options.minNewTokens, 0, 1 << 24),
    stops: new Set(
      options.stopTokens === undefined
        ? defaults.stopTokens
        : checkStops(options.stopTokens, config.vocabSize),
    ),
    onToken: checkCallback('onToken', onToken),
    signal: checkSignal('signal', signal),
    ...(options.attentionMask && { attentionMask: options.attentionMask }),
    ...(options.decoderInputIds && { decoderInputIds: options.decoderInputIds }),
  };
}

function checkStops(given: readonly number[], vocabSize: number): readonly number[] {
  return checkArray('stopTokens', given, 'an array of ids').map((id, index) =>
    checkInteger(`stopTokens[${index}]`, id, 0, vocabSize - 1),
  );
}

/** What the decoder begins with, and what the encoder reads where there is one. */
function checkPrompt(
  inputIds: TokenIds,
  given: Pick<GenerateOptions, 'attentionMask' | 'decoderInputIds'>,
  { config, defaults }: Generating,
) {
  if (!config.attention.causal || !config.lmHead) {
    fail(
      'invalid_argument',
      'generate: expected a causal model with a language-model head (GPT-2, Llama, Marian), got another',
    );
  }
  if (defaults.unsupported) fail('unsupported_checkpoint', `generate: ${defaults.unsupported}`);
  const { encoder } = config;
  const { attentionMask, decoderInputIds } = given;
  if (encoder === null) {
    const misplaced = attentionMask === undefined ? 'decoderInputIds' : 'attentionMask';
    if (given[misplaced] !== undefined)
      fail('invalid_argument', `${misplaced}: expected a model with an encoder and a decoder`);
    return { prompt: checkSequence('inputIds', 'a prompt', inputIds, config), source: null };
  }
  const ids = checkSequence('inputIds', 'a text', inputIds, encoder);
  const start =
    decoderInputIds ??
    (defaults.decoderStartTokenId === undefined ? undefined : [defaults.decoderStartTokenId]);
  if (start === undefined) {
    fail(
      'invalid_argument',
      'decoderInputIds: expected what the decoder begins with, since this model has no start token; got none',
    );
  }
  const mask =
    attentionMask === undefined
      ? []
      : readLike('attentionMask', attentionMask, 2, { batch: 1, length: ids.length });
  return {
    prompt: checkSequence('decoderInputIds', 'a prompt', start, config),
    source: { inputIds: ids, attentionMask: Uint8Array.from(mask) },
  };
}

/** One sequence of at least one token that the stack can read. */
function checkSequence(
  name: string,
  what: 'a prompt' | 'a text',
  given: TokenIds,
  stack: CompleteStackConfig,
): Int32Array {
  const { ids, batch, length } = readIds(name, given, stack.vocabSize);
  if (batch !== 1)
    fail(
      'invalid_argument',
      `${name}: expected one sequence to ${what === 'a text' ? 'read' : 'continue'}, got ${batch}`,
    );
  if (length < 1)
    fail('invalid_argument', `${name}: expected ${what} of at least one token, got none`);
  if (length > longestSequence(stack)) {
    fail(
      'invalid_argument',
      `${name}: expected ${what} of at most maxLen ${stack.maxLen} tokens, got ${length}`,
    );
  }
  return ids;
}

/** The text of growing ids, in pieces: a piece waits until its characters are complete. */
class TextStream {
  #told: string;

  constructor(
    private readonly tokenizer: Tokenizer | undefined,
    private readonly ids: readonly number[],
  ) {
    this.#told = this.#text().replace(/\uFFFD+$/, '');
  }

  #text(): string {
    return this.tokenizer?.decode(this.ids, { skipSpecialTokens: true }) ?? '';
  }

  /** What the ids say beyond the pieces so far. */
  next(last: boolean): string {
    const text = this.#text();
    if (text.endsWith('\uFFFD') && !last) return '';
    let same = 0;
    while (same < this.#told.length && text[same] === this.#told[same]) ++same;
    this.#told = text;
    return text.slice(same);
  }

  whole(): { text?: string } {
    return this.tokenizer ? { text: this.#told } : {};
  }
}

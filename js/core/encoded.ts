// What a model may be given besides ForwardInputs: texts and encodings. Makes inputs of them; nothing that the tokenizer said is lost.
import { fail } from './errors.js';
import type { CompleteModelConfig } from './config-types.js';
import type { ForwardInputs } from './forward-types.js';
import { isArray, reading } from './plain.js';
import type { EncodeOptions, Encoding, TextInput } from './text-types.js';

/** A text, texts (each may be a pair), an encoding, encodings of equal length, or the inputs themselves. */
export type ModelInput =
  string | readonly TextInput[] | Encoding | readonly Encoding[] | ForwardInputs;

/** `encode`: of the model's tokenizer, which may not be there. Texts of unequal length are padded. */
export function inputsOf(
  given: ModelInput,
  config: CompleteModelConfig,
  encode: (texts: readonly TextInput[], options: EncodeOptions) => Encoding[],
): ForwardInputs {
  if (typeof given === 'string') return ofEncodings(encode([given], {}), config);
  if (isEncoding(given)) return ofEncodings([given], config);
  if (!isArray(given)) return given as ForwardInputs;
  if (isEncoding(given[0]) && given.every(isEncoding)) return ofEncodings(given, config);
  if (
    given.length === 0 ||
    typeof given[0] === 'number' ||
    (isArray(given[0]) && typeof given[0][0] !== 'string')
  )
    fail(
      'invalid_argument',
      'inputs: expected a text, texts, an encoding, encodings or an object; pass ids as { inputIds }',
    );
  return ofEncodings(encode(given as readonly TextInput[], { padding: given.length > 1 }), config);
}

function isEncoding(value: unknown): value is Encoding {
  return (
    typeof value === 'object' &&
    value !== null &&
    reading('inputs', () => 'ids' in value && 'attentionMask' in value)
  );
}

function ofEncodings(all: readonly Encoding[], config: CompleteModelConfig): ForwardInputs {
  const { typeVocabSize } = config.encoder ?? config;
  return {
    inputIds: all.map(({ ids }) => ids),
    ...(all.some(({ attentionMask }) => attentionMask.includes(0)) && {
      attentionMask: all.map(({ attentionMask }) => attentionMask),
    }),
    ...(typeVocabSize > 0 && { tokenTypeIds: all.map(({ tokenTypeIds }) => tokenTypeIds) }),
  };
}

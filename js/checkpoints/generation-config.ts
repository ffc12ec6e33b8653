// What a checkpoint says about generated tokens, in generation_config.json or, as older ones do, in config.json.
import type { GenerationDefaults } from '../token-rules.js';
import { ConfigReader } from './config-reader.js';

type Json = Readonly<Record<string, unknown>>;

/** Of each field, generation_config.json's value, or else config.json's. */
export function generationDefaults(config: Json, generation: Json): GenerationDefaults {
  const [first, second] = readersOf(config, generation);
  const either = <T>(field: string, read: (reader: ConfigReader) => T): T => {
    const [preferred, other] = [read(first), read(second)]; // both, so that neither may be malformed
    return first.has(field) ? preferred : other;
  };
  const ids = (field: string): number[] => either(field, (reader) => reader.ids(field));
  return {
    stopTokens: ids('eos_token_id'),
    decoderStartTokenId: ids('decoder_start_token_id')[0],
    badWords: either('bad_words_ids', (reader) => reader.idSequences('bad_words_ids')),
    forcedFirst: ids('forced_bos_token_id')[0],
    forcedLast: ids('forced_eos_token_id').sort((a, b) => a - b)[0], // transformers: the first of the largest
  };
}

function readersOf(config: Json, generation: Json): [ConfigReader, ConfigReader] {
  return [new ConfigReader(generation, '', 'generation_config.json'), new ConfigReader(config)];
}

/** Fields by which Transformers changes the logits, with the values that leave them alone. */
const neutral: Readonly<Record<string, unknown>> = {
  repetition_penalty: 1,
  encoder_repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  encoder_no_repeat_ngram_size: 0,
  min_length: 0,
  min_new_tokens: 0,
  guidance_scale: 1,
};
const without = ['sequence_bias', 'exponential_decay_length_penalty', 'suppress_tokens', 'begin_suppress_tokens', 'force_words_ids'];

/** Refuses what would give other tokens in Transformers than here. */
export function refuseOtherLogits(config: Json, generation: Json): void {
  for (const reader of readersOf(config, generation)) {
    for (const [field, value] of Object.entries(neutral)) reader.refuseUnless(field, value as number);
    for (const field of without) reader.refuseIfGiven(field);
  }
}

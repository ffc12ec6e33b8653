// What a checkpoint says about generated tokens, in generation_config.json or, as older ones do, in config.json.
import { AttentionLabError } from '../core/errors.js';
import type { GenerationDefaults } from '../core/checkpoint-extras.js';
import { ConfigReader } from '../core/config-reader.js';

type Json = Readonly<Record<string, unknown>>;

/** generation_config.json's settings or, without that file, config.json's: as in Transformers, never a mix of the two. */
export function generationDefaults(config: Json, generation: Json | undefined): GenerationDefaults {
  const readers = readersOf(config, generation);
  const all = readers.map((reader) => ({
    stopTokens: reader.ids('eos_token_id'),
    decoderStartTokenId: reader.ids('decoder_start_token_id')[0],
    badWords: reader.idSequences('bad_words_ids'),
    forcedFirst: reader.ids('forced_bos_token_id')[0],
    repetitionPenalty: reader.positiveIfGiven('repetition_penalty'),
    noRepeatNgramSize: reader.size('no_repeat_ngram_size', 0, undefined, 0),
    minLength: reader.size('min_length', 0, undefined, 0),
    minNewTokens: reader.size('min_new_tokens', 0, undefined, 0),
    forcedLast: reader.ids('forced_eos_token_id').sort((a, b) => a - b)[0], // transformers: the first of the largest
  }));
  const [counts, other] = all; // both are read, so that neither may be malformed
  const decoderStartTokenId = counts!.decoderStartTokenId ?? other?.decoderStartTokenId; // without a start nothing can be generated
  return { ...counts!, decoderStartTokenId, unsupported: unsupported(readers[0]!) };
}

/** The first counts. */
function readersOf(config: Json, generation: Json | undefined): ConfigReader[] {
  const own = new ConfigReader(config);
  return generation ? [new ConfigReader(generation, '', 'generation_config.json'), own] : [own];
}

/** Fields by which Transformers chooses other tokens, with the values that change nothing. */
const neutral: Readonly<Record<string, boolean | number>> = {
  encoder_repetition_penalty: 1,
  encoder_no_repeat_ngram_size: 0,
  guidance_scale: 1,
  token_healing: false,
};
const without = [
  'sequence_bias',
  'exponential_decay_length_penalty',
  'suppress_tokens',
  'begin_suppress_tokens',
  'force_words_ids',
  'forced_decoder_ids',
  'watermarking_config',
  'penalty_alpha',
  'dola_layers',
  'stop_strings',
];

/** Why Transformers' generate would give other tokens than ours; a pass over given tokens is none the worse for it. */
function unsupported(reader: ConfigReader): string | undefined {
  try {
    for (const [field, value] of Object.entries(neutral)) reader.refuseUnless(field, value);
    for (const field of without) reader.refuseIfGiven(field);
  } catch (error) {
    if (error instanceof AttentionLabError) return error.message;
    throw error;
  }
  return undefined;
}

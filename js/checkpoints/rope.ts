// Rotary positions as config.json has them, in Transformers' two spellings. transformers/modeling_rope_utils.
import type { CompleteModelConfig, RotaryConfig } from '../core/config-types.js';
import type { ConfigReader } from '../core/config-reader.js';

type Json = Readonly<Record<string, unknown>>;

/** What a family says of heads of which only a part is rotated. */
export interface PartialRotary {
  dHead: number;
  /** The part that is rotated, where the config does not say. */
  share: number;
  /** The family's own name of θ in older files, where `rotary_pct` is its name of the part. */
  theta: string;
}

/**
 * Transformers 5 says rope_parameters; 4 says rope_theta and, where positions are scaled, rope_scaling, which counts where both are
 * there. transformers/modeling_rope_utils: convert_rope_params_to_dict, standardize_rope_params.
 */
export function readRotary(
  config: ConfigReader,
  maxLen: number,
  partial?: PartialRotary,
): RotaryConfig {
  const scaling = config.section('rope_scaling');
  const rope = scaling && scaling.names().length > 0 ? scaling : config.section('rope_parameters');
  const older = config.positive(partial?.theta ?? 'rope_theta', 10000);
  const theta = rope?.positiveIfGiven('rope_theta') ?? older;
  const common = { theta, ...(partial && { dRotary: rotatedPart(config, rope, partial) }) };
  if (!partial) {
    config.refuseUnless('partial_rotary_factor', 1);
    rope?.refuseUnless('partial_rotary_factor', 1);
  }
  if (!rope) return common;
  const trained = 'original_max_position_embeddings';
  const types = { default: 'default', linear: 'linear', llama3: 'llama3' } as const;
  switch (rope.choice(rope.has('rope_type') ? 'rope_type' : 'type', types, 'default')) {
    case 'default':
      return common;
    case 'linear':
      return { ...common, linearFactor: rope.positive('factor') };
    case 'llama3':
      return {
        ...common,
        llama3Factor: rope.positive('factor'),
        lowFrequency: rope.positive('low_freq_factor'),
        highFrequency: rope.positive('high_freq_factor'),
        originalMaxLen: config.positiveIfGiven(trained) ?? rope.positive(trained, maxLen),
      };
  }
}

/** How many numbers of a head are rotated; 0: all. */
function rotatedPart(
  config: ConfigReader,
  rope: ConfigReader | undefined,
  { dHead, share }: PartialRotary,
): number {
  const field = 'partial_rotary_factor';
  const part = rope?.positiveIfGiven(field) ?? config.positive('rotary_pct', share);
  const width = Math.trunc(dHead * part);
  if (width < 2 || width > dHead || width % 2 !== 0)
    config.refuse('rotary_pct', `a part of ${dHead} that is an even number of at least 2`, part);
  return width === dHead ? 0 : width;
}

/** In both spellings: Transformers 5's and 4's. `partial`: of a family in which a part of a head may be rotated. */
export function ropeFields({ rotary, attention }: CompleteModelConfig, partial = false): Json {
  const scaling =
    rotary.linearFactor !== 1
      ? { rope_type: 'linear', factor: rotary.linearFactor }
      : rotary.llama3Factor !== 1
        ? {
            rope_type: 'llama3',
            factor: rotary.llama3Factor,
            low_freq_factor: rotary.lowFrequency,
            high_freq_factor: rotary.highFrequency,
            original_max_position_embeddings: rotary.originalMaxLen,
          }
        : undefined;
  const share = rotary.dRotary === 0 ? 1 : rotary.dRotary / attention.dHead;
  const part = partial && { partial_rotary_factor: share };
  return {
    rope_theta: rotary.theta,
    ...(partial && { rotary_emb_base: rotary.theta, rotary_pct: share }),
    ...(scaling && { rope_scaling: { ...scaling, ...part } }),
    rope_parameters: {
      rope_theta: rotary.theta,
      ...(scaling ?? { rope_type: 'default' }),
      ...part,
    },
  };
}

// Models of createModel that no family of Transformers can express: our own config within config.json, our own names.
import { completeModelConfig } from '../core/config.js';
import { AttentionLabError, fail } from '../core/errors.js';
import type {
  CompleteModelConfig,
  CompleteStackConfig,
  ModelConfig,
} from '../core/config-types.js';
import type { Family } from './family.js';
import { generationDefaults } from './generation-config.js';

export const attentionLab: Family = {
  modelType: 'attention_lab',
  generates: true,
  architectures: ['AttentionLabModel'],

  read({ config }, _, __, generation) {
    try {
      const model = completeModelConfig(withInfinity(config) as ModelConfig);
      return {
        config: model,
        rules: undefined,
        ignored: [],
        generation: generationDefaults({}, generation),
      };
    } catch (error) {
      // What a caller may not pass, a file may not hold.
      if (error instanceof AttentionLabError)
        fail('bad_checkpoint', `config.json: ${error.message}`, error);
      throw error;
    }
  },

  write(config) {
    return {
      model_type: 'attention_lab',
      architectures: ['AttentionLabModel'],
      config: withoutDefaults(asGiven(config), (given) => means(given, config)),
    };
  },
};

/** JSON writes the Infinity of a layer without a window as null. */
function withInfinity(config: unknown): unknown {
  return JSON.parse(JSON.stringify(config ?? null), (key, value: unknown) =>
    key === 'window' && Array.isArray(value)
      ? value.map((window: unknown) => window ?? Infinity)
      : value,
  );
}

type Given = Readonly<Record<string, unknown>>;

/** Omits fields that have their default, so that files stay the same when configs get a new field. */
function withoutDefaults(given: Given, isSame: (given: Given) => boolean): Given {
  return Object.entries(given).reduce((kept, [key, value]) => {
    const { [key]: _, ...rest } = kept;
    if (isSame(rest)) return rest;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return kept;
    return {
      ...kept,
      [key]: withoutDefaults(value as Given, (inner) => isSame({ ...kept, [key]: inner })),
    };
  }, given);
}

/** Whether what is given completes to the config. */
function means(given: Given, config: CompleteModelConfig): boolean {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, item: unknown) => (item === Infinity ? '∞' : item));
  try {
    return text(completeModelConfig(given as unknown as ModelConfig)) === text(config);
  } catch (error) {
    if (error instanceof AttentionLabError) return false; // it cannot be left out
    throw error;
  }
}

/** The inverse of `completeModelConfig`: what stands for "none" is left out, as JSON and a caller leave it out. */
function asGiven({ encoder, ...config }: CompleteModelConfig): Given {
  if (encoder === null) return stackAsGiven(config);
  const { dModel: _, ...given } = stackAsGiven(encoder);
  return { ...stackAsGiven(config), encoder: given };
}

function stackAsGiven<Stack extends CompleteStackConfig>(config: Stack) {
  const { padTokenId, image, attention, ...rest } = config;
  const { dModel: _, maskedValue, window, ...layer } = attention;
  return {
    ...rest,
    ...(padTokenId >= 0 && { padTokenId }),
    ...(image && { image }),
    attention: {
      ...layer,
      ...(Number.isFinite(maskedValue) && { maskedValue }),
      ...(window !== Infinity && { window }),
    },
  };
}

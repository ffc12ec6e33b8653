// Mistral as Transformers saves it: Llama with a sliding window.
// Jiang et al. 2023, arXiv:2310.06825; transformers/models/mistral.
import { ConfigReader } from '../core/config-reader.js';
import type { Family } from './family.js';
import { llamaFields, readLlama } from './llama.js';

/** Fields whose default is not Llama's. */
const defaults = {
  intermediate_size: 14336,
  num_key_value_heads: 8,
  max_position_embeddings: 4096 * 32,
  eos_token_id: 2,
};

export const mistral: Family = {
  modelType: 'mistral',
  body: 'MistralModel',
  tokenizerClass: 'LlamaTokenizer',
  generates: true,
  architectures: ['MistralForCausalLM', 'MistralModel'],

  read(json, architecture, has, generation) {
    const config = new ConfigReader(json);
    // null: none. Transformers counts the query's own key, too.
    const window =
      json['sliding_window'] === null ? Infinity : config.size('sliding_window', 4096) - 1;
    return readLlama({ ...defaults, ...json }, architecture, has, generation, {
      body: 'MistralModel',
      bias: false,
      outBias: false,
      mlpBias: false,
      attention: { window },
    });
  },

  write: (config) => {
    const { window } = config.attention;
    return {
      ...llamaFields(config),
      model_type: 'mistral',
      architectures: [config.lmHead ? 'MistralForCausalLM' : 'MistralModel'],
      sliding_window: typeof window === 'number' && window < Infinity ? window + 1 : null,
    };
  },
};

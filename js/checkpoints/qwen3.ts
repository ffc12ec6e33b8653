// Qwen3 as Transformers saves it: Llama with norms of q and k.
// Yang et al. 2025, arXiv:2505.09388; transformers/models/qwen3.
import { ConfigReader } from '../core/config-reader.js';
import type { Family } from './family.js';
import { llamaFields, readLlama } from './llama.js';

/** Fields whose default is not Llama's. */
const defaults = {
  vocab_size: 151936,
  intermediate_size: 22016,
  num_key_value_heads: 32,
  head_dim: 128,
  max_position_embeddings: 32768,
};

export const qwen3: Family = {
  modelType: 'qwen3',
  body: 'Qwen3Model',
  tokenizerClass: 'Qwen2Tokenizer',
  generates: true,
  architectures: ['Qwen3ForCausalLM', 'Qwen3Model'],

  read(json, architecture, has, generation) {
    const config = new ConfigReader(json);
    config.refuseUnless('use_sliding_window', false);
    const { layer_types: layers } = json;
    if (Array.isArray(layers) && layers.some((type) => type !== 'full_attention'))
      config.refuse('layer_types', 'full_attention alone', layers);
    const bias = config.boolean('attention_bias', false);
    return readLlama({ ...defaults, ...json }, architecture, has, generation, {
      body: 'Qwen3Model',
      bias,
      outBias: bias,
      mlpBias: false,
      attention: { qkNorm: true },
    });
  },

  write: (config) => ({
    ...llamaFields(config),
    model_type: 'qwen3',
    architectures: [config.lmHead ? 'Qwen3ForCausalLM' : 'Qwen3Model'],
    attention_bias: config.attention.bias,
    use_sliding_window: false,
  }),
};

// Qwen2 as Transformers saves it: Llama with biases on q, k and v alone.
// Yang et al. 2024, arXiv:2407.10671; transformers/models/qwen2.
import { ConfigReader } from '../core/config-reader.js';
import type { Family } from './family.js';
import { llamaFields, readLlama } from './llama.js';

/** Fields whose default is not Llama's. */
const defaults = {
  vocab_size: 151936,
  intermediate_size: 22016,
  num_key_value_heads: 32,
  max_position_embeddings: 32768,
};

export const qwen2: Family = {
  modelType: 'qwen2',
  body: 'Qwen2Model',
  generates: true,
  architectures: ['Qwen2ForCausalLM', 'Qwen2Model'],

  read(json, architecture, has, generation) {
    const config = new ConfigReader(json);
    config.refuseUnless('use_sliding_window', false);
    const { layer_types: layers } = json;
    if (Array.isArray(layers) && layers.some((type) => type !== 'full_attention'))
      config.refuse('layer_types', 'full_attention alone', layers);
    const kind = { body: 'Qwen2Model', bias: true, outBias: false, mlpBias: false };
    return readLlama({ ...defaults, ...json }, architecture, has, generation, kind);
  },

  write: (config) => ({
    ...llamaFields(config),
    model_type: 'qwen2',
    architectures: [config.lmHead ? 'Qwen2ForCausalLM' : 'Qwen2Model'],
    use_sliding_window: false,
  }),
};

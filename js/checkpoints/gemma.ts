// Gemma as Transformers saves it: Llama with scaled embeddings, GeGLU, and norms whose weight is what a gain has above 1.
// Gemma Team 2024, arXiv:2403.08295; transformers/models/gemma.
import { ConfigReader } from '../core/config-reader.js';
import type { Family } from './family.js';
import { llamaFields, readLlama } from './llama.js';

/** Fields whose default is not Llama's. */
const defaults = {
  vocab_size: 256000,
  hidden_size: 3072,
  intermediate_size: 24576,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  num_key_value_heads: 16,
  head_dim: 256,
  hidden_act: 'gelu_pytorch_tanh',
  max_position_embeddings: 8192,
  tie_word_embeddings: true,
  eos_token_id: 1,
};

export const gemma: Family = {
  modelType: 'gemma',
  body: 'GemmaModel',
  tokenizerClass: 'GemmaTokenizer',
  generates: true,
  architectures: ['GemmaForCausalLM', 'GemmaModel'],

  read(json, architecture, has, generation) {
    const config = new ConfigReader(json);
    config.refuseUnless('use_bidirectional_attention', false);
    const bias = config.boolean('attention_bias', false);
    // Older files name the activation that counts in a field of its own.
    const { hidden_activation: activation } = json;
    const fields = { ...defaults, ...json, ...(activation ? { hidden_act: activation } : {}) };
    return readLlama(fields, architecture, has, generation, {
      body: 'GemmaModel',
      bias,
      outBias: bias,
      mlpBias: false,
      scalesEmbeddings: true,
      gainsAboveOne: true,
    });
  },

  write: (config) => ({
    ...llamaFields(config),
    model_type: 'gemma',
    architectures: [config.lmHead ? 'GemmaForCausalLM' : 'GemmaModel'],
    attention_bias: config.attention.bias,
  }),
};

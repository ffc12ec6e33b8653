// GPT-2 as Transformers saves it: which config fields and tensor names mean which of ours.
// Radford et al. 2019, "Language models are unsupervised multitask learners"; transformers/models/gpt2.
import type { CompleteModelConfig } from '../core/config-types.js';
import { completeModelConfig } from '../core/config.js';
import { activationName, activations, ConfigReader, mostLayers } from '../core/config-reader.js';
import type { Family, TensorRule } from './family.js';
import { generationDefaults } from './generation-config.js';
import { bodyPrefix, Rules } from './rules.js';

export const gpt2: Family = {
  modelType: 'gpt2',
  tokenizerClass: 'GPT2Tokenizer',
  generates: true,
  aliases: {
    hidden_size: 'n_embd',
    max_position_embeddings: 'n_positions',
    num_attention_heads: 'n_head',
    num_hidden_layers: 'n_layer',
  },
  architectures: ['GPT2LMHeadModel', 'GPT2Model'],
  body: 'GPT2Model',

  read(json, architecture, has, generation) {
    const config = new ConfigReader(json);
    config.refuseUnless('scale_attn_by_inverse_layer_idx', false);
    config.refuseUnless('add_cross_attention', false);
    const dModel = config.size('n_embd', 768);
    const model = completeModelConfig({
      vocabSize: config.size('vocab_size', 50257),
      maxLen: config.size('n_positions', 1024),
      dModel,
      numLayers: config.size('n_layer', 12, mostLayers),
      dFf: config.size('n_inner', 4 * dModel),
      positions: 'learned',
      norm: 'pre',
      normEps: config.positive('layer_norm_epsilon', 1e-5),
      finalNorm: true,
      activation: config.choice('activation_function', activations, 'gelu_new'),
      attention: {
        numHeads: config.divisor('n_head', 12, 'n_embd', dModel),
        fused: true,
        causal: true,
        scaleBy: config.boolean('scale_attn_weights', true) ? 'd_head' : 'none',
      },
      lmHead: architecture !== 'GPT2Model',
      tieEmbeddings: config.boolean('tie_word_embeddings', true),
    });
    const prefix = bodyPrefix('transformer.', 'wte.weight', architecture === 'GPT2Model', has);
    return {
      config: model,
      rules: rules(model, prefix),
      ignored: ignored(model),
      generation: generationDefaults({ eos_token_id: 50256, ...json }, generation),
    };
  },

  write: (config) => ({
    model_type: 'gpt2',
    architectures: [config.lmHead ? 'GPT2LMHeadModel' : 'GPT2Model'],
    vocab_size: config.vocabSize,
    n_positions: config.maxLen,
    n_embd: config.dModel,
    n_layer: config.numLayers,
    n_inner: config.dFf,
    layer_norm_epsilon: config.normEps,
    activation_function: activationName(config.activation),
    n_head: config.attention.numHeads,
    scale_attn_weights: config.attention.scaleBy !== 'none',
    tie_word_embeddings: config.tieEmbeddings,
    bos_token_id: null,
    eos_token_id: null,
  }),
};

/** Buffers, and the head's copy of the embedding where it is tied. */
function ignored(config: CompleteModelConfig): RegExp[] {
  const buffers = /^(transformer\.)?h\.\d+\.attn\.(bias|masked_bias)$/;
  return !config.lmHead || config.tieEmbeddings ? [buffers, /^lm_head\.weight$/] : [buffers];
}

function rules(config: CompleteModelConfig, prefix: string): TensorRule[] {
  const { dModel: D, dFf: F, vocabSize: V } = config;
  const body = new Rules(prefix);
  const table = body.tensor('embed.token.weight', [V, D], 'wte.weight');
  if (config.lmHead && config.tieEmbeddings) table.theirs.push('lm_head.weight'); // save_model keeps one of tied names
  body.tensor('embed.position.weight', [config.maxLen, D], 'wpe.weight');
  for (let l = 0; l < config.numLayers; ++l) {
    const ours = `blocks.${l}`;
    const theirs = `h.${l}`;
    body.layerNorm(`${ours}.norm1`, `${theirs}.ln_1`, D);
    body.conv1d(`${ours}.attn.qkv_proj`, `${theirs}.attn.c_attn`, 3 * D, D);
    body.conv1d(`${ours}.attn.out_proj`, `${theirs}.attn.c_proj`, D, D);
    body.layerNorm(`${ours}.norm2`, `${theirs}.ln_2`, D);
    body.conv1d(`${ours}.mlp.fc1`, `${theirs}.mlp.c_fc`, F, D);
    body.conv1d(`${ours}.mlp.fc2`, `${theirs}.mlp.c_proj`, D, F);
  }
  body.layerNorm('final_norm', 'ln_f', D);
  const head = new Rules();
  if (config.lmHead && !config.tieEmbeddings) head.linear('lm_head', 'lm_head', V, D, false);
  return [...body.all, ...head.all];
}

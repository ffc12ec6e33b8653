// Marian as Transformers saves it: which config fields and tensor names mean which of ours.
// Junczys-Dowmunt et al. 2018, arXiv:1804.00344; transformers/models/marian.
import { completeModelConfig } from '../core/config.js';
import { activationName, activations, ConfigReader, mostLayers } from '../core/config-reader.js';
import type { Family } from './family.js';
import { generationDefaults } from './generation-config.js';
import { bodyPrefix } from './rules.js';
import { tiedCopies, encoderDecoderRules } from './encoder-decoder.js';

export const marian: Family = {
  modelType: 'marian',
  tokenizerClass: 'MarianTokenizer',
  generates: true,
  aliases: {
    hidden_size: 'd_model',
    num_attention_heads: 'encoder_attention_heads',
    num_hidden_layers: 'encoder_layers',
  },
  architectures: ['MarianMTModel', 'MarianModel'],
  body: 'MarianModel',

  read(json, architecture, has, generation) {
    const config = new ConfigReader(json);
    config.refuseUnless('is_encoder_decoder', true);
    config.refuseUnless('static_position_embeddings', true);
    for (const field of ['normalize_before', 'normalize_embedding', 'add_final_layer_norm'])
      config.refuseUnless(field, false);
    const prefix = bodyPrefix(
      'model.',
      'encoder.layers.0.fc1.weight',
      architecture === 'MarianModel',
      has,
    );
    const dModel = config.size('d_model', 1024);
    const tieEmbeddings = config.boolean('tie_word_embeddings', true);
    const shared = config.boolean('share_encoder_decoder_embeddings', true);
    const vocabSize = config.size('vocab_size', 58101);
    const stack = (name: 'encoder' | 'decoder') => ({
      vocabSize:
        shared || name === 'encoder' ? vocabSize : config.size('decoder_vocab_size', vocabSize),
      numLayers: config.size(`${name}_layers`, 12, mostLayers),
      dFf: config.size(`${name}_ffn_dim`, 4096),
      attention: { numHeads: config.divisor(`${name}_attention_heads`, 16, 'd_model', dModel) },
      // A file that has the table, perhaps in 16 bits, is taken at its word.
      positions: has(`${prefix}${name}.embed_positions.weight`)
        ? ('learned' as const)
        : ('sinusoidal_halves' as const),
    });
    const lmHead = architecture !== 'MarianModel';
    const model = completeModelConfig({
      ...stack('decoder'),
      encoder: stack('encoder'),
      dModel,
      maxLen: config.size('max_position_embeddings', 1024),
      embedScale: config.boolean('scale_embedding', false) ? Math.sqrt(dModel) : 1,
      activation: config.choice('activation_function', activations, 'gelu'),
      // Transformers 5 ties the tables only where it ties the head; 4 always.
      shareEmbeddings: shared && (tieEmbeddings || !has(`${prefix}encoder.embed_tokens.weight`)),
      lmHead,
      lmHeadBias: lmHead && has('final_logits_bias'),
      tieEmbeddings,
    });
    const defaults = generationDefaults(
      { decoder_start_token_id: 58100, eos_token_id: 0, forced_eos_token_id: 0, ...json },
      generation,
    );
    // A table for all that nobody shares: Transformers 5 has one where the head is untied.
    const passedThrough = model.shareEmbeddings ? [] : [/^(model\.)?shared\.weight$/];
    return {
      config: model,
      rules: encoderDecoderRules(model, prefix),
      ignored: tiedCopies(model),
      passedThrough,
      generation: defaults,
    };
  },

  write(config) {
    const encoder = config.encoder ?? config;
    return {
      model_type: 'marian',
      architectures: [config.lmHead ? 'MarianMTModel' : 'MarianModel'],
      vocab_size: encoder.vocabSize,
      decoder_vocab_size: config.vocabSize,
      d_model: config.dModel,
      max_position_embeddings: config.maxLen,
      encoder_layers: encoder.numLayers,
      encoder_ffn_dim: encoder.dFf,
      encoder_attention_heads: encoder.attention.numHeads,
      decoder_layers: config.numLayers,
      decoder_ffn_dim: config.dFf,
      decoder_attention_heads: config.attention.numHeads,
      activation_function: activationName(config.activation),
      scale_embedding: config.embedScale !== 1,
      share_encoder_decoder_embeddings: config.shareEmbeddings,
      // Transformers 5 cannot share the tables and untie the head: such a model is none of its family.
      tie_word_embeddings: config.tieEmbeddings || config.shareEmbeddings,
      pad_token_id: 0,
      eos_token_id: null,
      forced_eos_token_id: null,
      decoder_start_token_id: 0,
    };
  },
};

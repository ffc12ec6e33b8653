// DistilBERT as Transformers saves it: which config fields and tensor names mean which of ours.
// Sanh et al. 2019, arXiv:1910.01108; transformers/models/distilbert.
import type { CompleteModelConfig } from '../core/config-types.js';
import { completeModelConfig } from '../core/config.js';
import { maskedLmOutput } from './bert.js';
import { activationName, activations, ConfigReader, mostLayers } from '../core/config-reader.js';
import type { Family, TensorRule } from './family.js';
import { bodyPrefix, Rules } from './rules.js';
import {
  addTaskRules,
  readTask,
  taskArchitectures,
  taskFields,
  unusedByTasks,
} from './task-heads.js';

export const distilbert: Family = {
  modelType: 'distilbert',
  tokenizerClass: 'DistilBertTokenizer',
  aliases: { hidden_size: 'dim', num_attention_heads: 'n_heads', num_hidden_layers: 'n_layers' },
  architectures: ['DistilBertModel', 'DistilBertForMaskedLM', ...taskArchitectures('DistilBert')],
  body: 'DistilBertModel',

  read(json, architecture, has) {
    const config = new ConfigReader(json);
    const dModel = config.size('dim', 768);
    const task = readTask(config, 'DistilBert', architecture);
    const model = completeModelConfig({
      vocabSize: config.size('vocab_size', 30522),
      maxLen: config.size('max_position_embeddings', 512),
      dModel,
      numLayers: config.size('n_layers', 6, mostLayers),
      dFf: config.size('hidden_dim', 3072),
      positions: 'learned', // sinusoidal_pos_embds only fills the table that the file holds
      embedNorm: true,
      normEps: 1e-12,
      activation: config.choice('activation', activations, 'gelu'),
      tieEmbeddings: config.boolean('tie_word_embeddings', true),
      attention: { numHeads: config.divisor('n_heads', 12, 'dim', dModel) },
      maskedLmHead:
        !task && (architecture === 'DistilBertForMaskedLM' || has('vocab_transform.weight')),
      ...task?.config,
      ...(task?.config.pooler && { poolerActivation: 'relu' }),
    });
    const alone = architecture === 'DistilBertModel';
    const prefix = bodyPrefix('distilbert.', 'embeddings.word_embeddings.weight', alone, has);
    return {
      config: model,
      rules: rules(model, prefix),
      ignored,
      ...(task && { labels: task.labels, passedThrough: unusedByTasks }),
    };
  },

  write: (config) => ({
    model_type: 'distilbert',
    architectures: [config.maskedLmHead ? 'DistilBertForMaskedLM' : 'DistilBertModel'],
    vocab_size: config.vocabSize,
    max_position_embeddings: config.maxLen,
    dim: config.dModel,
    n_layers: config.numLayers,
    hidden_dim: config.dFf,
    activation: activationName(config.activation),
    tie_word_embeddings: config.tieEmbeddings,
    n_heads: config.attention.numHeads,
    ...taskFields('DistilBert', config),
  }),
};

/** A buffer, and the tied copy of the embedding. */
const ignored = [/^(distilbert\.)?embeddings\.position_ids$/, /^vocab_projector\.weight$/];

function rules(config: CompleteModelConfig, prefix: string): TensorRule[] {
  const { dModel: D, dFf: F, vocabSize: V } = config;
  const body = new Rules(prefix);
  body.tensor('embed.token.weight', [V, D], 'embeddings.word_embeddings.weight');
  body.tensor('embed.position.weight', [config.maxLen, D], 'embeddings.position_embeddings.weight');
  body.layerNorm('embed.norm', 'embeddings.LayerNorm', D);
  for (let l = 0; l < config.numLayers; ++l) {
    const ours = `blocks.${l}`;
    const theirs = `transformer.layer.${l}`;
    body.linear(`${ours}.attn.q_proj`, `${theirs}.attention.q_lin`, D, D);
    body.linear(`${ours}.attn.k_proj`, `${theirs}.attention.k_lin`, D, D);
    body.linear(`${ours}.attn.v_proj`, `${theirs}.attention.v_lin`, D, D);
    body.linear(`${ours}.attn.out_proj`, `${theirs}.attention.out_lin`, D, D);
    body.layerNorm(`${ours}.norm1`, `${theirs}.sa_layer_norm`, D);
    body.linear(`${ours}.mlp.fc1`, `${theirs}.ffn.lin1`, F, D);
    body.linear(`${ours}.mlp.fc2`, `${theirs}.ffn.lin2`, D, F);
    body.layerNorm(`${ours}.norm2`, `${theirs}.output_layer_norm`, D);
  }
  const head = new Rules();
  if (config.maskedLmHead) {
    head.linear('mlm_head.dense', 'vocab_transform', D, D);
    head.layerNorm('mlm_head.norm', 'vocab_layer_norm', D);
    maskedLmOutput(body, head, config, 'vocab_projector.weight', ['vocab_projector.bias']);
  }
  addTaskRules(head, config, { pooler: 'pre_classifier', classifier: 'classifier' });
  return [...body.all, ...head.all];
}

// BERT as Transformers saves it: which config fields and tensor names mean which of ours.
// Devlin et al. 2019, arXiv:1810.04805; transformers/models/bert.
import { completeModelConfig } from '../core/config.js';
import type {
  CompleteModelConfig,
  ModelAttentionConfig,
  ModelConfig,
} from '../core/config-types.js';
import { activationName, activations, ConfigReader, mostLayers } from '../core/config-reader.js';
import type { Family } from './family.js';
import { bodyPrefix, Rules } from './rules.js';
import {
  addTaskRules,
  readTask,
  taskArchitectures,
  taskFields,
  unusedByTasks,
} from './task-heads.js';

export const bert: Family = {
  modelType: 'bert',
  tokenizerClass: 'BertTokenizer',
  architectures: [
    'BertModel',
    'BertForMaskedLM',
    'BertForPreTraining',
    ...taskArchitectures('Bert'),
  ],
  body: 'BertModel',

  read(json, architecture, has) {
    const config = new ConfigReader(json);
    const prefix = bodyPrefix(
      'bert.',
      'embeddings.word_embeddings.weight',
      architecture === 'BertModel',
      has,
    );
    const task = readTask(config, 'Bert', architecture);
    const masked =
      architecture === undefined || architecture === 'BertModel' ? hasMaskedHead(has) : !task;
    const model = bertConfig(config, {
      maxLen: config.size('max_position_embeddings', 512),
      pooler: bertPooler(prefix, has),
      maskedLmHead: masked,
      ...task?.config,
    });
    const body = bertBody(model, prefix);
    const heads = head(body, model);
    addTaskRules(heads, model, { pooler: 'bert.pooler.dense', classifier: 'classifier' });
    return {
      config: model,
      rules: [...body.all, ...heads.all],
      ignored,
      passedThrough: task ? unusedByTasks : passedThrough,
      labels: task?.labels,
    };
  },

  write: (config) => ({
    model_type: 'bert',
    architectures: [config.maskedLmHead ? 'BertForMaskedLM' : 'BertModel'],
    ...bertFields(config),
    max_position_embeddings: config.maxLen,
    ...taskFields('Bert', config),
  }),
};

/** The fields that `bertConfig` reads. */
export function bertFields(config: CompleteModelConfig): Record<string, unknown> {
  return {
    vocab_size: config.vocabSize,
    type_vocab_size: config.typeVocabSize,
    hidden_size: config.dModel,
    num_hidden_layers: config.numLayers,
    intermediate_size: config.dFf,
    layer_norm_eps: config.normEps,
    hidden_act: activationName(config.activation),
    tie_word_embeddings: config.tieEmbeddings,
    num_attention_heads: config.attention.numHeads,
  };
}

/** The fields that BERT and its descendants share; `own` are those in which they differ, `attention` those of its attention. */
export function bertConfig(
  config: ConfigReader,
  own: Partial<ModelConfig>,
  attention?: (config: ConfigReader, numLayers: number) => Partial<ModelAttentionConfig>,
): CompleteModelConfig {
  config.refuseUnless('position_embedding_type', 'absolute');
  config.refuseUnless('is_decoder', false);
  config.refuseUnless('add_cross_attention', false);
  const dModel = config.size('hidden_size', 768);
  const numLayers = config.size('num_hidden_layers', 12, mostLayers);
  return completeModelConfig({
    vocabSize: config.size('vocab_size', 30522),
    typeVocabSize: config.size('type_vocab_size', 2),
    dModel,
    numLayers,
    dFf: config.size('intermediate_size', 3072),
    positions: 'learned',
    embedNorm: true,
    normEps: config.positive('layer_norm_eps', 1e-12),
    activation: config.choice('hidden_act', activations, 'gelu'),
    tieEmbeddings: config.boolean('tie_word_embeddings', true),
    attention: {
      numHeads: config.divisor('num_attention_heads', 12, 'hidden_size', dModel),
      ...attention?.(config, numLayers),
    },
    ...own,
  });
}

/** Whether the file has a pooler: BertModel may be saved without. */
export function bertPooler(prefix: string, has: (name: string) => boolean): boolean {
  return ['weight', 'bias'].some((name) => has(`${prefix}pooler.dense.${name}`));
}

function hasMaskedHead(has: (name: string) => boolean): boolean {
  return has('cls.predictions.transform.dense.weight');
}

/** Buffers and tied copies. */
const ignored = [
  /^(bert\.)?embeddings\.(position_ids|token_type_ids)$/,
  /^cls\.predictions\.decoder\.(weight|bias)$/,
];

/** The next-sentence head. */
const passedThrough = [/^cls\.seq_relationship\.(weight|bias)$/];

/** Every tensor but the head's. */
export function bertBody(config: CompleteModelConfig, prefix: string): Rules {
  const { dModel: D, dFf: F, vocabSize: V, dEmbed } = config;
  const E = dEmbed || D;
  const body = new Rules(prefix);
  body.tensor('embed.token.weight', [V, E], 'embeddings.word_embeddings.weight');
  body.tensor(
    'embed.position.weight',
    [config.maxLen + config.positionOffset, E],
    'embeddings.position_embeddings.weight',
  );
  body.tensor(
    'embed.token_type.weight',
    [config.typeVocabSize, E],
    'embeddings.token_type_embeddings.weight',
  );
  body.layerNorm('embed.norm', 'embeddings.LayerNorm', E);
  if (dEmbed > 0) body.linear('embed.projection', 'embeddings_project', D, E);
  for (let l = 0; l < config.numLayers; ++l) {
    const ours = `blocks.${l}`;
    const theirs = `encoder.layer.${l}`;
    body.linear(`${ours}.attn.q_proj`, `${theirs}.attention.self.query`, D, D);
    body.linear(`${ours}.attn.k_proj`, `${theirs}.attention.self.key`, D, D);
    body.linear(`${ours}.attn.v_proj`, `${theirs}.attention.self.value`, D, D);
    body.linear(`${ours}.attn.out_proj`, `${theirs}.attention.output.dense`, D, D);
    body.layerNorm(`${ours}.norm1`, `${theirs}.attention.output.LayerNorm`, D);
    body.linear(`${ours}.mlp.fc1`, `${theirs}.intermediate.dense`, F, D);
    body.linear(`${ours}.mlp.fc2`, `${theirs}.output.dense`, D, F);
    body.layerNorm(`${ours}.norm2`, `${theirs}.output.LayerNorm`, D);
  }
  // A classifier's is part of its head.
  if (config.pooler && config.numLabels === 0) body.linear('pooler', 'pooler.dense', D, D);
  return body;
}

/**
 * The last product of the head. Tied, its matrix is the embedding and the first of `biases` counts; untied, Transformers
 * computes with the decoder's own tensors, of which the bias is the last.
 */
export function maskedLmOutput(
  body: Rules,
  head: Rules,
  config: CompleteModelConfig,
  weight: string,
  biases: string[],
): void {
  const { vocabSize: V } = config;
  if (config.tieEmbeddings) {
    head.tensor('mlm_head.bias', [V], ...biases);
    // save_model of safetensors keeps one of the names of a tied table.
    body.all.find(({ ours }) => ours === 'embed.token.weight')!.theirs.push(head.named(weight));
    return;
  }
  head.tensor('mlm_head.decoder.weight', [V, config.dEmbed || config.dModel], weight);
  const bias = head.tensor('mlm_head.bias', [V], ...[...biases].reverse());
  bias.copies = bias.theirs.slice(1);
}

function head(body: Rules, model: CompleteModelConfig): Rules {
  const D = model.dModel;
  const head = new Rules();
  if (!model.maskedLmHead) return head;
  const name = 'cls.predictions';
  head.linear('mlm_head.dense', `${name}.transform.dense`, D, D);
  head.layerNorm('mlm_head.norm', `${name}.transform.LayerNorm`, D);
  const biases = [`${name}.bias`, `${name}.decoder.bias`];
  maskedLmOutput(body, head, model, `${name}.decoder.weight`, biases);
  return head;
}

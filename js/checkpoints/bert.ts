// BERT as Transformers saves it: which config fields and tensor names mean which of ours.
// Devlin et al. 2019, arXiv:1810.04805; transformers/models/bert.
import { completeModelConfig } from '../config.js';
import type { NativeModelConfig } from '../native.js';
import { ConfigReader } from './config-reader.js';
import type { Family, TensorRule } from './families.js';

const mostLayers = 1024;

const activations = {
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
} as const;

export const bert: Family = {
  modelType: 'bert',
  architectures: ['BertModel', 'BertForMaskedLM', 'BertForPreTraining'],

  read(json, architecture, has) {
    const config = new ConfigReader(json);
    config.refuseUnless('position_embedding_type', 'absolute');
    config.refuseUnless('is_decoder', false);
    config.refuseUnless('add_cross_attention', false);
    config.refuseUnless('tie_word_embeddings', true);
    const prefix = bodyPrefix(architecture, has);
    const masked = architecture === undefined ? hasMaskedHead(has) : architecture !== 'BertModel' || hasMaskedHead(has);
    const dModel = config.size('hidden_size', 768);
    const numHeads = config.size('num_attention_heads', 12);
    if (dModel % numHeads !== 0) config.refuse('num_attention_heads', `a divisor of hidden_size ${dModel}`, numHeads);
    const model = completeModelConfig({
      vocabSize: config.size('vocab_size', 30522),
      maxLen: config.size('max_position_embeddings', 512),
      typeVocabSize: config.size('type_vocab_size', 2),
      dModel,
      numLayers: config.size('num_hidden_layers', 12, mostLayers),
      dFf: config.size('intermediate_size', 3072),
      positions: 'learned',
      embedNorm: true,
      normEps: config.positive('layer_norm_eps', 1e-12),
      activation: config.choice('hidden_act', activations, 'gelu'),
      attention: { numHeads },
      pooler: ['weight', 'bias'].some((name) => has(`${prefix}pooler.dense.${name}`)),
      maskedLmHead: masked,
    });
    return { config: model, rules: rules(model, prefix), ignored };
  },
};

/** BertModel saves its tensors without a prefix; as part of a model with a head they have one. */
function bodyPrefix(architecture: string | undefined, has: (name: string) => boolean): string {
  const probe = 'embeddings.word_embeddings.weight';
  if (has(`bert.${probe}`)) return 'bert.';
  return has(probe) || architecture === 'BertModel' ? '' : 'bert.';
}

function hasMaskedHead(has: (name: string) => boolean): boolean {
  return has('cls.predictions.transform.dense.weight');
}

/** Buffers, tied copies and the next-sentence head, none of which a forward pass of ours reads. */
const ignored = [
  /^(bert\.)?embeddings\.(position_ids|token_type_ids)$/,
  /^cls\.predictions\.decoder\.(weight|bias)$/,
  /^cls\.seq_relationship\.(weight|bias)$/,
];

/** Every tensor: our name, Transformers' name, its dims. `prefix` stands before all names but the head's. */
function rules(config: NativeModelConfig, prefix: string): TensorRule[] {
  const { dModel: D, dFf: F, vocabSize: V } = config;
  const found: TensorRule[] = [];
  const body = (ours: string, dims: number[], ...theirs: string[]): void => {
    found.push({ ours, theirs: theirs.map((name) => prefix + name), dims });
  };
  const norm = (ours: string, theirs: string): void => {
    // Checkpoints converted from TensorFlow before 2019 say gamma and beta.
    body(`${ours}.weight`, [D], `${theirs}.weight`, `${theirs}.gamma`);
    body(`${ours}.bias`, [D], `${theirs}.bias`, `${theirs}.beta`);
  };
  const linear = (ours: string, theirs: string, output: number, input: number): void => {
    body(`${ours}.weight`, [output, input], `${theirs}.weight`);
    body(`${ours}.bias`, [output], `${theirs}.bias`);
  };

  body('embed.token.weight', [V, D], 'embeddings.word_embeddings.weight');
  body('embed.position.weight', [config.maxLen, D], 'embeddings.position_embeddings.weight');
  body('embed.token_type.weight', [config.typeVocabSize, D], 'embeddings.token_type_embeddings.weight');
  norm('embed.norm', 'embeddings.LayerNorm');
  for (let l = 0; l < config.numLayers; ++l) {
    const ours = `blocks.${l}`;
    const theirs = `encoder.layer.${l}`;
    linear(`${ours}.attn.q_proj`, `${theirs}.attention.self.query`, D, D);
    linear(`${ours}.attn.k_proj`, `${theirs}.attention.self.key`, D, D);
    linear(`${ours}.attn.v_proj`, `${theirs}.attention.self.value`, D, D);
    linear(`${ours}.attn.out_proj`, `${theirs}.attention.output.dense`, D, D);
    norm(`${ours}.norm1`, `${theirs}.attention.output.LayerNorm`);
    linear(`${ours}.mlp.fc1`, `${theirs}.intermediate.dense`, F, D);
    linear(`${ours}.mlp.fc2`, `${theirs}.output.dense`, D, F);
    norm(`${ours}.norm2`, `${theirs}.output.LayerNorm`);
  }
  if (config.pooler) linear('pooler', 'pooler.dense', D, D);
  if (config.maskedLmHead) {
    const head = (ours: string, dims: number[], ...theirs: string[]): void => {
      found.push({ ours, theirs: theirs.map((name) => `cls.predictions.${name}`), dims });
    };
    head('mlm_head.dense.weight', [D, D], 'transform.dense.weight');
    head('mlm_head.dense.bias', [D], 'transform.dense.bias');
    head('mlm_head.norm.weight', [D], 'transform.LayerNorm.weight', 'transform.LayerNorm.gamma');
    head('mlm_head.norm.bias', [D], 'transform.LayerNorm.bias', 'transform.LayerNorm.beta');
    head('mlm_head.bias', [V], 'bias', 'decoder.bias');
  }
  return found;
}

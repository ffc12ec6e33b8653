// ViT as Transformers saves it: which config fields and tensor names mean which of ours.
// Dosovitskiy et al. 2021, arXiv:2010.11929; transformers/models/vit.
import { completeModelConfig, imageLength } from '../core/config.js';
import type { CompleteImageConfig, CompleteModelConfig } from '../core/config-types.js';
import { activationName, activations, ConfigReader, mostLayers } from '../core/config-reader.js';
import type { Family, TensorRule } from './family.js';
import { bodyPrefix, Rules } from './rules.js';
import { readLabels, usualLabels } from './task-heads.js';

export const vit: Family = {
  modelType: 'vit',
  architectures: ['ViTModel', 'ViTForImageClassification'],
  body: 'ViTModel',
  readsPictures: true,

  read(json, architecture, has) {
    const config = new ConfigReader(json);
    const prefix = bodyPrefix('vit.', 'embeddings.cls_token', architecture === 'ViTModel', has);
    const classifies = architecture === 'ViTForImageClassification' || has('classifier.weight');
    const labels = classifies ? readLabels(config) : [];
    const dModel = config.size('hidden_size', 768);
    const image = readImage(config);
    config.refuseUnless('pooler_act', 'tanh');
    const pooled = config.size('pooler_output_size', dModel);
    if (pooled !== dModel) config.refuse('pooler_output_size', `hidden_size ${dModel}`, pooled);
    const model = completeModelConfig({
      image,
      dModel,
      numLayers: config.size('num_hidden_layers', 12, mostLayers),
      dFf: config.size('intermediate_size', 3072),
      positions: 'learned',
      norm: 'pre',
      normEps: config.positive('layer_norm_eps', 1e-12),
      finalNorm: true,
      activation: config.choice('hidden_act', activations, 'gelu'),
      attention: {
        numHeads: config.divisor('num_attention_heads', 12, 'hidden_size', dModel),
        bias: config.boolean('qkv_bias', true),
        outBias: true,
      },
      // Transformers' classifier reads the class token itself, whatever the file holds.
      pooler:
        !classifies && ['weight', 'bias'].some((name) => has(`${prefix}pooler.dense.${name}`)),
      numLabels: labels.length,
    });
    return {
      config: model,
      rules: rules(model, image, prefix, has),
      ignored: [],
      passedThrough,
      labels,
    };
  },

  write: (config) => ({
    model_type: 'vit',
    architectures: [config.numLabels > 0 ? 'ViTForImageClassification' : 'ViTModel'],
    ...(config.image && {
      image_size: config.image.size,
      patch_size: config.image.patchSize,
      num_channels: config.image.channels,
    }),
    ...(config.numLabels > 0 && {
      id2label: Object.fromEntries(usualLabels(config.numLabels).entries()),
    }),
    hidden_size: config.dModel,
    num_hidden_layers: config.numLayers,
    num_attention_heads: config.attention.numHeads,
    intermediate_size: config.dFf,
    hidden_act: activationName(config.activation),
    layer_norm_eps: config.normEps,
    qkv_bias: config.attention.bias,
  }),
};

/** Only masked image modelling reads the first; a classifier's file may hold a pooler that nothing reads. */
const passedThrough = [/^(vit\.)?embeddings\.mask_token$/, /^(vit\.)?pooler\.dense\./];

function readImage(config: ConfigReader): CompleteImageConfig {
  const both = (name: string, otherwise: number): [number, number] => {
    const [height, width] =
      config.sizes(name, otherwise) ?? config.refuse(name, 'a size or [height, width]', {});
    return [height, width ?? height];
  };
  const size = both('image_size', 224);
  const patchSize = both('patch_size', 16);
  if (patchSize.some((pixels, axis) => pixels > size[axis]!))
    config.refuse('patch_size', `at most image_size [${size.join(', ')}]`, patchSize);
  return { size, patchSize, channels: config.size('num_channels', 3) };
}

/** The names of a layer's parts in files, and in Transformers 5's own code, by which a state dict may have been saved. */
const usual = {
  layers: 'encoder.layer',
  qkv: ['attention.attention.query', 'attention.attention.key', 'attention.attention.value'],
  rest: ['attention.output.dense', 'intermediate.dense', 'output.dense'],
} as const;
const modern = {
  layers: 'layers',
  qkv: ['attention.q_proj', 'attention.k_proj', 'attention.v_proj'],
  rest: ['attention.o_proj', 'mlp.fc1', 'mlp.fc2'],
} as const;

function rules(
  config: CompleteModelConfig,
  image: CompleteImageConfig,
  prefix: string,
  has: (name: string) => boolean,
): TensorRule[] {
  const { dModel: D, dFf: F, numLabels: L, attention } = config;
  const names = has(`${prefix}layers.0.${modern.qkv[0]}.weight`) ? modern : usual;
  const body = new Rules(prefix);
  const length = imageLength(image);
  body.tensor('embed.class_token', [D], 'embeddings.cls_token').saved = [1, 1, D];
  body.tensor(
    'embed.patch.weight',
    [D, image.channels, ...image.patchSize],
    'embeddings.patch_embeddings.projection.weight',
  );
  body.tensor('embed.patch.bias', [D], 'embeddings.patch_embeddings.projection.bias');
  body.tensor('embed.position.weight', [length, D], 'embeddings.position_embeddings').saved = [
    1,
    length,
    D,
  ];
  for (let l = 0; l < config.numLayers; ++l) {
    const ours = `blocks.${l}`;
    const theirs = `${names.layers}.${l}`;
    ['q', 'k', 'v'].forEach((which, i) => {
      body.linear(`${ours}.attn.${which}_proj`, `${theirs}.${names.qkv[i]!}`, D, D, attention.bias);
    });
    body.linear(`${ours}.attn.out_proj`, `${theirs}.${names.rest[0]}`, D, D);
    body.layerNorm(`${ours}.norm1`, `${theirs}.layernorm_before`, D);
    body.linear(`${ours}.mlp.fc1`, `${theirs}.${names.rest[1]}`, F, D);
    body.linear(`${ours}.mlp.fc2`, `${theirs}.${names.rest[2]}`, D, F);
    body.layerNorm(`${ours}.norm2`, `${theirs}.layernorm_after`, D);
  }
  body.layerNorm('final_norm', 'layernorm', D);
  if (config.pooler) body.linear('pooler', 'pooler.dense', D, D);
  const head = new Rules();
  if (L > 0) head.linear('classifier', 'classifier', L, D);
  return [...body.all, ...head.all];
}

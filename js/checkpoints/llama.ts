// Llama as Transformers saves it: which config fields and tensor names mean which of ours.
// Touvron et al. 2023, arXiv:2302.13971 and arXiv:2307.09288; transformers/models/llama.
import { completeModelConfig } from '../core/config.js';
import type { CompleteModelConfig, ModelAttentionConfig } from '../core/config-types.js';
import { activationName, activations, ConfigReader, mostLayers } from '../core/config-reader.js';
import type { Family, Plan, TensorRule } from './family.js';
import { generationDefaults } from './generation-config.js';
import { readRotary, ropeFields } from './rope.js';
import { bodyPrefix, Rules } from './rules.js';

type Json = Readonly<Record<string, unknown>>;

/** What sets a family apart that is Llama otherwise. */
export interface LlamaKind {
  /** The architecture without a head. */
  body: string;
  /** Whether q, k, v, the output projection and the MLP have biases. */
  bias: boolean;
  outBias: boolean;
  mlpBias: boolean;
  attention?: Partial<ModelAttentionConfig>;
  /** The embeddings are multiplied by √D. */
  scalesEmbeddings?: boolean;
  /** A file has of every norm's gain what it is above 1. */
  gainsAboveOne?: boolean;
}

export const llama: Family = {
  modelType: 'llama',
  tokenizerClass: 'LlamaTokenizer',
  generates: true,
  architectures: ['LlamaForCausalLM', 'LlamaModel'],
  body: 'LlamaModel',

  read(json, architecture, has, generation) {
    const config = new ConfigReader(json);
    config.refuseIfGiven('sliding_window');
    const bias = config.boolean('attention_bias', false);
    const mlpBias = config.boolean('mlp_bias', false);
    const kind = { body: 'LlamaModel', bias, outBias: bias, mlpBias };
    return readLlama({ eos_token_id: 2, ...json }, architecture, has, generation, kind);
  },

  write: (config) => ({
    ...llamaFields(config),
    model_type: 'llama',
    architectures: [config.lmHead ? 'LlamaForCausalLM' : 'LlamaModel'],
    mlp_bias: config.mlpBias,
    attention_bias: config.attention.bias,
  }),
};

/** The plan of a family with Llama's fields and tensors. Defaults are Llama's: others come with `json`. */
export function readLlama(
  json: Json,
  architecture: string | undefined,
  has: (name: string) => boolean,
  generation: Json | undefined,
  kind: LlamaKind,
): Plan {
  const { body, bias, outBias, mlpBias } = kind;
  const config = new ConfigReader(json);
  const dModel = config.size('hidden_size', 4096);
  const numHeads = config.size('num_attention_heads', 32);
  const numKvHeads = config.divisor(
    'num_key_value_heads',
    numHeads,
    'num_attention_heads',
    numHeads,
  );
  const dHead = config.size('head_dim', Math.floor(dModel / numHeads));
  if (dHead % 2 !== 0) config.refuse('head_dim', 'an even size, for rotary positions', dHead);
  const maxLen = config.size('max_position_embeddings', 2048);
  const model = completeModelConfig({
    vocabSize: config.size('vocab_size', 32000),
    maxLen,
    dModel,
    numLayers: config.size('num_hidden_layers', 32, mostLayers),
    dFf: config.size('intermediate_size', 11008),
    embedScale: kind.scalesEmbeddings ? Math.fround(Math.sqrt(dModel)) : 1,
    positions: 'rotary',
    rotary: readRotary(config, maxLen),
    normKind: 'rms',
    norm: 'pre',
    normEps: config.positive('rms_norm_eps', 1e-6),
    finalNorm: true,
    activation: config.choice('hidden_act', activations, 'silu'),
    gated: true,
    mlpBias,
    attention: { numHeads, numKvHeads, dHead, bias, outBias, causal: true, ...kind.attention },
    lmHead: architecture !== body,
    tieEmbeddings: config.boolean('tie_word_embeddings', false),
  });
  const prefix = bodyPrefix('model.', 'embed_tokens.weight', architecture === body, has);
  return {
    config: model,
    rules: rules(model, prefix, kind.gainsAboveOne ?? false),
    ignored: ignored(model),
    generation: generationDefaults(json, generation),
  };
}

/** Fields of config.json that such families share. */
export function llamaFields(config: CompleteModelConfig): Json {
  return {
    vocab_size: config.vocabSize,
    max_position_embeddings: config.maxLen,
    hidden_size: config.dModel,
    num_hidden_layers: config.numLayers,
    intermediate_size: config.dFf,
    rms_norm_eps: config.normEps,
    hidden_act: activationName(config.activation),
    num_attention_heads: config.attention.numHeads,
    num_key_value_heads: config.attention.numKvHeads,
    head_dim: config.attention.dHead,
    ...ropeFields(config),
    tie_word_embeddings: config.tieEmbeddings,
    bos_token_id: null,
    eos_token_id: null,
  };
}

/** Buffers of early checkpoints, and the head's copy of the embedding where it is tied. */
function ignored(config: CompleteModelConfig): RegExp[] {
  const buffers = /^(model\.)?layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/;
  return !config.lmHead || config.tieEmbeddings ? [buffers, /^lm_head\.weight$/] : [buffers];
}

/** transformers GemmaRMSNorm: x / rms(x) · (1 + weight). The sum loses nothing that counts: float32 is added there, too. */
const aboveOne: NonNullable<TensorRule['convert']> = {
  ours: (weight) => weight.map((above) => 1 + above),
  theirs: (gain) => gain.map((whole) => whole - 1),
};

function rules(config: CompleteModelConfig, prefix: string, gainsAboveOne: boolean): TensorRule[] {
  const { dModel: D, dFf: F, vocabSize: V, mlpBias } = config;
  const { numHeads: H, numKvHeads: G, dHead: K, bias, outBias } = config.attention;
  const body = new Rules(prefix);
  const norm = (ours: string, theirs: string, size = D): void => {
    const rule = body.tensor(`${ours}.weight`, [size], `${theirs}.weight`);
    if (gainsAboveOne) rule.convert = aboveOne;
  };
  const table = body.tensor('embed.token.weight', [V, D], 'embed_tokens.weight');
  if (config.lmHead && config.tieEmbeddings) table.theirs.push('lm_head.weight'); // save_model keeps one of tied names
  for (let l = 0; l < config.numLayers; ++l) {
    const ours = `blocks.${l}`;
    const theirs = `layers.${l}`;
    norm(`${ours}.norm1`, `${theirs}.input_layernorm`);
    body.linear(`${ours}.attn.q_proj`, `${theirs}.self_attn.q_proj`, H * K, D, bias);
    body.linear(`${ours}.attn.k_proj`, `${theirs}.self_attn.k_proj`, G * K, D, bias);
    body.linear(`${ours}.attn.v_proj`, `${theirs}.self_attn.v_proj`, G * K, D, bias);
    body.linear(`${ours}.attn.out_proj`, `${theirs}.self_attn.o_proj`, D, H * K, outBias);
    if (config.attention.qkNorm)
      for (const part of ['q_norm', 'k_norm'])
        norm(`${ours}.attn.${part}`, `${theirs}.self_attn.${part}`, K);
    norm(`${ours}.norm2`, `${theirs}.post_attention_layernorm`);
    body.linear(`${ours}.mlp.gate`, `${theirs}.mlp.gate_proj`, F, D, mlpBias);
    body.linear(`${ours}.mlp.fc1`, `${theirs}.mlp.up_proj`, F, D, mlpBias);
    body.linear(`${ours}.mlp.fc2`, `${theirs}.mlp.down_proj`, D, F, mlpBias);
  }
  norm('final_norm', 'norm');
  const head = new Rules();
  if (config.lmHead && !config.tieEmbeddings) head.linear('lm_head', 'lm_head', V, D, false);
  return [...body.all, ...head.all];
}

// Models that are saved: one of createModel for each family of Transformers that can express a config, and those it cannot.

const small = { vocabSize: 11, dModel: 8, numLayers: 2, maxLen: 9 };
const bert = {
  ...small,
  positions: 'learned',
  embedNorm: true,
  activation: 'gelu',
  attention: { numHeads: 2 },
};
const gpt2 = {
  ...small,
  positions: 'learned',
  norm: 'pre',
  finalNorm: true,
  activation: 'gelu_tanh',
  attention: { numHeads: 2, causal: true },
};
const llama = {
  ...small,
  positions: 'rotary',
  norm: 'pre',
  normKind: 'rms',
  finalNorm: true,
  activation: 'silu',
  gated: true,
  mlpBias: false,
  tieEmbeddings: false,
  lmHead: true,
  attention: { numHeads: 4, numKvHeads: 2, causal: true, bias: false },
};

const vit = {
  image: { size: [4, 6], patchSize: 2 },
  dModel: 8,
  numLayers: 2,
  norm: 'pre',
  finalNorm: true,
  activation: 'gelu',
  attention: { numHeads: 2 },
};

const marian = {
  ...small,
  positions: 'sinusoidal_halves',
  embedScale: Math.sqrt(8),
  activation: 'silu',
  lmHead: true,
  lmHeadBias: true,
  dFf: 12,
  attention: { numHeads: 2 },
  encoder: { numLayers: 1, attention: { numHeads: 4 } },
};

/** Name → config of createModel, and the architecture it is saved as. */
export const created = {
  bert_mlm: [{ ...bert, typeVocabSize: 2, maskedLmHead: true }, 'BertForMaskedLM'],
  bert_untied: [
    { ...bert, typeVocabSize: 2, activation: 'silu', maskedLmHead: true, tieEmbeddings: false },
    'BertForMaskedLM',
  ],
  bert_pooler: [{ ...bert, typeVocabSize: 2, activation: 'relu', pooler: true }, 'BertModel'],
  bert_fused: [{ ...bert, typeVocabSize: 1, attention: { numHeads: 2, fused: true } }, 'BertModel'],
  roberta_mlm: [
    { ...bert, typeVocabSize: 1, positionOffset: 2, padTokenId: 1, maskedLmHead: true },
    'RobertaForMaskedLM',
  ],
  distilbert_mlm: [{ ...bert, normEps: 1e-12, maskedLmHead: true }, 'DistilBertForMaskedLM'],
  gpt2: [{ ...gpt2, lmHead: true, dFf: 12 }, 'GPT2LMHeadModel'],
  gpt2_fused: [
    {
      ...gpt2,
      lmHead: true,
      tieEmbeddings: false,
      attention: { numHeads: 2, causal: true, fused: true, scaleBy: 'none' },
    },
    'GPT2LMHeadModel',
  ],
  gpt2_body: [{ ...gpt2, activation: 'relu' }, 'GPT2Model'],
  llama: [llama, 'LlamaForCausalLM'],
  llama_linear: [
    {
      ...llama,
      rotary: { theta: 500, linearFactor: 2 },
      attention: { numHeads: 2, dHead: 6, causal: true },
    },
    'LlamaForCausalLM',
  ],
  llama_3: [
    { ...llama, lmHead: false, rotary: { llama3Factor: 4, originalMaxLen: 4 } },
    'LlamaModel',
  ],
  vit_labels: [{ ...vit, numLabels: 3 }, 'ViTForImageClassification'],
  vit_pooler: [
    {
      ...vit,
      pooler: true,
      normEps: 1e-3,
      activation: 'relu',
      attention: { numHeads: 2, bias: false, outBias: true },
    },
    'ViTModel',
  ],
  own_pictures: [
    { ...vit, norm: 'post', finalNorm: false, positions: 'none', numLabels: 2 },
    'AttentionLabModel',
  ],
  marian: [marian, 'MarianMTModel'],
  marian_separate: [
    { ...marian, vocabSize: 13, tieEmbeddings: false, embedScale: 1, encoder: { vocabSize: 11 } },
    'MarianMTModel',
  ],
  own_translator: [
    {
      ...small,
      lmHead: true,
      norm: 'pre',
      attention: { numHeads: 2 },
      encoder: { finalNorm: true, vocabSize: 14 },
    },
    'AttentionLabModel',
  ],
  own_untied_translator: [{ ...marian, tieEmbeddings: false }, 'AttentionLabModel'],
  own_defaults: [
    { vocabSize: 11, dModel: 8, numLayers: 2, attention: { numHeads: 2 } },
    'AttentionLabModel',
  ],
  own_embeds: [
    {
      dModel: 6,
      numLayers: 1,
      feedForward: 'linear_of_sum',
      attention: { numHeads: 1, fused: true, outProjection: false },
    },
    'AttentionLabModel',
  ],
  own_layer: [
    {
      ...gpt2,
      lmHead: true,
      attention: {
        numHeads: 2,
        dHead: 3,
        bias: false,
        outBias: true,
        maskedValue: -1e9,
        normalisation: 'none',
      },
    },
    'AttentionLabModel',
  ],
  longformer_mlm: [
    {
      ...bert,
      typeVocabSize: 1,
      positionOffset: 2,
      padTokenId: 1,
      maskedLmHead: true,
      attention: { numHeads: 2, window: 2, globalTokens: true },
    },
    'LongformerForMaskedLM',
  ],
  own_t5_translator: [
    {
      ...small,
      lmHead: true,
      positions: 't5_bias',
      attention: { numHeads: 2 },
      encoder: { positions: 't5_bias', t5Bias: { numBuckets: 4, maxDistance: 3 } },
    },
    'AttentionLabModel',
  ],
  own_segments: [
    {
      ...small,
      lmHead: true,
      positions: 'transformer_xl',
      memLength: 3,
      attention: { numHeads: 2, causal: true },
    },
    'AttentionLabModel',
  ],
  own_padding: [{ ...bert, positionOffset: 3, padTokenId: 4 }, 'AttentionLabModel'],
};

// RoBERTa as Transformers saves it: BERT's stack, positions counted from after the padding id, and a head of its own.
// Liu et al. 2019, arXiv:1907.11692; transformers/models/roberta.
import { bertBody, bertConfig, bertFields, bertPooler, maskedLmOutput } from './bert.js';
import { ConfigReader } from './config-reader.js';
import type { Family } from './families.js';
import { bodyPrefix, Rules } from './rules.js';

export const roberta: Family = {
  modelType: 'roberta',
  architectures: ['RobertaModel', 'RobertaForMaskedLM'],

  read(json, architecture, has) {
    const config = new ConfigReader(json);
    const prefix = bodyPrefix('roberta.', 'embeddings.word_embeddings.weight', architecture === 'RobertaModel', has);
    const masked = architecture === 'RobertaForMaskedLM' || has('lm_head.dense.weight');
    // Transformers' RobertaLMHead is GELU whatever the blocks' activation is.
    if (masked) config.refuseUnless('hidden_act', 'gelu');
    const padTokenId = config.size('pad_token_id', 1, undefined, 0);
    const positionOffset = padTokenId + 1;
    const rows = config.size('max_position_embeddings', 512);
    if (rows <= positionOffset) config.refuse('max_position_embeddings', `more than ${positionOffset}, pad_token_id + 1`, rows);
    const model = bertConfig(config, {
      maxLen: rows - positionOffset,
      positionOffset,
      padTokenId,
      pooler: bertPooler(prefix, has),
      maskedLmHead: masked,
    });
    const body = bertBody(model, prefix);
    const head = new Rules('lm_head.');
    if (masked) {
      head.linear('mlm_head.dense', 'dense', model.dModel, model.dModel);
      head.layerNorm('mlm_head.norm', 'layer_norm', model.dModel);
      maskedLmOutput(head, model, 'decoder.weight', ['bias', 'decoder.bias']);
    }
    return { config: model, rules: [...body.all, ...head.all], ignored };
  },

  write: (config) => ({
    model_type: 'roberta',
    architectures: [config.maskedLmHead ? 'RobertaForMaskedLM' : 'RobertaModel'],
    ...bertFields(config),
    max_position_embeddings: config.maxLen + config.positionOffset,
    pad_token_id: config.padTokenId,
    bos_token_id: null,
    eos_token_id: null,
  }),
};

/** Buffers and tied copies. */
const ignored = [/^(roberta\.)?embeddings\.(position_ids|token_type_ids)$/, /^lm_head\.decoder\.(weight|bias)$/];

// RoBERTa as Transformers saves it: BERT's stack, positions counted from after the padding id, and a head of its own.
// Liu et al. 2019, arXiv:1907.11692; transformers/models/roberta.
import type { CompleteModelConfig, ModelAttentionConfig } from '../core/config-types.js';
import { bertBody, bertConfig, bertFields, bertPooler, maskedLmOutput } from './bert.js';
import { ConfigReader } from '../core/config-reader.js';
import type { Family } from './family.js';
import { bodyPrefix, Rules } from './rules.js';
import {
  addTaskRules,
  readTask,
  taskArchitectures,
  taskFields,
  unusedByTasks,
} from './task-heads.js';

/** What sets a family of RoBERTa's kind apart. */
interface Kind {
  modelType: string;
  /** What its architectures begin with. */
  name: string;
  /** What stands before the body's tensors. Default: modelType. */
  prefix?: string;
  /** Transformers' default. */
  vocabSize: number;
  /** Fields of its own, of the attention. */
  read?(config: ConfigReader, numLayers: number): Partial<ModelAttentionConfig>;
  write?(config: CompleteModelConfig): Record<string, unknown>;
  /** Tensors of its own. */
  addTo?(body: Rules, config: CompleteModelConfig): void;
}

/** A family with RoBERTa's positions and head. */
export function robertaFamily(kind: Kind): Family {
  const { modelType, name, prefix: own = modelType } = kind;
  const ignored = [
    new RegExp(`^(${own}\\.)?embeddings\\.(position_ids|token_type_ids)$`),
    /^lm_head\.decoder\.(weight|bias)$/,
  ];
  return {
    modelType,
    tokenizerClass: 'RobertaTokenizer',
    architectures: [`${name}Model`, `${name}ForMaskedLM`, ...taskArchitectures(name)],
    body: `${name}Model`,

    read(json, architecture, has) {
      const config = new ConfigReader(json);
      const prefix = bodyPrefix(
        `${own}.`,
        'embeddings.word_embeddings.weight',
        architecture === `${name}Model`,
        has,
      );
      const task = readTask(config, name, architecture);
      const masked =
        !task && (architecture === `${name}ForMaskedLM` || has('lm_head.dense.weight'));
      // Transformers' RobertaLMHead is GELU whatever the blocks' activation is.
      if (masked) config.refuseUnless('hidden_act', 'gelu');
      const padTokenId = config.size('pad_token_id', 1, undefined, 0);
      const positionOffset = padTokenId + 1;
      const rows = config.size('max_position_embeddings', 512);
      if (rows <= positionOffset)
        config.refuse(
          'max_position_embeddings',
          `more than ${positionOffset}, pad_token_id + 1`,
          rows,
        );
      const model = bertConfig(
        config,
        {
          vocabSize: config.size('vocab_size', kind.vocabSize),
          maxLen: rows - positionOffset,
          positionOffset,
          padTokenId,
          pooler: bertPooler(prefix, has),
          maskedLmHead: masked,
          ...task?.config,
        },
        kind.read,
      );
      const body = bertBody(model, prefix);
      kind.addTo?.(body, model);
      const head = new Rules();
      if (masked) {
        head.linear('mlm_head.dense', 'lm_head.dense', model.dModel, model.dModel);
        head.layerNorm('mlm_head.norm', 'lm_head.layer_norm', model.dModel);
        const biases = ['lm_head.bias', 'lm_head.decoder.bias'];
        maskedLmOutput(body, head, model, 'lm_head.decoder.weight', biases);
      }
      addTaskRules(head, model, { pooler: 'classifier.dense', classifier: 'classifier.out_proj' });
      return {
        config: model,
        rules: [...body.all, ...head.all],
        ignored,
        ...(task && { labels: task.labels, passedThrough: unusedByTasks }),
      };
    },

    write: (config) => ({
      model_type: modelType,
      architectures: [config.maskedLmHead ? `${name}ForMaskedLM` : `${name}Model`],
      ...bertFields(config),
      max_position_embeddings: config.maxLen + config.positionOffset,
      pad_token_id: config.padTokenId,
      bos_token_id: null,
      eos_token_id: null,
      ...kind.write?.(config),
      ...taskFields(name, config),
    }),
  };
}

export const roberta = robertaFamily({ modelType: 'roberta', name: 'Roberta', vocabSize: 50265 });

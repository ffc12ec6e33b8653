// XLM-RoBERTa as Transformers saves it: RoBERTa, its tensors under RoBERTa's names, over a vocabulary of a hundred languages.
// Conneau et al. 2020, arXiv:1911.02116; transformers/models/xlm_roberta.
import { robertaFamily } from './roberta.js';

export const xlmRoberta = robertaFamily({
  modelType: 'xlm-roberta',
  name: 'XLMRoberta',
  prefix: 'roberta',
  vocabSize: 30522,
});

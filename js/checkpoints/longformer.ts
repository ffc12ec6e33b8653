// Longformer as Transformers saves it: RoBERTa's stack with a window for each layer and projections for global tokens.
// Beltagy, Peters & Cohan 2020, arXiv:2004.05150; transformers/models/longformer.
import { robertaFamily } from './roberta.js';

export const longformer = robertaFamily({
  modelType: 'longformer',
  name: 'Longformer',
  vocabSize: 30522,

  // Transformers counts the keys of both sides together, and pads inputs to a multiple of them, which changes no result.
  read(config, numLayers) {
    const sizes = config.evenSizes('attention_window', 512, numLayers);
    return {
      window: typeof sizes === 'number' ? sizes / 2 : sizes.map((size) => size / 2),
      globalTokens: true,
    };
  },

  write: ({ attention: { window } }) => ({
    attention_window: typeof window === 'number' ? 2 * window : window.map((keys) => 2 * keys),
  }),

  addTo(body, { dModel: D, numLayers }) {
    for (let l = 0; l < numLayers; ++l) {
      for (const name of ['query', 'key', 'value']) {
        body.linear(
          `blocks.${l}.attn.${name[0]!}_global_proj`,
          `encoder.layer.${l}.attention.self.${name}_global`,
          D,
          D,
        );
      }
    }
  },
});

// What no first result needs: checkpoints, sweeps, analyses. A browser loads it lazily; a worker and Node have it from the start.
import { checkpointsOf, type Checkpoints } from './checkpoints/checkpoints.js';
import type { OpenFolder } from './checkpoints/folder.js';
import type { OpenStore } from './checkpoints/hub-store.js';
import * as analyses from './analysis/analyses.js';
import { runSweep } from './analysis/sweep.js';
import { saveModel } from './checkpoints/save.js';
import { embedTexts } from './generation/sentences.js';
import { answer } from './tasks/answer.js';
import { classify, tags } from './tasks/classify.js';
import { Trainer } from './training/trainer.js';

export interface LazyParts extends Checkpoints {
  sweep: typeof runSweep;
  analyses: typeof analyses;
  saveModel: typeof saveModel;
  embedTexts: typeof embedTexts;
  tasks: { classify: typeof classify; tags: typeof tags; answer: typeof answer };
  Trainer: typeof Trainer;
}

/** Of a platform that opens folders and keeps downloads in this way. */
export const lazyPartsOf = (openFolder: OpenFolder, openStore: OpenStore): LazyParts => ({
  ...checkpointsOf(openFolder, openStore),
  sweep: runSweep,
  analyses,
  saveModel,
  embedTexts,
  tasks: { classify, tags, answer },
  Trainer,
});

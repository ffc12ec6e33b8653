// What a runtime answers by promises, and no first result needs: checkpoints and sweeps. A browser fetches it when it is first
// asked for; a worker and Node have it from the start.
import { checkpointsOf, type Checkpoints } from '../checkpoints/checkpoints.js';
import type { OpenFolder } from '../checkpoints/folder.js';
import type { OpenStore } from '../checkpoints/hub-store.js';
import * as analyses from '../analysis/analyses.js';
import { runSweep } from '../analysis/sweep.js';

export interface Later extends Checkpoints {
  sweep: typeof runSweep;
  analyses: typeof analyses;
}

/** Of a platform that opens folders and keeps downloads in this way. */
export const laterOf = (openFolder: OpenFolder, openStore: OpenStore): Later => ({
  ...checkpointsOf(openFolder, openStore),
  sweep: runSweep,
  analyses,
});

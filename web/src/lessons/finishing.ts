// What the checkpoint of a lesson needs beside training, by the lesson's id. Only `npm run train` and tests read it, the page does not.
import { createRandom, type Model } from 'attention-lab';
import { numberHeads } from './coreference/heads.ts';
import { drawHeldOut, measureFamilies } from './coreference/measure.ts';

export interface Finishing {
  /** After training: changes the weights, not what the model computes. */
  finish(model: Model): void;
  /** More figures for evaluation.json. */
  details(model: Model): object;
}

/** Other random numbers than any training's. */
const heldOutSeed = 20261121;

/** Sentences of the page's first model, by family, that no training has seen: always the same. */
export const heldOutSentences = (perFamily: number): ReturnType<typeof drawHeldOut> =>
  drawHeldOut(createRandom(heldOutSeed), perFamily);

export const finishing: Readonly<Record<string, Finishing>> = {
  coreference: {
    finish: numberHeads,
    details: (model) => measureFamilies(model, heldOutSentences(1000)),
  },
};

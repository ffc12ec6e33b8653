// Trains and measures a lesson with the package: what the training command, the tests and the page do alike.
import {
  createRandom,
  type ForwardOptions,
  type Model,
  type ModelOutput,
  type Tensor,
  type TrainerOptions,
  type TrainingExample,
} from 'attention-lab';
import { answersOf, bestHead, inputsOf, attentionOnTargets } from './answers.ts';
import type { Encoded, Lesson, TrainingSettings } from './lesson.ts';

/** Other random numbers than any training's: seeds of trainings are small. */
const heldOutSeed = 0x9e3779b9;

/** The options of `model.trainer`; examples are drawn anew for every step. */
export function trainerOptions(
  lesson: Lesson,
  seed: number,
  changed: Partial<TrainingSettings> = {},
): TrainerOptions {
  return {
    ...lesson.training,
    ...changed,
    seed,
    examples: (random) => lesson.example(random, false).encoded.example,
  };
}

/** What `npm run train` steps on, without end: as step() itself draws, but by pools, where the lesson wants it. */
export function* batches(lesson: Lesson, seed: number): Generator<TrainingExample[], never> {
  const { pool = 1, training } = lesson;
  const random = createRandom(seed);
  const size = training.batchSize;
  for (;;) {
    const drawn = Array.from(
      { length: pool * size },
      () => lesson.example(random, false).encoded.example,
    );
    if (pool > 1) drawn.sort((a, b) => lengthOf(a) - lengthOf(b));
    const parts = Array.from({ length: pool }, (_, i) => drawn.slice(i * size, (i + 1) * size));
    yield* pool > 1 ? random.shuffle(parts) : parts;
  }
}

const lengthOf = ({ inputIds = [] }: TrainingExample): number => inputIds.length;

/** Examples that no training has seen: always the same. */
export function heldOutExamples(lesson: Lesson, count: number): Encoded[] {
  const random = createRandom(heldOutSeed);
  return Array.from({ length: count }, () => lesson.example(random, true).encoded);
}

export interface Measured {
  /** The part of the labelled positions that is right. */
  accuracy: number;
  /** The part of the examples whose every answer is right. */
  exact: number;
  /** [layer][head] → the weight on the keys that the targets name. */
  weights: number[][];
  /** The head with most of it. */
  head: { layer: number; head: number; weight: number };
}

/** What a model gets right, and where its heads look. */
export function measure(
  lesson: Lesson,
  model: Model,
  examples: readonly Encoded[],
  options: ForwardOptions = {},
): Measured {
  const runs = examples.map((encoded) => {
    const output = model.forward(inputsOf(encoded.example), { ...options, outputAttentions: true });
    const answers = answersOf(lesson.vocabulary, encoded, output.logits!);
    return {
      encoded,
      attentions: attentionsOf(lesson, output),
      correct: answers.map(({ predicted, correct }) => predicted === correct),
    };
  });
  const answers = runs.flatMap(({ correct }) => correct);
  const weights = attentionOnTargets(runs);
  return {
    accuracy: answers.filter(Boolean).length / answers.length,
    exact: runs.filter(({ correct }) => correct.every(Boolean)).length / runs.length,
    weights,
    head: bestHead(weights),
  };
}

/** The attentions that the lesson is about. */
export function attentionsOf(lesson: Lesson, output: ModelOutput): readonly Tensor[] {
  return output[lesson.targetsIn]!;
}

/** [layer][head] → accuracy with that head switched off. */
export function ablations(
  lesson: Lesson,
  model: Model,
  examples: readonly Encoded[],
  { weights }: Measured,
): number[][] {
  const site =
    lesson.targetsIn === 'crossAttentions'
      ? (l: number) => `decoder.blocks.${l}.cross_attn.z`
      : (l: number) => `blocks.${l}.attn.z`;
  return weights.map((row, layer) =>
    row.map(
      (_, head) =>
        measure(lesson, model, examples, { interventions: [{ at: site(layer), head, op: 'zero' }] })
          .accuracy,
    ),
  );
}

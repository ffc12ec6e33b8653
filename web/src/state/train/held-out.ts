// Examples that a run never trains on: the same for every run of a lesson, so that accuracies can be compared.
import { createRandom, type SeededRandom, type Trainer, type TrainingBatch } from 'attention-lab';
import type { Encoded, Lesson } from '../../lessons/lesson.ts';
import { heldOutExamples } from '../../lessons/training.ts';
import type { LearnerInput } from './protocol.ts';

/** One number for everything that is said of a run: the curve, the goal, a head's importance. Enough for a claim, and a few steps' time. */
const count = 240;
/** Of the examples to look at. */
const seed = 20_26;

export class HeldOutExamples {
  readonly #examples: TrainingBatch;
  readonly #random: SeededRandom = createRandom(seed);

  constructor(
    private readonly lesson: Lesson,
    private readonly trainer: Trainer,
  ) {
    this.#examples = trainer.batchOf(heldOutExamples(lesson, count).map(({ example }) => example));
  }

  accuracy(): number {
    return this.trainer.evaluate(this.#examples).accuracy;
  }

  /** One more, to look at. */
  draw(): { input: LearnerInput; encoded: Encoded } {
    return this.lesson.example(this.#random, true);
  }
}

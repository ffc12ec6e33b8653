// Examples that a run never trains on: the same for every run of a lesson, so that accuracies can be compared.
import { createRandom, type SeededRandom, type Trainer, type TrainingBatch } from 'attention-lab';
import type { Encoded, Lesson } from '../../lessons/lesson.ts';
import { heldOutExamples } from '../../lessons/training.ts';
import type { LearnerInput } from './protocol.ts';

/** A look that costs about as much as one step, and one that a claim can rest on. */
const few = 96;
const many = 480;
/** Of the examples to look at. */
const seed = 20_26;

export class HeldOutExamples {
  readonly #all: TrainingBatch;
  readonly #few: TrainingBatch;
  readonly #random: SeededRandom = createRandom(seed);

  constructor(
    private readonly lesson: Lesson,
    private readonly trainer: Trainer,
  ) {
    const examples = heldOutExamples(lesson, many).map(({ example }) => example);
    this.#all = trainer.batchOf(examples);
    this.#few = trainer.batchOf(examples.slice(0, few));
  }

  accuracy(): number {
    return this.trainer.evaluate(this.#few).accuracy;
  }

  accuracyOfAll(): number {
    return this.trainer.evaluate(this.#all).accuracy;
  }

  /** One more, to look at. */
  draw(): { input: LearnerInput; encoded: Encoded } {
    return this.lesson.example(this.#random, true);
  }
}

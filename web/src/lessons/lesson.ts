// What a lesson is: a task whose right answer can be seen in the attention, its examples, its model and how that is trained.
// Pure data and functions of them: knows neither the page nor a runtime.
import type { ModelConfig, SeededRandom, TrainerOptions, TrainingExample } from 'attention-lab';

/** A sentence or more in every language of the page. */
export interface Text {
  en: string;
  zh: string;
}

/** A picture drawn by hand: `ink` row by row, 0 paper to 1 ink. */
export interface Drawing {
  width: number;
  height: number;
  ink: Float32Array;
}

/** Where the answer at a query is to be found: a head that solves the task gives these keys the query's weight. */
export interface Target {
  query: number;
  keys: readonly number[];
}

/** An input as the model reads it, one sequence. */
export interface Encoded {
  /** The inputs (`inputsOf` takes them alone) and the right answers; −100 everywhere where they are not known. */
  example: TrainingExample;
  /** What each query of the attention that `targetsIn` names is: a token, or a place of a picture. */
  queries: readonly string[];
  /** The same of the keys. */
  keys: readonly string[];
  targets: readonly Target[];
  /** Of a learner's own input: the places of the answers, where they are not its masks or else its end. */
  asked?: readonly number[];
}

/** What the trainer is given, beside the examples. */
export type TrainingSettings = Required<
  Pick<TrainerOptions, 'lr' | 'batchSize' | 'totalSteps' | 'warmupSteps' | 'weightDecay'>
> &
  Pick<TrainerOptions, 'betas' | 'clipNorm' | 'disagreement'>;

/** What was measured of the checkpoint that ships; a test measures it again. Layers and heads count from 0. */
export interface Shipped {
  /** Of the weights and of the examples, for `npm run train`. */
  seed: number;
  /** The part of the held-out answers that are right, as `trainer.evaluate` counts: every labelled position is one. */
  accuracy: number;
  /** The head with the most weight on the keys that `targets` names, and that weight, averaged over held-out targets. */
  head: { layer: number; head: number; weight: number };
}

interface LessonOf<Input> {
  /** As `npm run train` and the folder of the checkpoint call it. */
  id: string;
  title: Text;
  /** What the model has to do, in one sentence. */
  task: Text;
  /** What to watch while it learns, in a few. */
  lookFor: Text;
  /** id → token, of inputs and answers. */
  vocabulary: readonly string[];
  config: ModelConfig;
  training: TrainingSettings;
  /** So many batches are drawn at once, and each is given sequences of like length: less padding where lengths differ much. */
  pool?: number;
  /** Held-out accuracy that counts as solved. */
  goal: number;
  /** About how many steps its own settings take to the goal with seed 1. */
  stepsToGoal: number;
  shipped: Shipped;
  /** Which attentions of `forward` the targets are about. */
  targetsIn: 'attentions' | 'crossAttentions';
  /** Draws one example. What is held out never occurs in training. */
  example(random: SeededRandom, heldOut: boolean): { input: Input; encoded: Encoded };
  /** A learner's own input; throws an `InputProblem`. */
  encode(input: Input): Encoded;
  /** The right answer to an input, as a text; undefined where only the one who made it knows. */
  correct(input: Input): string | undefined;
}

export interface Prompt {
  inputIds: readonly number[];
  /** What the decoder of an encoder–decoder begins with. */
  decoderInputIds?: readonly number[];
  stopTokens: readonly number[];
  maxNewTokens: number;
}

export interface TextLesson extends LessonOf<string> {
  kind: 'text';
  /** Its tokenizer's files, name → content, where a token is more than one character. */
  tokenizer?: ReadonlyMap<string, string>;
  /** What the page opens with, and more to try. */
  samples: readonly string[];
  /**
   * For lessons whose model writes the answer token by token: what `model.generate` continues, until `stopTokens` or
   * `maxNewTokens`.
   */
  prompt?(input: string): Prompt;
}

export interface DrawingLesson extends LessonOf<Drawing> {
  kind: 'drawing';
  /** Width and height of a drawing. */
  size: number;
}

export type Lesson = TextLesson | DrawingLesson;

/** A learner's input that the lesson cannot take, and why. */
export class InputProblem extends Error {
  constructor(readonly text: Text) {
    super(text.en);
  }
}

// What the page and its training worker say to each other. Plain data, no code.
import type { HeadName, SitePattern } from '../shared/attention.ts';
import type { Drawing, Text } from '../../lessons/lesson.ts';

/** Layers, heads and width of the model: another one is another model. */
export interface Shape {
  layers: number;
  heads: number;
  width: number;
}

export interface Setup extends Shape {
  lesson: string;
  seed: number;
  learningRate: number;
}

/** Where a run's first weights come from. */
export type StartFrom =
  | { from: 'initial' }
  | { from: 'shipped' }
  /** A saved model: the .zip, or the files of its folder. */
  | { from: 'files'; files: readonly File[] };

export type LearnerInput = string | Drawing;

export type Request =
  /** `models`: the address of the folder of all shipped models. No input: the lesson's own first sample. */
  | {
      type: 'open';
      run: number;
      setup: Setup;
      startFrom: StartFrom;
      input: LearnerInput | null;
      models: string;
    }
  /** Reports follow each other at no less than `every` milliseconds. `stepsPerSecond`: at most, for slow motion; null: as many as it can. */
  | { type: 'play'; every: number; stepsPerSecond: number | null }
  | { type: 'pace'; stepsPerSecond: number | null }
  | { type: 'pause' }
  | { type: 'step' }
  | { type: 'learningRate'; value: number }
  | { type: 'off'; heads: readonly HeadName[] }
  | { type: 'input'; input: LearnerInput }
  /** Another example that it has never been trained on becomes the input. */
  | { type: 'example' }
  /** Shows a kept snapshot; training goes on from what is shown. */
  | { type: 'show'; step: number }
  /** Each of these off in turn. */
  | { type: 'importance'; heads: readonly HeadName[] }
  | { type: 'save' };

/** What a model says at one place. */
export interface Prediction {
  text: string;
  probability: number;
  /** null where nobody knows. */
  correct: string | null;
  /** The right answer here is that the answer has ended. */
  isEnd: boolean;
}

/** What a model makes of the learner's input. */
export interface Picture {
  step: number;
  sites: readonly SitePattern[];
  answer: readonly Prediction[];
}

export type Whose = 'untrained' | 'now' | 'shipped';

export interface Measured {
  step: number;
  /** Of the weights before the step, over the step's own batch. */
  loss: number;
  accuracy: number;
}

/** The part of the labelled positions that are right, over examples that are never trained on. */
export interface HeldOut {
  step: number;
  accuracy: number;
}

/** What is true of a run whenever something changed. */
export interface Progress {
  /** The newest step, and the one whose weights are shown. */
  newest: number;
  step: number;
  kept: readonly number[];
  measured: readonly Measured[];
  heldOut: readonly HeldOut[];
  stepsPerSecond: number;
  /** null while a model of this shape cannot read the input. */
  picture: Picture | null;
}

export interface Opened {
  setup: Setup;
  startFrom: 'initial' | 'shipped' | 'files';
  /** Of a loaded model, as it was saved: steps of training behind it. */
  trainedSteps: number;
  parameterCount: number;
  hasShipped: boolean;
}

export type Report = { run: number } & (
  | ({ type: 'opened' } & Opened)
  | ({ type: 'progress' } & Progress)
  /** Of models that do not train. */
  | { type: 'picture'; whose: 'untrained' | 'shipped'; picture: Picture | null }
  /** isOwn: the answer to a learner's input; else another one was drawn. */
  | { type: 'input'; input: LearnerInput; isOwn: boolean; problem: Text | null }
  | { type: 'paused'; step: number }
  | { type: 'goal'; step: number; seconds: number; accuracy: number }
  /** Held-out accuracy just before and just after heads were switched. */
  | { type: 'switched'; step: number; before: number; after: number }
  | { type: 'importance'; step: number; accuracies: readonly (HeadName & { accuracy: number })[] }
  | { type: 'saved'; name: string; bytes: Uint8Array<ArrayBuffer> }
  /** `back`: the newest kept step at which all was well. */
  | {
      type: 'failed';
      code: string;
      message: string;
      step: number;
      back: number;
      during: 'opening' | 'loading' | 'training';
    }
);

// One training run, in the worker: steps until it is told to stop, keeps snapshots, and reports at a measured pace.
import { AttentionLabError, type Snapshot, type Trainer } from 'attention-lab';
import { History } from '../../lib/history.ts';
import { Pace } from '../../lib/pace.ts';
import { InputProblem, type Encoded, type Lesson, type Text } from '../../lessons/lesson.ts';
import { trainerOptions } from '../../lessons/training.ts';
import { zipOf } from './files.ts';
import { HeldOutExamples } from './held-out.ts';
import type { Models } from './models.ts';
import { headOff } from '../lab/edits.ts';
import { pictureOf } from './picture.ts';
import type { HeadName } from '../shared/attention.ts';
import type { HeldOut, LearnerInput, Measured, Picture, Report, Setup } from './protocol.ts';

/** Steps between two measurements on the held-out examples, and between snapshots at first. */
const heldOutEvery = 20;
const snapshotEvery = 5;
const mostSnapshots = 60;

interface Kept {
  snapshot: Snapshot;
  /** Of the snapshot's weights, over the next batch; unknown until the next step. */
  loss: number | null;
}

export type Post = (
  report: Report extends infer R ? (R extends unknown ? Omit<R, 'run'> : never) : never,
  transfer?: Transferable[],
) => void;

/** Lets the requests that have come meanwhile be handled; setTimeout would wait four milliseconds at least. */
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();
const otherTasks = () =>
  new Promise<void>((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });

export class TrainingRun {
  readonly #trainer: Trainer;
  readonly #heldOut: HeldOutExamples;
  readonly #history = new History<Kept>(snapshotEvery, mostSnapshots);
  readonly #pace = new Pace();
  #input: LearnerInput = '';
  /** null where the lesson cannot read the input. */
  #encoded: Encoded | null = null;
  #off: readonly HeadName[] = [];
  #learningRate: number;
  #step = 0;
  #isPlaying = false;
  /** Counts calls of `play`: only the newest goes on. */
  #turn = 0;
  #trainedMilliseconds = 0;
  /** The step at which the goal was reached; it is news again after a head is switched, or further back in time. */
  #goalAt: number | null = null;
  #firstLoss = Infinity;
  #measured: Measured[] = [];
  #heldOutNews: HeldOut[] = [];
  #lastReport = 0;
  /** null: as fast as it goes. */
  #stepsPerSecond: number | null = null;
  #lastStep = 0;

  constructor(
    private readonly lesson: Lesson,
    private readonly models: Models,
    private readonly setup: Setup,
    private readonly post: Post,
  ) {
    const { seed, learningRate } = setup;
    this.#learningRate = learningRate;
    // Without the lesson's last step: here training goes on for as long as somebody watches.
    const { totalSteps: _, ...options } = trainerOptions(lesson, seed, { lr: learningRate });
    this.#trainer = models.training.trainer(options);
    this.#heldOut = new HeldOutExamples(lesson, this.#trainer);
    this.#keep(true);
    const accuracy = this.#heldOut.accuracy();
    this.#heldOutNews.push({ step: 0, accuracy });
    if (accuracy >= lesson.goal) this.#goalAt = 0; // a trained model: no news
  }

  /** Runs until `pause`, the goal, or a loss that is no number. */
  async play(every: number, stepsPerSecond: number | null = null): Promise<void> {
    this.#stepsPerSecond = stepsPerSecond;
    if (this.#isPlaying) return;
    this.#isPlaying = true;
    this.#forgetLater();
    this.#pace.restart();
    const turn = ++this.#turn;
    while (this.#isPlaying && this.#turn === turn) {
      if (this.#advance() && this.#isPlaying && performance.now() - this.#lastReport >= every)
        this.#report();
      await this.#untilNextStep();
    }
  }

  setPace(stepsPerSecond: number | null): void {
    this.#stepsPerSecond = stepsPerSecond;
  }

  async #untilNextStep(): Promise<void> {
    const rest =
      this.#stepsPerSecond === null
        ? 0
        : this.#lastStep + 1000 / this.#stepsPerSecond - performance.now();
    if (rest > 4) await new Promise((resolve) => setTimeout(resolve, rest));
    else await otherTasks();
  }

  /** Stops without a word. */
  halt(): void {
    if (!this.#isPlaying) return;
    this.#isPlaying = false;
    this.#keep();
  }

  pause(): void {
    if (!this.#isPlaying) return;
    this.halt();
    this.#report();
    this.post({ type: 'paused', step: this.#step });
  }

  stepOnce(): void {
    if (this.#isPlaying) return this.pause();
    this.#forgetLater();
    if (!this.#advance()) return;
    this.#keep();
    this.#report();
  }

  setLearningRate(value: number): void {
    this.#trainer.lr = value;
    this.#learningRate = value;
  }

  /** Shows the weights of a kept step; training goes on from them. */
  show(step: number): void {
    this.pause();
    const kept = this.#history.at(step);
    if (!kept) return;
    this.#trainer.restore(kept.snapshot);
    this.#step = step;
    this.#report();
  }

  switchOff(heads: readonly HeadName[]): void {
    const offBefore = this.#off;
    this.#off = heads;
    const before = this.#accuracyWithout(offBefore);
    const after = this.#accuracyWithout(heads);
    this.#keep(true);
    this.#goalAt = null;
    this.#heldOutNews.push({ step: this.#step, accuracy: after });
    this.post({ type: 'switched', step: this.#step, before, after });
    this.#report();
  }

  /** Held-out accuracy without each head in turn, beside those that are off. */
  importance(heads: readonly HeadName[]): void {
    const accuracies = heads.map((head) => ({
      ...head,
      accuracy: this.#accuracyWithout([...this.#off, head]),
    }));
    this.post({ type: 'importance', step: this.#step, accuracies });
  }

  /** Held-out accuracy with these heads off. Training goes on with those of `#off`, also where the weights allow no measuring. */
  #accuracyWithout(heads: readonly HeadName[]): number {
    this.#trainer.interventions = heads.map(headOff);
    try {
      return this.#heldOut.accuracy();
    } finally {
      this.#trainer.interventions = this.#off.map(headOff);
    }
  }

  /** What the lesson opens with. */
  readFirst(): void {
    if (this.lesson.kind === 'drawing') return this.another();
    const input = this.lesson.samples[0]!;
    this.#take(input, this.lesson.encode(input), false);
  }

  /** An example that was never trained on. */
  another(): void {
    const { input, encoded } = this.#heldOut.draw();
    this.#take(input, encoded, false);
  }

  read(input: LearnerInput): void {
    try {
      this.#take(input, this.lesson.encode(input as never), true);
    } catch (error) {
      if (!(error instanceof InputProblem)) throw error;
      this.#take(input, null, true, error.text);
    }
  }

  #take(
    input: LearnerInput,
    encoded: Encoded | null,
    isOwn: boolean,
    problem: Text | null = null,
  ): void {
    this.#input = input;
    this.#encoded = encoded;
    this.post({ type: 'input', input, isOwn, problem });
    for (const whose of ['untrained', 'shipped'] as const) {
      const model = this.models[whose];
      this.post({
        type: 'picture',
        whose,
        picture: model && encoded && this.#pictureOf(model, encoded, []),
      });
    }
    this.#report();
  }

  save(): void {
    const { lesson, seed } = this.setup;
    const run = { lesson, seed, learningRate: this.#learningRate, steps: this.#step };
    this.post({ type: 'saved', ...zipOf(this.models.training, this.lesson, run) });
  }

  dispose(): void {
    this.#isPlaying = false;
    this.#trainer.dispose();
    for (const model of [this.models.training, this.models.untrained, this.models.shipped])
      model?.dispose();
  }

  /** false: the step failed. */
  #advance(): boolean {
    if (this.#history.isDue(this.#step)) this.#keep();
    const kept = this.#history.at(this.#step);
    const start = performance.now();
    try {
      const { loss, accuracy } = this.#trainer.step();
      if (kept) kept.loss = loss;
      if (this.#step === 0) this.#firstLoss = loss;
      this.#step += 1;
      this.#measured.push({ step: this.#step, loss, accuracy });
      this.#lastStep = start;
      this.#trainedMilliseconds += performance.now() - start;
      this.#pace.count();
      if (this.#step % heldOutEvery === 0) this.#measureHeldOut();
    } catch (error) {
      this.fail(error);
      return false;
    }
    return true;
  }

  #measureHeldOut(): void {
    const accuracy = this.#heldOut.accuracy();
    this.#heldOutNews.push({ step: this.#step, accuracy });
    if (this.#goalAt !== null || accuracy < this.lesson.goal) return;
    this.#goalAt = this.#step;
    this.#keep(true);
    this.pause();
    this.post({
      type: 'goal',
      step: this.#step,
      seconds: this.#trainedMilliseconds / 1000,
      accuracy,
    });
  }

  /** Stops, and says why and where sound weights are kept. */
  fail(error: unknown): void {
    this.#isPlaying = false;
    const step = this.#step;
    const isSound = ({ loss }: Kept) => loss !== null && loss <= this.#firstLoss;
    const back = this.#history.kept.findLast(({ value }) => isSound(value))?.step ?? 0;
    const code = error instanceof AttentionLabError ? error.code : 'unknown';
    this.post({
      type: 'failed',
      during: 'training',
      code,
      message: String((error as Error).message),
      step,
      back,
    });
  }

  #keep(pinned = false): void {
    const last = this.#history.kept.at(-1);
    if (last && last.step >= this.#step) {
      if (pinned) this.#history.pin(this.#step);
      return;
    }
    this.#history.add(this.#step, { snapshot: this.#trainer.snapshot(), loss: null }, pinned);
  }

  /** Training goes on from the step that is shown: what came after it never was. */
  #forgetLater(): void {
    this.#history.cut(this.#step);
    if (this.#goalAt !== null && this.#goalAt > this.#step) this.#goalAt = null;
  }

  #pictureOf(model: Models['training'], encoded: Encoded, off: readonly HeadName[]): Picture {
    return pictureOf(model, this.lesson, this.#input, encoded, this.#step, off);
  }

  #report(): void {
    this.#lastReport = performance.now();
    const picture =
      this.#encoded && this.#pictureOf(this.models.training, this.#encoded, this.#off);
    const kept = this.#history.steps;
    const newest = Math.max(this.#step, kept.at(-1)!);
    // Where training went back, what was measured after that and not yet reported never was.
    const isStill = ({ step }: { step: number }) => step <= newest;
    const [measured, heldOut] = [this.#measured.filter(isStill), this.#heldOutNews.filter(isStill)];
    this.#measured = [];
    this.#heldOutNews = [];
    this.post(
      {
        type: 'progress',
        newest,
        step: this.#step,
        kept,
        measured,
        heldOut,
        picture,
        stepsPerSecond: this.#pace.perSecond,
      },
      (picture?.sites ?? []).map(({ pattern }) => pattern.data.buffer),
    );
  }
}

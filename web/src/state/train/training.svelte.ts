// The training part as data: what was asked for, what the worker reported, and what is shown of it. Owns the worker.
import { lessons } from '../../lessons/index.ts';
import type { Lesson, Text } from '../../lessons/lesson.ts';
import { Measurements } from './measured.svelte.ts';
import type { HeadName } from '../shared/attention.ts';
import type {
  StartFrom,
  LearnerInput,
  Opened,
  Picture,
  Progress,
  Report,
  Request,
  Setup,
  Whose,
} from './protocol.ts';
import { connect, type Connection } from './connection.ts';
import { Replay } from './replay.ts';
import { isSameShape, shapeOf } from './shape.ts';
import { ShownAttention } from './shown.svelte.ts';
import {
  targetAttentionOf,
  successorOf,
  type TargetAttention,
  type Successor,
} from './successor.ts';

export type Phase = 'opening' | 'ready' | 'playing' | 'replaying';

/** The last thing that happened, to be said once. */
export type News =
  | { kind: 'opening' | 'initial' | 'shipped' | 'running' | 'replaying' | 'architecture' }
  | { kind: 'loaded' | 'saved'; name: string }
  | { kind: 'paused'; step: number }
  | { kind: 'looking'; step: number; newest: number }
  | {
      kind: 'goal';
      step: number;
      seconds: number;
      accuracy: number;
      since: number | null;
      successor: Successor | null;
    }
  | { kind: 'switched'; head: HeadName; isOff: boolean; before: number; after: number };

export type Failure = Pick<
  Extract<Report, { type: 'failed' }>,
  'code' | 'message' | 'step' | 'back' | 'during'
>;

/** The lesson's own settings. */
export function setupOf(lesson: Lesson, seed = 1): Setup {
  return { lesson: lesson.id, seed, learningRate: lesson.training.lr, ...shapeOf(lesson.config) };
}

export const sameHead = (a: HeadName, b: HeadName): boolean =>
  a.site === b.site && a.head === b.head;

/** Milliseconds between pictures of a running training: fifteen a second, or two for a reader who asked for less motion. */
const [reports, calmReports] = [66, 500];
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** Slow motion takes a lesson to its goal in about so many seconds. A lesson that takes longer anyway needs none. */
const slowSeconds = 20;
const needsSlowMotion = (lesson: Lesson) => lesson.stepsToGoal / slowSeconds < 100;

class Training {
  setup = $state.raw<Setup>(setupOf(lessons[0]!));
  phase = $state<Phase>('opening');
  opened = $state.raw<Opened | null>(null);
  progress = $state.raw<Omit<Progress, 'measured' | 'heldOut' | 'picture'> | null>(null);
  pictures = $state.raw<Record<Whose, Picture | null>>({
    untrained: null,
    now: null,
    shipped: null,
  });
  input = $state.raw<LearnerInput | null>(null);
  problem = $state.raw<Text | null>(null);
  off = $state.raw<readonly HeadName[]>([]);
  /** Held-out accuracy without each head, as measured at a step. */
  importance = $state.raw<Extract<Report, { type: 'importance' }> | null>(null);
  news = $state.raw<News>({ kind: 'opening' });
  failure = $state.raw<Failure | null>(null);
  /** null: as the lesson needs it. */
  #slow = $state<boolean | null>(null);

  readonly lesson: Lesson = $derived(
    lessons.find(({ id }) => id === this.setup.lesson) ?? lessons[0]!,
  );
  readonly step = $derived(this.progress?.step ?? 0);
  /** Whether the one sequence of a lesson without an encoder may not look ahead. */
  readonly isCausal = $derived(this.lesson.config.attention.causal ?? false);
  readonly newest = $derived(this.progress?.newest ?? 0);
  readonly shown = new ShownAttention(() => this.pictures);
  readonly measured = new Measurements();
  readonly isSlow = $derived(this.#slow ?? needsSlowMotion(this.lesson));
  /** With most attention on the answer, of those that are on; null where the lesson names no targets. */
  readonly strongestHead: HeadName | null = $derived.by(() => {
    const heads = targetAttentionOf(this.pictures.now).filter((head) => !this.isOff(head));
    return heads.length > 0 ? heads.reduce((a, b) => (b.share > a.share ? b : a)) : null;
  });

  #connection: Connection | null = null;
  readonly #replay = new Replay();
  /** Who waits for a step to be on screen. */
  #onshown: ((isShown: boolean) => void) | null = null;
  /** Reports of an older run are dropped. */
  #run = 0;
  #loadedName = '';
  /** Heads are switched one by one: which was the last. */
  #switched: HeadName | null = null;
  #offAfterOpening: readonly HeadName[] = [];
  #lastSwitchAt: number | null = null;
  #targetAttentionAtSwitch: readonly TargetAttention[] = [];
  #isReshaped = false;
  #lastSetup: Setup | null = null;
  #isReading = false;
  #isOwnInput = false;
  #waiting: LearnerInput | null = null;

  open(
    setup: Setup,
    startFrom: StartFrom = { from: 'initial' },
    { input = null, off = [] }: { input?: LearnerInput | null; off?: readonly HeadName[] } = {},
  ): void {
    const isOtherLesson = setup.lesson !== this.setup.lesson;
    this.#isReshaped =
      !isOtherLesson &&
      this.opened !== null &&
      (['layers', 'heads', 'width'] as const).some((name) => setup[name] !== this.setup[name]);
    this.setup = setup;
    this.#endReplay();
    this.phase = 'opening';
    this.news = { kind: 'opening' };
    this.failure = null;
    this.#offAfterOpening = off;
    this.#isReading = false; // an answer to the old run is not heard any more
    this.#waiting = null;
    // The page's own examples it finds again, with their right answers.
    const kept = input ?? (isOtherLesson || !this.#isOwnInput ? null : this.input);
    if (isOtherLesson || input !== null) this.input = kept;
    this.#send({
      type: 'open',
      run: ++this.#run,
      setup,
      startFrom,
      input: kept,
      models: new URL('models/', document.baseURI).href,
    });
  }

  load(files: readonly File[]): void {
    this.#loadedName = files[0]?.name ?? '';
    this.open(this.setup, { from: 'files', files });
  }

  reset(): void {
    this.open(this.setup, { from: this.opened?.startFrom === 'shipped' ? 'shipped' : 'initial' });
  }

  play(): void {
    this.#endReplay();
    this.shown.whose = 'now';
    this.failure = null;
    this.phase = 'playing';
    this.news = { kind: 'running' };
    const every = calm.matches ? calmReports : reports;
    this.#send({ type: 'play', every, stepsPerSecond: this.#pace() });
  }

  pause(): void {
    this.#send({ type: 'pause' });
  }

  setSlow(isSlow: boolean): void {
    this.#slow = isSlow;
    this.#send({ type: 'pace', stepsPerSecond: this.#pace() });
  }

  #pace(): number | null {
    return this.isSlow ? this.lesson.stepsToGoal / slowSeconds : null;
  }

  /** Shows every kept step again; `onframe` after each. false: stopped before its end. */
  async replay(onframe: () => void = () => undefined): Promise<boolean> {
    const kept = this.progress?.kept ?? [];
    if (this.phase !== 'ready' || kept.length < 2) return false;
    this.shown.whose = 'now';
    this.phase = 'replaying';
    this.news = { kind: 'replaying' };
    const isWhole = await this.#replay.run(kept, (step) => this.#shownStep(step), onframe);
    if (isWhole) this.#endReplay();
    return isWhole;
  }

  /** Stays at the step that is shown. */
  stopReplay(): void {
    this.#endReplay();
  }

  #endReplay(): void {
    this.#replay.stop();
    this.#onshown?.(false);
    this.#onshown = null;
    if (this.phase !== 'replaying') return;
    this.phase = 'ready';
    this.news = this.#newsOf(this.step);
  }

  #shownStep(step: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#onshown = resolve;
      this.#send({ type: 'show', step });
    });
  }

  stepOnce(): void {
    this.shown.whose = 'now';
    this.failure = null;
    this.#send({ type: 'step' });
  }

  show(step: number): void {
    this.#endReplay();
    this.shown.whose = 'now';
    this.#send({ type: 'show', step });
    this.news = this.#newsOf(step);
  }

  setLearningRate(learningRate: number): void {
    this.setup = { ...this.setup, learningRate };
    this.#send({ type: 'learningRate', value: learningRate });
  }

  /** One input at a time is with the worker; of those that come meanwhile only the newest follows. */
  read(input: LearnerInput): void {
    this.input = input;
    if (this.#isReading) {
      this.#waiting = input;
      return;
    }
    this.#isReading = true;
    this.#send({ type: 'input', input });
  }

  another(): void {
    this.#send({ type: 'example' });
  }

  isOff(head: HeadName): boolean {
    return this.off.some((each) => sameHead(each, head));
  }

  toggle(head: HeadName): void {
    this.#switched = head;
    this.#setOff(
      this.isOff(head) ? this.off.filter((each) => !sameHead(each, head)) : [...this.off, head],
    );
  }

  restoreHeads(): void {
    this.#switched = this.off.at(-1) ?? null;
    this.#setOff([]);
  }

  measureImportance(): void {
    const heads = this.shown.sites.flatMap(({ site, pattern }) =>
      Array.from({ length: pattern.dims[1]! }, (_, head) => ({ site, head })),
    );
    this.#send({ type: 'importance', heads });
  }

  save(): void {
    this.#send({ type: 'save' });
  }

  /** Nobody looks: the run stays where it is. */
  leave(): void {
    this.#endReplay();
    if (this.phase === 'playing') this.pause();
  }

  #newsOf(step: number): News {
    const { newest } = this;
    return step < newest ? { kind: 'looking', step, newest } : { kind: 'paused', step };
  }

  #setOff(off: readonly HeadName[]): void {
    this.off = off;
    this.#send({ type: 'off', heads: off });
  }

  #send(request: Request): void {
    this.#connection ??= connect(
      (report) => report.run === this.#run && this.#hear(report),
      (message) =>
        this.#fail({ code: 'unknown', message, step: this.step, back: 0, during: 'opening' }),
    );
    this.#connection.send(request);
  }

  #hear(report: Report): void {
    switch (report.type) {
      case 'opened':
        return this.#opened(report);
      case 'progress':
        return this.#progressed(report);
      case 'picture':
        this.pictures = { ...this.pictures, [report.whose]: report.picture };
        return;
      case 'input':
        this.#inputRead(report);
        return;
      case 'paused':
        this.phase = 'ready';
        this.news =
          this.news.kind === 'looking' ? this.news : { kind: 'paused', step: report.step };
        return;
      case 'goal': {
        const { step, seconds, accuracy } = report;
        this.phase = 'ready';
        const since = this.#lastSwitchAt;
        const successor =
          since === null
            ? null
            : successorOf(
                this.#targetAttentionAtSwitch,
                targetAttentionOf(this.pictures.now),
                (head) => this.isOff(head),
              );
        this.news = { kind: 'goal', step, seconds, accuracy, since, successor };
        return;
      }
      case 'switched': {
        const { step, before, after } = report;
        this.#targetAttentionAtSwitch = targetAttentionOf(this.pictures.now); // its picture without the head follows
        this.measured.mark(step);
        this.#lastSwitchAt = this.off.length > 0 ? step : null;
        const head = this.#switched;
        if (head) this.news = { kind: 'switched', head, isOff: this.isOff(head), before, after };
        return;
      }
      case 'importance':
        this.importance = report;
        return;
      case 'saved':
        this.saved?.(report.name, report.bytes);
        this.news = { kind: 'saved', name: report.name };
        return;
      case 'failed':
        return this.#fail(report);
    }
  }

  /** Takes a saved model out of the page: set by the view that asked for it. */
  saved: ((name: string, bytes: Uint8Array<ArrayBuffer>) => void) | null = null;

  #inputRead({ input, isOwn, problem }: Extract<Report, { type: 'input' }>): void {
    // The learner may have typed on meanwhile: what is in the field is newer than what came back.
    if (!isOwn) this.input = input;
    this.#isOwnInput = isOwn;
    this.problem = problem;
    if (!isOwn) return;
    this.#isReading = false;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) this.read(waiting);
  }

  #opened(report: Opened): void {
    this.setup = report.setup;
    this.opened = report;
    this.phase = 'ready';
    this.progress = null;
    this.importance = null;
    this.off = [];
    this.#lastSwitchAt = null;
    this.#showHead(report.setup);
    this.measured.clear();
    const { startFrom } = report;
    this.news =
      startFrom === 'files'
        ? { kind: 'loaded', name: this.#loadedName }
        : { kind: this.#isReshaped ? 'architecture' : startFrom };
    this.#switched = this.#offAfterOpening.at(-1) ?? null;
    if (this.#switched) this.#setOff(this.#offAfterOpening);
  }

  #progressed({ measured, heldOut, picture, ...progress }: Progress): void {
    if (this.progress && progress.newest < this.progress.newest) this.measured.cut(progress.newest);
    this.measured.add(measured, heldOut);
    const isStep = this.phase === 'ready' && progress.newest > this.newest;
    if (isStep) this.news = { kind: 'paused', step: progress.step };
    this.progress = progress;
    this.pictures = { ...this.pictures, now: picture };
    this.shown.followStrongest();
    this.#onshown?.(true);
    this.#onshown = null;
  }

  /** With the lesson's own settings it is known which head learns to attend to the answer. */
  #showHead(setup: Setup): void {
    const { lesson } = this;
    const own = setupOf(lesson, lesson.shipped.seed);
    const isOwn = setup.seed === own.seed && isSameShape(setup, own);
    const before = this.#lastSetup;
    this.#lastSetup = setup;
    const isSameModel = before?.lesson === setup.lesson && isSameShape(before, setup);
    this.shown.begin(isSameModel, isOwn ? lesson.shipped.head : null);
  }

  #fail({ code, message, step, back, during }: Failure): void {
    this.#endReplay();
    this.phase = 'ready';
    this.failure = { code, message, step, back, during };
    if (this.news.kind === 'opening' || this.news.kind === 'running')
      this.news = { kind: 'paused', step: this.step };
  }
}

export const training = new Training();

// What the answer hangs on: how its probability changes with each head off, and what a word of another sentence does in its place.
// A small model is asked at every change; a big one when the reader says so. Knows no view.
import type { SweepResult } from 'attention-lab';
import { untrack } from 'svelte';
import { prediction } from './prediction.svelte.ts';
import { session } from './session.svelte.ts';
import type { OpenModel, Question as Asked } from './open-model.svelte.ts';
import type { Run, TextRun } from './run.ts';
import type { Edits } from './edits.ts';
import type { SiteKind } from '../shared/attention.ts';

interface Question {
  model: OpenModel;
  run: Run;
  edits: Edits;
  /** The word or class that is asked about, and where it stands. */
  asked: Asked;
  /** Of a text, where a sentence is compared with: its run and the word expected there. */
  other: { run: TextRun; token: number } | null;
}

export interface Answers {
  word: string;
  /** Its share as things are. */
  baseline: number;
  /** Two logits are compared: numbers are logits, not shares. */
  isDifference: boolean;
  /** The other word; null where there is none. */
  against: string | null;
  /** Of each kind of attention. */
  heads: { kind: SiteKind; result: SweepResult }[];
  patches: { word: string; result: SweepResult } | null;
}

/** Milliseconds without a change after which a small model is asked. */
const pause = 120;
/** Passes that a small model makes without being told to. */
const mostPasses = 200;

class Causes {
  answers = $state.raw<Answers | null>(null);
  progress = $state.raw<{ done: number; total: number } | null>(null);
  error = $state('');
  #asking: AbortController | null = null;
  /** The model that the answers are of. */
  #answering: OpenModel | null = null;

  readonly question: Question | null = $derived.by(() => {
    const { model, after, textRunBefore: before, pinned } = session;
    const { position } = prediction;
    const { expected } = prediction;
    if (!model || !after || position === null || expected.after === null) return null;
    const { ownId } = prediction;
    const against = ownId !== null && ownId !== expected.after ? ownId : null;
    const fits =
      pinned !== null &&
      before !== null &&
      before.tokens.length === after.tokens.length &&
      expected.before !== null;
    return {
      model,
      run: after,
      edits: session.controls.edits,
      asked: {
        token: expected.after,
        position,
        ...(against !== null && { against }),
      },
      other: fits ? { run: before, token: expected.before! } : null,
    };
  });
  readonly asksItself: boolean = $derived.by(() => {
    const { question } = this;
    if (!question) return false;
    const { model, run, other } = question;
    const passes =
      model.siteNames.length * model.numHeads + (other ? model.numLayers * run.tokens.length : 0);
    return model.isQuick && passes <= mostPasses;
  });

  /** Forgets answers to another question; a small model is asked the new one. To be called inside an effect; returns what ends it. */
  follow(): () => void {
    const { question, asksItself } = this;
    untrack(() => {
      this.stop();
      // What is known of another model says nothing here, not even for a moment.
      if (!question || !asksItself || question.model !== this.#answering) this.answers = null;
    });
    const timer = question && asksItself ? setTimeout(() => void this.ask(), pause) : undefined;
    return () => clearTimeout(timer);
  }

  async ask(): Promise<void> {
    this.stop();
    const { question } = this;
    if (!question) return;
    const { model, run, edits, asked, other } = question;
    const mine = new AbortController();
    this.#asking = mine;
    this.error = '';
    const call = {
      signal: mine.signal,
      onProgress: (progress: { done: number; total: number }) =>
        (this.progress = this.asksItself ? null : progress),
    };
    try {
      const heads = await model.withoutHeads(run, edits, asked, call);
      const patched =
        other &&
        (await session.textModel!.withPatches(
          run as TextRun,
          other.run,
          edits,
          { token: other.token, position: asked.position },
          call,
        ));
      if (this.#asking !== mine) return;
      this.#answering = model;
      this.answers = {
        word: model.word(asked.token),
        baseline: heads[0]!.result.baseline,
        isDifference: asked.against !== undefined,
        against: asked.against === undefined ? null : model.word(asked.against),
        heads,
        patches: patched && { word: model.word(other!.token), result: patched },
      };
    } catch (error) {
      if (this.#asking === mine)
        this.error = error instanceof Error ? error.message : String(error);
    } finally {
      if (this.#asking === mine) this.stop();
    }
  }

  stop(): void {
    this.#asking?.abort();
    this.#asking = null;
    this.progress = null;
  }
}

export const causes = new Causes();

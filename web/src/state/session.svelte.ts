// The session: the open model, the sentence, and the two runs that every view reads — before and after the reader's edits.
import { AttentionLabError } from 'attention-lab';
import type { LoadOptions, ModelSource, Progress } from 'attention-lab';
import { untrack } from 'svelte';
import { followToken } from '../lib/follow.ts';
import { Controls } from './controls.svelte.ts';
import { noEdits, type MaskCell } from './edits.ts';
import { openModel } from './engine.ts';
import type { PageModel, Run, Token } from './model.svelte.ts';
import { Selection, type Choice } from './selection.svelte.ts';
import type { ViewedModel } from './viewed-model.ts';

export type Compare = 'after' | 'before' | 'difference';

/** A choice by words, to be found among the tokens of the text that was just set. */
export interface WordChoice {
  layer: number;
  head: number;
  query: string;
  key: string;
}

interface Pair {
  model: PageModel;
  before: Run;
  after: Run;
}

export class Session {
  readonly controls = new Controls();
  readonly selection = new Selection();

  model = $state.raw<PageModel | null>(null);
  /** A model of another kind, shown in its stead. */
  viewed = $state.raw<ViewedModel | null>(null);
  text = $state('');
  /** Where set, "before" is this sentence without edits; else it is the same sentence without edits. */
  pinned = $state<string | null>(null);
  compare = $state<Compare>('after');

  loading = $state.raw<Progress | null>(null);
  isLoading = $state(false);
  /** Why the last load or run failed; the run before it stays on screen. */
  error = $state.raw<{ code: string; message: string } | null>(null);

  before = $state.raw<Run | null>(null);
  after = $state.raw<Run | null>(null);

  /** There is something to compare: edits, or another sentence as "before". */
  readonly hasBefore = $derived(this.controls.modified || this.pinned !== null);
  readonly tokens: readonly Token[] = $derived(this.after?.tokens ?? []);
  readonly length = $derived(this.tokens.length);

  /** Tokens that the selection refers to; null: the next run's. */
  #names: readonly string[] | null = null;
  #wanted: WordChoice | null = null;
  /** Counts calls of `open`: the newest wins. */
  #openings = 0;
  /** A run in a worker is under way; the newest text and edits wait, older ones are forgotten. */
  isComputing = $state(false);
  #waiting: (() => Promise<Pair>) | null = null;

  /** `sample`: an input that it knows. false: it could not be opened, `error` says why, and the model that was open stays. */
  async open(source: ModelSource, name: string, shipped: boolean, options: LoadOptions = {}, sample?: string): Promise<boolean> {
    const turn = ++this.#openings;
    this.isLoading = true;
    this.error = null;
    try {
      const model = await openModel(source, name, shipped, { ...options, onProgress: (progress) => (this.loading = progress) });
      if (turn !== this.#openings) {
        model.dispose(); // the reader has chosen another one meanwhile
        return false;
      }
      this.viewed?.dispose();
      this.viewed = null;
      if ('kind' in model) {
        model.sample = sample;
        this.viewed = model;
        return true;
      }
      this.text = sample ?? this.text;
      const old = this.model;
      this.controls.clear();
      this.pinned = null;
      this.#names = null;
      this.selection.clamp(model.numLayers, model.numHeads);
      this.model = model;
      old?.dispose();
      return true;
    } catch (error) {
      if (turn === this.#openings) this.#fail(error);
      return false;
    } finally {
      this.isLoading = turn !== this.#openings;
      if (!this.isLoading) this.loading = null;
    }
  }

  /** A choice that belongs to the text just set: it is not to be moved along from the text before. */
  select(choice: Choice | WordChoice): void {
    this.#names = null;
    if (typeof choice.query === 'string') this.#wanted = choice as WordChoice;
    else this.selection.lock(choice as Choice);
  }

  /** Runs what is needed for the current sentence and edits. To be called inside an effect. */
  run(): void {
    const { model, text, pinned, hasBefore } = this;
    const { edits } = this.controls;
    if (!model) return;
    const layer = model.tracesAll ? 0 : this.selection.locked.layer;
    const runAfter = () => model.run(text, edits, layer);
    const runBefore = (after: Run) => (hasBefore ? model.run(pinned ?? text, noEdits, layer) : after);
    if (model.isRemote) {
      void this.#later(async () => {
        const after = await runAfter();
        return { model, after, before: await runBefore(after) };
      });
      return;
    }
    try {
      const after = runAfter() as Run;
      const before = runBefore(after) as Run;
      untrack(() => this.#show({ model, after, before }));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #later(task: () => Promise<Pair>): Promise<void> {
    this.#waiting = task;
    if (untrack(() => this.isComputing)) return;
    this.isComputing = true;
    while (this.#waiting) {
      const next: () => Promise<Pair> = this.#waiting;
      this.#waiting = null;
      try {
        const pair = await next();
        if (pair.model === this.model) this.#show(pair);
      } catch (error) {
        if (!this.#waiting) this.#fail(error);
      }
    }
    this.isComputing = false;
  }

  #show({ before, after }: Pair): void {
    this.#follow(after.tokens.map((token) => token.text));
    this.after = after;
    this.before = before;
    this.error = null;
  }

  /** Keeps the selected tokens and the closed cells on their words when words before them come and go. */
  #follow(names: readonly string[]): void {
    const old = this.#names ?? names;
    this.#names = names;
    if (this.#wanted) {
      const { layer, head, query, key } = this.#wanted;
      const place = (word: string) => (names.includes(word) ? names.indexOf(word) : null);
      this.selection.lock({ layer, head, query: place(query), key: place(key) });
      this.#wanted = null;
      return;
    }
    const moved = (index: number | null) => {
      const place = index === null ? null : followToken(old, names, index);
      return place !== null && place < names.length ? place : null;
    };
    const { query, key } = this.selection.locked;
    const next = { query: moved(query), key: moved(key) };
    if (next.query !== query || next.key !== key) this.selection.lock(next);
    const { edits } = this.controls;
    if (edits.blocked.length === 0 || old.join(' ') === names.join(' ')) return;
    const blocked = edits.blocked.flatMap(([row, column]): MaskCell[] => {
      const [q, k] = [moved(row), moved(column)];
      return q === null || k === null ? [] : [[q, k]];
    });
    this.controls.change({ ...edits, blocked }, 'follow');
  }

  #fail(error: unknown): void {
    const code = error instanceof AttentionLabError ? error.code : 'unknown';
    this.error = { code, message: error instanceof Error ? error.message : String(error) };
  }
}

export const session = new Session();

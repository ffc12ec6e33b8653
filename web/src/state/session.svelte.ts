// The session: the open model, the sentence, and the two runs that every view reads — before and after the reader's edits.
import { untrack } from 'svelte';
import { AttentionLabError } from 'attention-lab';
import { followToken } from '../lib/follow.ts';
import { Controls } from './controls.svelte.ts';
import { forwardOptions, noEdits, type Edits } from './edits.ts';
import { openModel, type PageModel, type Run, type Token } from './engine.ts';
import { Selection, type Choice } from './selection.svelte.ts';
import type { ModelSource, Progress } from 'attention-lab';

export type Compare = 'after' | 'before' | 'difference';

export class Session {
  readonly controls = new Controls();
  readonly selection = new Selection();

  model = $state.raw<PageModel | null>(null);
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
  /** The sentence had more tokens than the model has positions. */
  truncated = $state(false);

  #names: readonly string[] = [];

  async open(source: ModelSource, name: string, shipped: boolean): Promise<boolean> {
    this.isLoading = true;
    this.error = null;
    try {
      const model = await openModel(source, name, shipped, (progress) => (this.loading = progress));
      const old = this.model;
      this.controls.clear();
      this.pinned = null;
      this.model = model;
      this.selection.clamp(model.numLayers, model.numHeads);
      old?.dispose();
      return true;
    } catch (error) {
      this.#fail(error); // the model that was open stays
      return false;
    } finally {
      this.isLoading = false;
      this.loading = null;
    }
  }

  /** A choice that belongs to the text just set: it is not to be moved along from the text before. */
  select(choice: Choice): void {
    this.#names = [];
    this.selection.lock(choice);
  }

  /** Runs what is needed for the current sentence and edits. To be called inside an effect. */
  run(): void {
    const { model, text, pinned } = this;
    const { edits } = this.controls;
    if (!model) return;
    try {
      const layer = model.isSmall ? 0 : this.selection.locked.layer;
      const after = this.#forward(model, text, edits, layer);
      const before = this.hasBefore ? this.#forward(model, pinned ?? text, noEdits, layer) : after;
      untrack(() => this.#follow(after.tokens.map((token) => token.text)));
      this.after = after;
      this.before = before;
      this.error = null;
    } catch (error) {
      this.#fail(error);
    }
  }

  #forward(model: PageModel, text: string, edits: Edits, layer: number): Run {
    const all = model.encode(text);
    this.truncated = all.length > model.maxLen;
    const tokens = all.slice(0, model.maxLen);
    return model.forward(tokens, forwardOptions(edits, tokens.length), layer);
  }

  /** Keeps the selected tokens selected when words before them come and go. */
  #follow(names: readonly string[]): void {
    const { query, key } = this.selection.locked;
    const old = this.#names;
    this.#names = names;
    const moved = (index: number | null) =>
      index === null || old.length === 0 ? index : followToken(old, names, index);
    const next = { query: moved(query), key: moved(key) };
    if (next.query !== null && next.query >= names.length) next.query = null;
    if (next.key !== null && next.key >= names.length) next.key = null;
    if (next.query !== query || next.key !== key) this.selection.lock(next);
    const { edits } = this.controls;
    if (edits.blocked.length === 0 || old.length === 0 || old.join(' ') === names.join(' ')) return;
    const blocked = edits.blocked.flatMap(([q, k]): [number, number][] => {
      const [row, column] = [moved(q), moved(k)];
      return row === null || column === null ? [] : [[row, column]];
    });
    this.controls.change({ ...edits, blocked }, 'follow');
  }

  #fail(error: unknown): void {
    const code = error instanceof AttentionLabError ? error.code : 'unknown';
    this.error = { code, message: error instanceof Error ? error.message : String(error) };
  }
}

export const session = new Session();

// The reader's edits with their history: undo, redo, reset. Knows nothing of models or views.
import { isEdited, noEdits, type Edits } from './edits.ts';

export class Controls {
  edits = $state.raw<Edits>(noEdits);
  /** Clicking a heatmap cell opens or closes it instead of selecting it. */
  editingMask = $state(false);
  #past = $state.raw<readonly Edits[]>([]);
  #future = $state.raw<readonly Edits[]>([]);
  #lastKind = '';

  readonly modified = $derived(isEdited(this.edits));
  readonly canUndo = $derived(this.#past.length > 0);
  readonly canRedo = $derived(this.#future.length > 0);

  /** Changes of one `kind` in a row (a slider being dragged) are one step to undo. */
  change(edits: Edits, kind = ''): void {
    if (kind === '' || kind !== this.#lastKind) this.#past = [...this.#past, this.edits];
    this.#lastKind = kind;
    this.#future = [];
    this.edits = edits;
  }

  /** The slider was let go: the next drag is a step of its own. */
  settle(): void {
    this.#lastKind = '';
  }

  undo(): void {
    const last = this.#past.at(-1);
    if (!last) return;
    this.#future = [this.edits, ...this.#future];
    this.#past = this.#past.slice(0, -1);
    this.edits = last;
    this.#lastKind = '';
  }

  redo(): void {
    const [next, ...rest] = this.#future;
    if (!next) return;
    this.#past = [...this.#past, this.edits];
    this.#future = rest;
    this.edits = next;
    this.#lastKind = '';
  }

  reset(): void {
    if (this.modified) this.change(noEdits);
  }

  /** Another model: its layers, heads and tokens are not the old one's, so old edits mean nothing. */
  clear(edits: Edits = noEdits): void {
    this.edits = edits;
    this.#past = [];
    this.#future = [];
    this.#lastKind = '';
  }
}

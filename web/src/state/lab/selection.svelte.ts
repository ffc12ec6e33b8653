// Which layer, head, query and key everything shows: a locked choice, and a preview while a pointer hovers.

export interface Choice {
  layer: number;
  head: number;
  query: number | null;
  key: number | null;
}

export class Selection {
  locked = $state.raw<Choice>({ layer: 0, head: 0, query: null, key: null });
  #preview = $state.raw<Partial<Choice> | null>(null);

  readonly shown: Choice = $derived({ ...this.locked, ...this.#preview });

  lock(choice: Partial<Choice>): void {
    this.locked = { ...this.locked, ...choice };
    this.#preview = null;
  }

  preview(choice: Partial<Choice> | null): void {
    this.#preview = choice;
  }

  /** Escape: first the key, then the query. */
  clear(): void {
    this.#preview = null;
    if (this.locked.key !== null) this.lock({ key: null });
    else this.lock({ query: null });
  }

  /** After another model or a shorter text: nothing selected may lie outside. */
  clamp(layers: number, heads: number): void {
    const { layer, head } = this.locked;
    if (layer >= layers || head >= heads) {
      this.lock({ layer: Math.min(layer, layers - 1), head: Math.min(head, heads - 1) });
    }
  }
}

// The example sentences that ship with a model: what to look for, where, and which word to change.
import { shippedModel } from '../shared/models.ts';
import { session } from './session.svelte.ts';

export interface Example {
  id: string;
  text: string;
  /** The word that looks, and the word it is expected to look at. */
  query: string;
  key: string;
  layer: number;
  head: number;
  /** One other word, and the answer is another. */
  change: { from: string; to: string; text: string; key: string };
  lookFor: { en: string; zh: string };
}

class Examples {
  list = $state.raw<readonly Example[]>([]);

  /** What they say is true of the model they ship with, and of no other. */
  readonly offered: readonly Example[] = $derived(
    session.model?.origin.from === 'page' && session.model.name === shippedModel ? this.list : [],
  );

  /** The example that is on screen, as it is or with its word changed. */
  readonly current: Example | null = $derived(
    this.offered.find(
      (example) => example.text === session.text || example.change.text === session.text,
    ) ?? null,
  );
  readonly isChanged = $derived(this.current !== null && this.current.change.text === session.text);

  async load(folder: URL): Promise<void> {
    const response = await fetch(new URL('examples.json', folder));
    if (!response.ok) throw new Error(`examples.json: expected status 200, got ${response.status}`);
    const { examples } = (await response.json()) as { examples: Example[] };
    this.list = examples;
  }

  show(example: Example): void {
    session.controls.reset();
    session.pinned = null;
    session.text = example.text;
    this.#select(example, example.key);
  }

  /** Changes the example's word, and keeps the sentence as it was as "before". */
  change(example: Example): void {
    session.pinned = example.text;
    session.text = example.change.text;
    session.compare = 'after';
    this.#select(example, example.change.key);
  }

  #select({ layer, head, query }: Example, key: string): void {
    session.select({ layer, head, query, key });
  }
}

export const examples = new Examples();

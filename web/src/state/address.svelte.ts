// The page's address as a mirror of its state: what a copied link holds.
import { encodeLink } from './link.ts';
import { listings } from './listings.svelte.ts';
import { place } from './place.svelte.ts';
import { session } from './session.svelte.ts';
import { settings } from './settings.svelte.ts';

class Address {
  /** '' while no model is open. A model of the reader's own cannot be linked to: its name only says what was open. */
  readonly hash: string = $derived.by(() => {
    if (place.section === 'train') return place.trainingHash;
    return session.model
      ? encodeLink({
          model: session.model.name,
          text: session.text,
          pinned: session.pinned ?? undefined,
          choice: session.selection.locked,
          edits: session.controls.edits,
          compare: session.compare === 'after' ? undefined : session.compare,
          listing: listings.choice === 'fused' ? undefined : listings.choice,
          language: settings.language,
          theme: settings.theme === 'system' ? undefined : settings.theme,
        })
      : '';
  });

  link(): string {
    return new URL(this.hash, location.href).href;
  }
}

export const address = new Address();

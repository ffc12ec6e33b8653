// The page's address as a mirror of its state: what a copied link holds.
import { encodeLink } from './link.ts';
import { listings } from './listings.svelte.ts';
import { session } from './session.svelte.ts';
import { settings } from '../shared/settings.svelte.ts';

class Address {
  /** '' while no model is open. A link names a model: it cannot carry one, and no photograph either. */
  readonly hash: string = $derived.by(() => {
    const { model, picture } = session;
    return model
      ? encodeLink({
          model: model.name,
          revision:
            model.origin.from === 'hub' && model.origin.revision !== 'main'
              ? model.origin.revision
              : undefined,
          text: model.kind === 'vision' ? undefined : session.text,
          target: model.kind === 'seq2seq' ? session.target : undefined,
          pair: session.pair ?? undefined,
          globals: session.textModel?.hasGlobalTokens ? session.globals : undefined,
          place: session.place.endsWith('.pattern') ? undefined : session.place,
          drawing:
            model.kind === 'vision' && picture && 'drawing' in picture
              ? picture.drawing
              : undefined,
          pinned: session.pinned ?? undefined,
          choice: session.selection.locked,
          edits: session.controls.edits,
          compare: session.compare === 'after' ? undefined : session.compare,
          listing:
            model.kind !== 'text' || listings.choice === 'fused' ? undefined : listings.choice,
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

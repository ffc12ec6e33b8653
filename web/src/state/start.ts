// The page's beginning: what the link asks for, else the shipped model with its first example.
import { noEdits, type Edits } from './edits.ts';
import { decodeLink } from './link.ts';
import { examples } from './examples.svelte.ts';
import { listingChoices, listings, type Choice } from './listings.svelte.ts';
import type { PageModel } from './model.svelte.ts';
import { place } from './place.svelte.ts';
import { session } from './session.svelte.ts';
import { settings } from './settings.svelte.ts';

const shipped = 'coreference';
const folderOf = (name: string) => new URL(`models/${name}/`, document.baseURI);

/** Opens the page's own model and shows its first example. */
export async function openShipped(): Promise<void> {
  const folder = folderOf(shipped);
  const [opened] = await Promise.all([session.open(folder, shipped, true), examples.load(folder).catch(() => undefined)]);
  const [first] = examples.list;
  if (opened && first) examples.show(first);
}

/** Once, when the page opens. */
export async function start(): Promise<void> {
  const link = decodeLink(location.hash);
  settings.follow(link.language, link.theme);
  await openShipped();
  follow();
}

/** Applies what the address says: at the start, and when a reader pastes another link over it. A link to a section says nothing. */
export function follow(): void {
  place.follow(location.hash);
  if (!location.hash.includes('=')) return;
  const link = decodeLink(location.hash);
  settings.follow(link.language, link.theme);
  if (place.section === 'train') return; // the training part follows what is its own
  if (listingChoices.includes(link.listing as Choice)) listings.choice = link.listing as Choice;
  if (!session.model?.shipped || link.text === undefined) return;
  session.controls.clear(runnable(link.edits, session.model, link.text));
  session.pinned = link.pinned ?? null;
  session.text = link.text;
  session.compare = link.compare === 'before' || link.compare === 'difference' ? link.compare : 'after';
  const { model } = session;
  if (link.choice && link.choice.layer < model.numLayers && link.choice.head < model.numHeads) session.select(link.choice);
}

/** The edits without those that this model refuses, such as one of a layer that it has not. */
function runnable(edits: Edits, model: PageModel, text: string): Edits {
  const interventions = edits.interventions.filter((intervention) => {
    try {
      model.run(text, { ...noEdits, interventions: [intervention] }, 0);
      return true;
    } catch {
      return false;
    }
  });
  return { ...edits, interventions };
}

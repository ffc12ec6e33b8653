// Opens what an address asks Train for, and says Train's own address: the lesson, its settings, the heads that are off.
import { parseAddress } from '../../lib/address.ts';
import { lessons } from '../../lessons/index.ts';
import { settings } from '../shared/settings.svelte.ts';
import { decodeTrainingLink, encodeTrainingLink } from './link.ts';
import { setupOf, training } from './training.svelte.ts';

let followed = '';

/** What it asks for has been opened, or is what the address mirrors. */
const isOpen = (hash: string): boolean =>
  training.opened !== null && (hash === followed || hash === trainingHash());

/** Once when the part opens, and when a reader pastes another link over it. A bare link to the part changes nothing that is open. */
export function openLinked(): void {
  const { hash } = location;
  if (parseAddress(hash)?.room !== 'train' || isOpen(hash)) return;
  const link = decodeTrainingLink(hash);
  const lesson = lessons.find(({ id }) => id === link.setup.lesson);
  if (!lesson && training.opened) return;
  followed = hash;
  const { off, text, start } = link;
  const setup = { ...setupOf(lesson ?? lessons[0]!), ...(lesson && link.setup) };
  training.open(setup, { from: start ?? 'initial' }, { off, input: text ?? null });
}

export function trainingHash(): string {
  const { setup, off, opened, input } = training;
  return encodeTrainingLink(
    {
      setup,
      off,
      start: opened?.startFrom === 'shipped' ? 'shipped' : undefined,
      text: typeof input === 'string' ? input : undefined,
      language: settings.language,
      theme: settings.theme === 'system' ? undefined : settings.theme,
    },
    setupOf(training.lesson),
  );
}

// Opening models, and following links: what the address asks for, else the shipped model with its first example.
import { AttentionLabError, type LoadOptions } from 'attention-lab';
import type { TextLesson } from '../../lessons/lesson.ts';
import { parseAddress } from '../../lib/address.ts';
import { inLevels } from '../../lib/ink-text.ts';
import { noEdits, type Edits } from './edits.ts';
import { examples } from './examples.svelte.ts';
import { decodeLink, type LinkState } from './link.ts';
import { linked } from './linked.svelte.ts';
import { listingChoices, listings, type Choice } from './listings.svelte.ts';
import { folderOf, isPageModel, shippedModel } from '../shared/models.ts';
import type { OpenModel } from './open-model.svelte.ts';
import { address as state } from './address.svelte.ts';
import { session } from './session.svelte.ts';
import { settings } from '../shared/settings.svelte.ts';

/** Of the page's own model: index.html asks for the same ones beforehand. */
const shippedFiles = [
  'config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
];

const openName = () => session.model?.name;

/** Opens the page's own model and shows its first example. */
export async function openShipped(): Promise<boolean> {
  // By name: of a folder the package would also ask for files that are not in this one.
  const files = Promise.all(shippedFiles.map((file) => fetchFile(shippedModel, file)));
  const [text] = await Promise.all([
    session
      .open(files, shippedModel, { from: 'page' })
      .then((isOpen) => (isOpen ? session.text : null)),
    examples.load(folderOf(shippedModel)).catch(() => undefined),
  ]);
  const [first] = examples.list;
  // While the examples were on their way the reader may have typed, or opened another model.
  const isUntouched = openName() === shippedModel && session.text === text;
  if (first && isUntouched) examples.show(first);
  return text !== null;
}

/** Opens a model that the training part made, with an input of its lesson and the head that solves it. */
export async function openOfPage(name: string): Promise<boolean> {
  if (name === shippedModel) return openShipped();
  const { filesOf, lessonOf } = await import('../../lessons/index.ts');
  const lesson = lessonOf(name)!;
  const files = Promise.all(filesOf(lesson).map((file) => fetchFile(name, file)));
  const sample = lesson.kind === 'text' ? wholeText(lesson) : undefined;
  if (!(await session.open(files, name, { from: 'page' }, {}, sample))) return false;
  session.about = lesson.lookFor;
  session.choose(lesson.shipped.head.layer, lesson.shipped.head.head);
  // A model that writes an answer shows what it looked for at its last letter.
  if (lesson.kind === 'text' && lesson.prompt && session.model?.kind === 'text') session.askAtEnd();
  return true;
}

/** The lesson's first sample as its model reads it: where it writes on, with the answer behind it. */
function wholeText(lesson: TextLesson): string {
  const sample = lesson.samples[0]!;
  if (!lesson.prompt || lesson.tokenizer || lesson.targetsIn !== 'attentions') return sample;
  const { queries } = lesson.encode(sample);
  return queries.every((token) => token.length === 1) ? queries.join('') : sample;
}

async function fetchFile(name: string, file: string): Promise<File> {
  const response = await fetch(new URL(file, folderOf(name))).catch((error: unknown) => error);
  if (response instanceof Response && response.ok) return new File([await response.blob()], file);
  const why = response instanceof Response ? `status ${response.status}` : String(response);
  throw new AttentionLabError('network', `${name}/${file}: could not be loaded (${why})`);
}

/** Opens the files of a folder. false: `session.error` says why not. */
export async function openFiles(
  files: readonly File[],
  name: string,
  sample?: string,
): Promise<boolean> {
  return (await session.open(files, name, { from: 'disk' }, {}, sample)) && followWaiting();
}

/** Downloads it, which asks another server. */
export async function openHub(
  id: string,
  revision: string,
  options: LoadOptions,
): Promise<boolean> {
  return (
    (await session.open(id, id, { from: 'hub', revision }, { ...options, revision })) &&
    followWaiting()
  );
}

/** When the room is opened; whatever was open in it stays open where the address asks for nothing else. */
export async function start(): Promise<void> {
  const asked = location.hash; // before the model that is open writes its own address
  const { model = shippedModel } = decodeLink(asked);
  if (!session.model && (!isPageModel(model) || model === shippedModel)) {
    await openShipped();
    if (![undefined, shippedModel].includes(openName())) return; // the reader has opened another one meanwhile
  }
  await follow(asked);
}

/** Applies what the address says: at the start, and when a reader pastes another link over it. A link to the room itself says nothing. */
export async function follow(hash = location.hash): Promise<void> {
  const address = parseAddress(hash);
  if (address?.room !== 'lab' || address.fields.size === 0) return;
  if (hash === state.hash) return; // it says what is on screen
  const link = decodeLink(hash);
  settings.follow(link.language, link.theme);
  if (listingChoices.includes(link.listing as Choice)) listings.choice = link.listing as Choice;
  const { model = shippedModel } = link;
  if (session.model?.name !== model) {
    if (!isPageModel(model)) {
      linked.waiting = { ...link, model };
      return;
    }
    if (!(await openOfPage(model))) return;
  }
  linked.waiting = null;
  await apply(link);
}

async function followWaiting(): Promise<boolean> {
  const link = linked.waiting;
  if (link && session.model?.name === link.model) {
    linked.waiting = null;
    await apply(link);
  }
  return true;
}

async function apply(link: LinkState): Promise<void> {
  const { model } = session;
  if (!model || (model.kind !== 'vision' && link.text === undefined)) return;
  session.stopWriting();
  session.text = link.text ?? session.text;
  if (link.target !== undefined) session.target = link.target;
  else void session.write();
  session.pair = model.kind === 'text' ? (link.pair ?? null) : null;
  if (link.globals) session.globals = link.globals;
  if (link.drawing) session.picture = { drawing: inLevels(link.drawing) };
  session.pinned = model.kind === 'text' ? (link.pinned ?? null) : null;
  session.compare =
    link.compare === 'before' || link.compare === 'difference' ? link.compare : 'after';
  const { choice } = link;
  session.select(
    choice && choice.layer < model.siteNames.length && choice.head < model.numHeads
      ? choice
      : session.selection.locked,
  );
  if (link.place !== undefined && model.places.byName.has(link.place))
    session.openPlace(link.place);
  const edits = await runnable(link.edits, model);
  if (session.model === model) session.controls.clear(edits);
}

/** The edits without those that this model refuses, such as one of a layer that it has not. */
async function runnable(edits: Edits, model: OpenModel): Promise<Edits> {
  const { text, pair, globals, target, picture } = session;
  const runs = async (intervention: Edits['interventions'][number]) => {
    try {
      const focus = { site: 0, names: [] };
      const input = { text, pair, globals, target, picture };
      await model.run(input, { ...noEdits, interventions: [intervention] }, focus);
      return true;
    } catch {
      return false;
    }
  };
  const interventions: Edits['interventions'][number][] = [];
  for (const intervention of edits.interventions)
    if (await runs(intervention)) interventions.push(intervention);
  return { ...edits, interventions };
}

// The session: the open model, what it is given, and the two runs that every view reads — before and after the reader's edits.
import { AttentionLabError } from 'attention-lab';
import type { LoadOptions, ModelSource, Progress } from 'attention-lab';
import { untrack } from 'svelte';
import type { Text } from '../../lessons/lesson.ts';
import { inLevels } from '../../lib/ink-text.ts';
import type { Ink } from '../../lib/pen.ts';
import { Controls } from './controls.svelte.ts';
import { noEdits } from './edits.ts';
import { openModel } from './engine.ts';
import { movedCells, movesBetween } from './following.ts';
import type { TextModel } from './model.svelte.ts';
import type { Awaitable } from '../../lab/engine/backend.ts';
import type { Survey } from '../../lab/engine/host.ts';
import { choiceOf, nameOf, type Choice as PlaceChoice } from '../../lab/map/places.ts';
import { operandsOf } from '../../lab/operands/names.ts';
import { informative } from '../../lab/opening.ts';
import type { Focus, OpenModel, Origin } from './open-model.svelte.ts';
import type { Input, Run, Shown, TextRun } from './run.ts';
import { sampleFor, type Sample } from './samples.ts';
import { Selection, type Choice } from './selection.svelte.ts';
import { shared } from './sites.ts';
import type { InputToken } from '../shared/attention.ts';
import type { Seq2SeqModel } from './seq2seq-model.ts';
import type { VisionModel } from './vision-model.ts';

export type Compare = 'after' | 'before' | 'difference';

/** A choice by words, to be found among the tokens of the text that was just set. */
export interface WordChoice {
  layer: number;
  head: number;
  query: string;
  key: string;
}

/** Milliseconds until a run counts as slow, and without a keystroke until every head is looked over. */
const slow = 150;
const lull = 120;

interface Pair {
  model: OpenModel;
  before: Run;
  after: Run;
}

export class Session {
  readonly controls = new Controls();
  /** Its layer is a place in the list of a run's sites. */
  readonly selection = new Selection();

  model = $state.raw<OpenModel | null>(null);
  /** What it is given; a model reads its part of it. */
  text = $state('');
  /** A second text beside it; null: none. */
  pair = $state<string | null>(null);
  /** Places of global tokens, in models that have them. */
  globals = $state.raw<readonly number[]>([0]);
  target = $state('');
  picture = $state.raw<Shown | null>(null);
  /** What to look for in a model that this page has trained, in the languages of the page. */
  about = $state.raw<Text | null>(null);
  /** Where set, "before" is this sentence without edits; else it is the same input without edits. */
  pinned = $state<string | null>(null);
  compare = $state<Compare>('after');

  /** A run in a worker is under way: what is on screen is of the input before. */
  isComputing = $state(false);
  /** It has been for a while: said so only then, or every keystroke would flicker. */
  isSlow = $state(false);
  loading = $state.raw<Progress | null>(null);
  isLoading = $state(false);
  isWriting = $state(false);
  /** What the reader gave cannot be read: nothing at all, or words where ids are asked for. What is on screen is of the input before. */
  problem = $state<'empty' | 'ids' | null>(null);
  /** Why the last load or run failed; the run before it stays on screen. */
  error = $state.raw<{ code: string; message: string } | null>(null);

  before = $state.raw<Run | null>(null);
  after = $state.raw<Run | null>(null);
  /** Of the open model. The first pass compiles what it runs. */
  passes = $state(0);
  /** Every head at a glance, of a model in a worker: of the run it was made of, which may be an older one than `after`. */
  survey = $state.raw<Survey | null>(null);

  /** What the map shows as open. Its layer is that of the selection. */
  #opened = $state.raw<PlaceChoice>({ level: 'attention', part: 'pattern' });
  /** The name of the activation that is open; '' while no model is. */
  readonly place: string = $derived.by(() => {
    const { model } = this;
    if (!model) return '';
    const site = model.siteNames[this.selection.locked.layer] ?? model.siteNames[0]!;
    const name = nameOf(this.#opened, site);
    return model.places.byName.has(name) ? name : `${site}.pattern`;
  });

  /** There is something to compare: edits, or another sentence as "before". */
  readonly hasBefore = $derived(this.controls.modified || this.pinned !== null);
  readonly tokens: readonly InputToken[] = $derived(this.after?.tokens ?? []);
  readonly length = $derived(this.tokens.length);
  /** The open model as what it is: null while one of another kind is open. */
  readonly textModel = $derived(this.model?.kind === 'text' ? (this.model as TextModel) : null);
  readonly seq2seq = $derived(this.model?.kind === 'seq2seq' ? (this.model as Seq2SeqModel) : null);
  readonly vision = $derived(this.model?.kind === 'vision' ? (this.model as VisionModel) : null);
  readonly textRun = $derived(this.textModel && (this.after as TextRun | null));
  readonly textRunBefore = $derived(this.textModel && (this.before as TextRun | null));

  /** The number of a vector that is chosen, from 0. */
  index = $state<number | null>(null);

  /** The run whose tokens the selection refers to; null: the next one. */
  #followed: Run | null = null;
  #wanted: WordChoice | null = null;
  /** Counts calls of `open`: the newest wins. */
  #openings = 0;
  /** While a run is under way the newest input and edits wait, older ones are forgotten. */
  #waiting: (() => Promise<Pair>) | null = null;
  /** Counts calls of `select`: a run from before it knows nothing of what was chosen. */
  #selections = 0;
  #writing: AbortController | null = null;
  #surveying: AbortController | null = null;
  #looksOver: ReturnType<typeof setTimeout> | undefined;
  /** The next run opens on a head that shows something. */
  #seeksHead = false;
  #asksAtEnd = false;

  /** `sample`: an input that it knows. false: it could not be opened, `error` says why, and the model that was open stays. */
  async open(
    source: ModelSource | Promise<ModelSource>,
    name: string,
    origin: Origin,
    options: LoadOptions = {},
    sample?: string,
  ): Promise<boolean> {
    const turn = ++this.#openings;
    this.isLoading = true;
    this.error = null;
    try {
      const model = await openModel(await source, name, origin, {
        ...options,
        onProgress: (progress) => (this.loading = progress),
      });
      if (turn !== this.#openings) {
        model.dispose(); // the reader has chosen another one meanwhile
        return false;
      }
      this.#begin(model, sample);
      return true;
    } catch (error) {
      if (turn === this.#openings) this.#fail(error);
      return false;
    } finally {
      this.isLoading = turn !== this.#openings;
      if (!this.isLoading) this.loading = null;
    }
  }

  #begin(model: OpenModel, sample: string | undefined): void {
    const old = this.model;
    this.stopWriting();
    this.#waiting = null;
    this.controls.clear();
    this.pinned = null;
    this.about = null;
    this.compare = 'after';
    this.#followed = null;
    this.survey = null;
    this.passes = 0;
    this.#surveying?.abort();
    this.#seeksHead = true;
    this.#opened = { level: 'attention', part: 'pattern' };
    this.pair = null;
    this.globals = [0];
    if (model.kind !== 'text' || old?.kind !== 'text') {
      this.before = this.after = null; // nothing of another kind may be read as this one's
      this.selection.lock({
        layer: 0,
        head: 0,
        query: model.kind === 'vision' ? 0 : null,
        key: null,
      });
    }
    this.selection.clamp(model.siteNames.length, model.numHeads);
    this.give(sampleFor(model, sample));
    this.model = model;
    if (this.seq2seq) void this.write();
    old?.dispose();
  }

  /** Another input, as far as it says. */
  give({ text, target, picture }: Sample): void {
    if (text !== undefined) this.text = text;
    if (target !== undefined) this.target = target;
    if (picture !== undefined) this.picture = picture;
  }

  /** A choice that belongs to the input just set: it is not to be moved along from the one before. */
  select(choice: Choice | WordChoice): void {
    this.#followed = null;
    this.#selections += 1;
    this.#seeksHead = this.#asksAtEnd = false;
    if (typeof choice.query === 'string') this.#wanted = choice as WordChoice;
    else this.selection.lock(choice as Choice);
  }

  /** Opens a place of the map; one inside a layer chooses that layer. */
  openPlace(name: string): void {
    const { model } = this;
    if (!model) return;
    const { choice, site, block } = choiceOf(name);
    this.#opened = choice;
    const { layer, head } = this.selection.locked;
    const here = model.siteNames[layer] ?? '';
    if (block === null || site === here || (site === null && here.startsWith(`${block}.`))) return;
    const index = model.siteNames.findIndex((known) =>
      site === null ? known.startsWith(`${block}.`) : known === site,
    );
    if (index >= 0) this.choose(index, head);
  }

  /** The last token of the next run attends: what a causal model says next is read there. */
  askAtEnd(): void {
    this.#seeksHead = false;
    this.#asksAtEnd = true;
  }

  /** Shows the chosen head: what of it was open, or its weights. */
  openHead(): void {
    if (this.#opened.level !== 'attention') this.#opened = { level: 'attention', part: 'pattern' };
  }

  /** Another head: what is chosen stays where its rows and columns stand for the same places. */
  choose(layer: number, head: number): void {
    const [old, next] = [this.selection.locked.layer, layer].map(
      (index) => this.after?.sites[index]?.kind,
    );
    this.#seeksHead = false;
    const stays = old && next ? shared(old, next) : { rows: true, columns: true };
    this.selection.lock({
      layer,
      head,
      ...(!stays.rows && { query: null }),
      ...(!(stays.rows && stays.columns) && { key: null }),
    });
  }

  draw(drawing: Ink): void {
    this.picture = { drawing: inLevels(drawing) };
  }

  async openPicture(file: File): Promise<void> {
    try {
      this.picture = { name: file.name, bitmap: await createImageBitmap(file) };
    } catch (error) {
      this.error = {
        code: 'unknown',
        message: `${file.name}: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
  }

  /** Lets an encoder–decoder write the target. */
  async write(): Promise<void> {
    const { seq2seq, text } = this;
    this.stopWriting();
    if (!seq2seq?.canWrite) return;
    const mine = new AbortController();
    this.#writing = mine;
    this.isWriting = true;
    try {
      const written = await seq2seq.write(text, mine.signal);
      if (this.#writing === mine) this.target = written;
    } catch (error) {
      if (this.#writing === mine) this.#fail(error);
    } finally {
      if (this.#writing === mine) this.isWriting = false;
    }
  }

  stopWriting(): void {
    this.#writing?.abort();
    this.#writing = null;
    this.isWriting = false;
  }

  /** Runs what is needed for the current input and edits. To be called inside an effect. */
  run(): void {
    const { model, text, pair, globals, target, picture, pinned, hasBefore, place } = this;
    const { edits } = this.controls;
    if (!model) return;
    this.problem = null;
    const input: Input = { text, pair, globals, target, picture };
    const focus: Focus = model.tracesAll
      ? { site: 0, names: [] }
      : {
          site: this.selection.locked.layer,
          names: [place, ...operandsOf(model.places, place)].filter((name) => name !== 'logits'),
        };
    this.#surveying?.abort();
    const runAfter = () => model.run(input, edits, focus);
    const runBefore = (after: Run): Awaitable<Run> =>
      hasBefore ? model.run({ ...input, text: pinned ?? text }, noEdits, focus) : after;
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
    const timer = setTimeout(() => (this.isSlow = true), slow);
    while (this.#waiting) {
      const next: () => Promise<Pair> = this.#waiting;
      this.#waiting = null;
      const { model } = this;
      const selections = this.#selections;
      try {
        const pair = await next();
        const isOld = this.#waiting !== null && selections !== this.#selections;
        if (pair.model === this.model && !isOld) this.#show(pair);
      } catch (error) {
        if (!this.#waiting && model === this.model) this.#fail(error);
      }
    }
    clearTimeout(timer);
    this.isComputing = this.isSlow = false;
    clearTimeout(this.#looksOver);
    this.#looksOver = setTimeout(() => void this.#lookOver(), this.#seeksHead ? 0 : lull);
  }

  /** Every head of what is shown, once nothing else is to be computed. */
  async #lookOver(): Promise<void> {
    const { model, after } = this;
    if (!model || !after || !model.isRemote || this.isComputing) return;
    this.#surveying?.abort();
    const mine = new AbortController();
    this.#surveying = mine;
    try {
      const survey = await model.survey(after, this.controls.edits, mine.signal);
      if (this.#surveying !== mine || this.model !== model) return;
      this.survey = survey;
      if (this.#seeksHead) this.#openOnSomething(model, survey);
    } catch (error) {
      if (!mine.signal.aborted && this.model === model) this.#fail(error);
    }
  }

  /** An informative head, and the place that the answer is read at. */
  #openOnSomething(model: OpenModel, survey: Survey | null): void {
    this.#seeksHead = false;
    // An encoder–decoder opens on its first cross-attention: what the answer reads of the input.
    const head = survey && model.kind !== 'seq2seq' ? informative(model.siteNames, survey) : null;
    const query = model.kind === 'text' && model.causal ? this.length - 1 : null;
    if (head) this.selection.lock({ ...head, query, key: null });
    else if (query !== null) this.selection.lock({ query, key: null });
  }

  #show({ before, after }: Pair): void {
    this.#follow(after);
    this.after = after;
    this.before = before;
    this.passes += 1;
    this.error = null;
    this.problem = null;
    const asks =
      this.#asksAtEnd || (this.#seeksHead && this.model?.kind === 'text' && this.model.causal);
    const last = after.tokens.length - 1;
    const { query, key } = this.selection.locked;
    // Chosen anew it would ask for another run, which would choose it anew.
    if (asks && (query !== last || key !== null)) this.selection.lock({ query: last, key: null });
    this.#asksAtEnd = false;
    if (this.model && !this.model.isRemote) this.#seeksHead = false;
  }

  /** Keeps the selected tokens and the closed cells on their words when words before them come and go. */
  #follow(run: Run): void {
    const old = this.#followed ?? run;
    this.#followed = run;
    if (this.#wanted) {
      const { layer, head, query, key } = this.#wanted;
      const place = (word: string) => run.tokens.findIndex(({ text }) => text === word);
      const found = (word: string) => (place(word) < 0 ? null : place(word));
      this.selection.lock({ layer, head, query: found(query), key: found(key) });
      this.#wanted = null;
      return;
    }
    const moved = movesBetween(old, run);
    const { layer, query, key } = this.selection.locked;
    const next = { query: moved('rows', layer, query), key: moved('columns', layer, key) };
    if (next.query !== query || next.key !== key) this.selection.lock(next);
    const { edits } = this.controls;
    const blocked = movedCells(edits.blocked, run, moved);
    if (blocked !== edits.blocked) this.controls.change({ ...edits, blocked }, 'follow');
  }

  /** What a reader may well write on the way to something else is no failure. */
  #problemOf(error: unknown): 'empty' | 'ids' | null {
    if (!(error instanceof AttentionLabError)) return null;
    if (this.#isEmpty()) return 'empty';
    const isIds = this.seq2seq && !this.seq2seq.hasTokenizer;
    return isIds && error.message.startsWith('tokens: expected ids') ? 'ids' : null;
  }

  /** No token to read: a reader may clear the field to write another text. */
  #isEmpty(): boolean {
    const { model, seq2seq, text, target } = this;
    const isBlank = (given: string) => given.trim() === '';
    // Before what a model writes of its own stands its first token, which is enough.
    const needsTarget = seq2seq !== null && !seq2seq.canWrite;
    return (
      model !== null &&
      model.kind !== 'vision' &&
      (isBlank(text) || (needsTarget && isBlank(target)))
    );
  }

  #fail(error: unknown): void {
    const problem = this.#problemOf(error);
    if (problem) {
      this.problem = problem;
      return;
    }
    const code = error instanceof AttentionLabError ? error.code : 'unknown';
    this.error = { code, message: error instanceof Error ? error.message : String(error) };
  }
}

export const session = new Session();

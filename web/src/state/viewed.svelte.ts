// The open model of another kind as data: what it is given, what was read of it, and what is shown of that.
import { AttentionLabError, type Picture } from 'attention-lab';
import { untrack } from 'svelte';
import { blank, drawLine, type Ink } from '../lib/pen.ts';
import { ShownAttention } from './training-shown.svelte.ts';
import type { HeadName } from './training-protocol.ts';
import type { Reading, ViewedModel } from './viewed-model.ts';

export const drawingSize = 28;

const sameHead = (a: HeadName, b: HeadName): boolean => a.site === b.site && a.head === b.head;

/** A four: something to look at before anybody draws. */
const firstDrawing = (): Ink =>
  [[[9, 5], [7, 15]], [[7, 15], [20, 15]], [[17, 5], [16, 24]]].reduce( // prettier-ignore
    (drawing, [from, to]) => drawLine(drawing, { x: from![0]!, y: from![1]! }, { x: to![0]!, y: to![1]! }),
    blank(drawingSize),
  );

interface Task {
  model: ViewedModel;
  read: () => Promise<Reading>;
}

class Viewed {
  model = $state.raw<ViewedModel | null>(null);
  source = $state('');
  target = $state('');
  drawing = $state.raw<Ink>(firstDrawing());
  /** A picture that was opened; null: the drawing. */
  file = $state.raw<{ name: string; bitmap: ImageBitmap } | null>(null);
  off = $state.raw<readonly HeadName[]>([]);
  reading = $state.raw<Reading | null>(null);
  /** Why the newest input could not be read; the reading before it stays. */
  problem = $state<string | null>(null);
  isReading = $state(false);
  isWriting = $state(false);

  readonly shown = new ShownAttention(() => ({ now: this.reading && { step: 0, sites: this.reading.sites, answer: [] }, untrained: null, shipped: null }));
  #waiting: Task | null = null;
  #writing: AbortController | null = null;

  /** Shows another model, or none; what it is given begins anew. The session owns it. */
  open(model: ViewedModel | null): void {
    this.#writing?.abort();
    this.#waiting = null;
    this.model = model;
    this.reading = null;
    this.problem = null;
    this.file = null;
    this.off = [];
    this.target = '';
    if (!model) return;
    this.source = model.sample ?? (model.hasTokenizer ? 'the animal did not cross the street .' : '5 3 8 2 9 4');
    this.shown.begin();
    if (model.kind === 'pair' && model.canWrite) void this.write();
    else this.target = model.hasTokenizer ? this.source : '4 9 2';
  }

  /** Reads what the model is given now. To be called inside an effect. */
  read(): void {
    const { model, source, target, drawing, file, off } = this;
    if (!model) return;
    const picture = file?.bitmap ?? pictureOf(drawing, model.channels);
    void this.#later({ model, read: () => (model.kind === 'pair' ? model.readPair(source, target, off) : model.readPicture(picture, off)) });
  }

  /** Lets the model write the target. */
  async write(): Promise<void> {
    const { model, source } = this;
    this.#writing?.abort();
    if (!model) return;
    const mine = new AbortController();
    this.#writing = mine;
    this.isWriting = true;
    try {
      const written = await model.write(source, mine.signal);
      if (this.#writing === mine) this.target = written;
    } catch (error) {
      if (this.#writing === mine) this.problem = messageOf(error);
    } finally {
      if (this.#writing === mine) this.isWriting = false;
    }
  }

  async openPicture(file: File): Promise<void> {
    try {
      this.file = { name: file.name, bitmap: await createImageBitmap(file) };
    } catch (error) {
      this.problem = `${file.name}: ${messageOf(error)}`;
    }
  }

  draw(drawing: Ink): void {
    this.file = null;
    this.drawing = drawing;
  }

  isOff(head: HeadName): boolean {
    return this.off.some((each) => sameHead(each, head));
  }

  toggle(head: HeadName): void {
    this.off = this.isOff(head) ? this.off.filter((each) => !sameHead(each, head)) : [...this.off, head];
  }

  /** Of the inputs that come while one is read only the newest follows. */
  async #later(task: Task): Promise<void> {
    this.#waiting = task;
    if (untrack(() => this.isReading)) return;
    this.isReading = true;
    while (this.#waiting) {
      const { model, read }: Task = this.#waiting;
      this.#waiting = null;
      try {
        const reading = await read();
        if (this.model !== model) continue; // another one was opened meanwhile
        this.reading = reading;
        this.problem = null;
      } catch (error) {
        if (this.model === model && !this.#waiting) this.problem = messageOf(error);
      }
    }
    this.isReading = false;
  }
}

/** Black on white, or, where a model sees one channel of light, white on black. */
function pictureOf({ width, height, ink }: Ink, channels: number): Picture {
  return { data: Uint8Array.from(ink, (value) => 255 * (channels === 1 ? value : 1 - value)), width, height };
}

const messageOf = (error: unknown): string => (error instanceof AttentionLabError || error instanceof Error ? error.message : String(error));

export const viewed = new Viewed();

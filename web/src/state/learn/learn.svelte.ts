// What Learn has on screen: chapter, card, the swapped word, the reader's guess, and what the loaded model makes of it. Knows no view.
import { AttentionLabError, type Intervention, type Model } from 'attention-lab';
import { parseAddress, writeAddress, type Address } from '../../lib/address.ts';
import type { Card, Chapter, ChapterInput } from '../../learn/chapters/chapter.ts';
import { firstChapter, loadChapter } from '../../learn/chapters/index.ts';
import { settings } from '../shared/settings.svelte.ts';
import { modelOf } from './models.ts';
import {
  edgesOf,
  passOf,
  strongestHead,
  thatMatter,
  wordOf,
  type Change,
  type Edge,
  type Guess,
  type Pass,
} from './story.ts';
import type { Subject } from './subject.ts';
import { openSubject } from './subjects.ts';

export type Side = 0 | 1;

/** One sentence of a chapter as the model reads it. */
export interface Story {
  text: string;
  pass: Pass;
  /** The answer for the other word, and its probability here. */
  rival: Guess;
  edges: readonly Edge[];
  arcs: readonly Edge[];
  /** The arc of the last layer that the answer depends on most, and the head that carries it. */
  key: Edge;
  head: { layer: number; head: number };
}

/** Lets the page paint and answer between two pieces of work. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

class Learn {
  chapter = $state.raw<Chapter>(firstChapter);
  /** The card, the sentence, and which of its two words stands there. */
  at = $state(0);
  sentence = $state(0);
  side = $state<Side>(0);
  /** The card's control is on. */
  on = $state(false);
  guess = $state<number | null>(null);
  /** A word whose reading is shown, by its position. */
  selected = $state<number | null>(null);
  /** Two heads of the last layer, side by side. */
  pair = $state.raw<readonly [number, number] | null>(null);
  /** Whose key is multiplied with the query, by its position. */
  chosenKey = $state<number | null>(null);

  model = $state.raw<Model | null>(null);
  stories = $state.raw<readonly Story[]>([]);
  error = $state.raw<{ code: string } | null>(null);

  readonly card: Card = $derived(this.chapter.cards[this.at]!);
  readonly input: ChapterInput = $derived(this.chapter.inputs[this.card.input ?? this.sentence]!);
  /** What is shown of a chapter whose model does not read one sentence. */
  subject = $state.raw<Subject | null>(null);
  readonly story: Story | null = $derived(this.stories[this.side] ?? null);
  readonly isReady = $derived(this.story !== null || this.subject !== null);
  /** The guess was made, or the control was used: the answer may be read. */
  readonly isRevealed = $derived(this.guess !== null || this.on);

  #turn = 0;
  /** Whose subject is open. */
  #opened: Chapter | null = null;

  /** What the card's control does to the pass; null: nothing. */
  readonly change: Change | null = $derived.by(() => {
    const { model, story, card } = this;
    if (!model || !story || !this.on) return null;
    return changeOf(card, story, model);
  });
  readonly changed: Pass | null = $derived(
    this.model && this.story && this.change
      ? passOf(this.model, this.story.text, this.change)
      : null,
  );

  textOf(side: Side): string {
    const { text, words } = this.input;
    return text.replace('{word}', words[side]);
  }

  /** Follows the address: chapter, card, sentence, word, whether the control is on. */
  follow(hash: string): void {
    const address = parseAddress(hash);
    if (address?.room !== 'learn') return;
    const turn = ++this.#turn;
    const chapter = loadChapter(address.path[0]);
    if (!(chapter instanceof Promise)) return this.#show(chapter, address);
    chapter.then(
      (loaded) => turn === this.#turn && this.#show(loaded, address),
      () => turn === this.#turn && (this.error = { code: 'network' }),
    );
  }

  #show(chapter: Chapter, { path, fields }: Address): void {
    const [, card] = path;
    settings.follow(fields.get('lang') ?? undefined, fields.get('theme') ?? undefined);
    const sentence = within(Number(fields.get('sentence') ?? 1) - 1, chapter.inputs.length);
    const isOther = chapter !== this.chapter || sentence !== this.sentence;
    this.chapter = chapter;
    this.sentence = sentence;
    if (isOther) this.stories = [];
    if (this.#opened !== chapter) this.subject = null;
    this.show(within(Number(card ?? 1) - 1, chapter.cards.length));
    this.side = fields.get('word') === '2' ? 1 : 0;
    this.on = fields.get('on') === '1';
    void this.open();
  }

  readonly hash: string = $derived(
    writeAddress('learn', [this.chapter.id, String(this.at + 1)], {
      sentence: this.sentence > 0 ? String(this.sentence + 1) : undefined,
      word: this.side === 1 ? '2' : undefined,
      on: this.on ? '1' : undefined,
    }),
  );

  /** Another card, as if it were seen for the first time. */
  show(card: number): void {
    this.at = card;
    this.on = false;
    this.guess = null;
    this.selected = null;
    this.chosenKey = null;
    this.pair = null;
  }

  addressOf(card: number): string {
    return writeAddress('learn', [this.chapter.id, String(card + 1)], {
      sentence: this.sentence > 0 ? String(this.sentence + 1) : undefined,
      word: this.side === 1 ? '2' : undefined,
    });
  }

  swap(): void {
    this.selected = null;
    this.chosenKey = null;
    this.side = this.side === 0 ? 1 : 0;
  }

  /** Opens the chapter's model and reads its sentence with both words. The newest call wins. */
  async open(): Promise<void> {
    const turn = ++this.#turn;
    if (this.chapter.subject ? this.subject : this.stories.length === 2) return;
    this.error = null;
    try {
      if (this.chapter.subject) {
        const { chapter } = this;
        const subject = await openSubject(this.chapter.subject, this);
        if (turn !== this.#turn) return;
        [this.subject, this.#opened] = [subject, chapter];
        return;
      }
      const model = await modelOf(this.chapter.model);
      if (turn !== this.#turn) return;
      this.model = model;
      const texts = ([0, 1] as const).map((side) => this.textOf(side));
      const passes = texts.map((text) => passOf(model, text));
      const stories: Story[] = [];
      // What is on screen first.
      for (const side of this.side === 0 ? [0, 1] : [1, 0]) {
        const [pass, other] = [passes[side]!, passes[1 - side]!];
        const rival = other.best.id;
        const edges = await edgesOf(model, pass, rival, readBy(other), pause);
        if (turn !== this.#turn) return;
        stories[side] = storyOf(model, texts[side]!, pass, rival, edges);
        this.stories = [...stories];
      }
    } catch (error) {
      if (turn !== this.#turn) return;
      this.error = { code: error instanceof AttentionLabError ? error.code : 'unknown' };
    }
  }
}

const within = (value: number, count: number): number =>
  Number.isInteger(value) ? Math.max(0, Math.min(count - 1, value)) : 0;

/** Whom the asked word reads in the last layer: the word that gets most, marks apart. */
function readBy({ patterns, target, tokens }: Pass): number[] {
  const last = patterns.at(-1)!;
  const weights = tokens.map(({ special }, key) =>
    special || key === target ? 0 : strongestHead(last, { query: target, key }).weight,
  );
  return [weights.indexOf(Math.max(...weights))];
}

function storyOf(
  model: Model,
  text: string,
  pass: Pass,
  rivalId: number,
  edges: readonly Edge[],
): Story {
  const margin = pass.logits[pass.best.id]! - pass.logits[rivalId]!;
  const last = model.config.numLayers - 1;
  const key = edges
    .filter(({ layer, query }) => layer === last && query === pass.target)
    .filter(({ key }) => !pass.tokens[key]!.special)
    .reduce((best, edge) => (edge.effect > best.effect ? edge : best));
  return {
    text,
    pass,
    rival: { id: rivalId, word: wordOf(model, rivalId), share: pass.shares[rivalId]! },
    edges,
    arcs: thatMatter(edges, pass.target, margin),
    key,
    head: { layer: last, head: strongestHead(pass.patterns[last]!, key).head },
  };
}

function changeOf(card: Card, { arcs, key, head }: Story, model: Model): Change | null {
  const layers = Array.from({ length: model.config.numLayers }, (_, layer) => layer);
  switch (card.control) {
    case 'block':
      return { blocked: [{ query: key.query, key: key.key }] };
    case 'cut':
      return {
        interventions: arcs
          .filter(({ layer, query }) => layer < key.layer && query === key.key)
          .map(({ layer, query, key }): Intervention => ({
            at: `blocks.${layer}.attn.pattern`,
            query,
            key,
            op: 'zero',
          })),
      };
    case 'off':
      return {
        interventions: [{ at: `blocks.${head.layer}.attn.z`, head: head.head, op: 'zero' }],
      };
    case 'unscale': {
      const value = Math.sqrt(model.config.attention.dHead);
      return {
        interventions: layers.map((layer): Intervention => ({
          at: `blocks.${layer}.attn.scores`,
          op: 'scale',
          value,
        })),
      };
    }
    case 'change':
      return { interventions: card.interventions ?? [] };
    default:
      return null;
  }
}

export const learn = new Learn();

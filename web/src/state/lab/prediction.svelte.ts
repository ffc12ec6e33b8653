// Which position the outputs are read at, and its words with their probabilities and logits, before and after.
import { softmax, top } from '../../lib/pattern.ts';
import { isMask } from '../../lib/tokens.ts';
import type { Run } from './run.ts';
import { session } from './session.svelte.ts';
import { shown } from './shown.svelte.ts';

export interface Candidate {
  id: number;
  word: string;
  before: number;
  after: number;
  logitBefore: number;
  logitAfter: number;
}

const maskIn = (run: Run | null) => run?.tokens.findIndex((token) => isMask(token.text)) ?? -1;

/** Of logits [1, T, V] at a place; a picture has one, [1, V]. */
function logitsAt(run: Run | null, position: number): Float32Array | null {
  const { logits } = run ?? {};
  const width = logits?.dims.at(-1) ?? 0;
  return logits && position >= 0 && (position + 1) * width <= logits.data.length
    ? logits.data.subarray(position * width, (position + 1) * width)
    : null;
}

const likeliest = (shares: Float64Array | null): number | null =>
  shares ? top(shares, 1)[0]!.index : null;

/** Where a word of the reader's own stands among all: from 1; `below`: how far its logit is from the first's. */
export interface OwnAnswer {
  id: number;
  word: string;
  rank: number;
  below: number;
}

class Prediction {
  /** A word of the reader's own, whose share and rank are shown beside the likeliest; null: none. */
  ownId = $state<number | null>(null);
  /** Of a text a selected [MASK], else the first [MASK], else the word that looks; of an answer its chosen place, else its end. */
  readonly position: number | null = $derived.by(() => {
    const { tokens, selection, model } = session;
    const { query } = selection.locked;
    if (model?.kind === 'vision') return 0;
    const classesOf = session.textModel?.classesOf;
    if (classesOf === 'sequence') return tokens.length > 0 ? 0 : null;
    if (classesOf === 'token') return query !== null && query < tokens.length ? query : null;
    if (model?.kind === 'seq2seq')
      return query !== null && query < tokens.length && shown.site?.kind !== 'encoder'
        ? query
        : tokens.length - 1;
    if (query !== null && isMask(tokens[query]?.text ?? '')) return query;
    const mask = maskIn(session.after);
    if (mask >= 0) return mask;
    if (query !== null && query < tokens.length) return query;
    // A causal model shows what comes next; another has to be asked about a word.
    return model?.causal && tokens.length > 0 ? tokens.length - 1 : null;
  });
  readonly atMask = $derived(
    this.position !== null && isMask(session.tokens[this.position]?.text ?? ''),
  );

  /** In another sentence, "before" is at its own [MASK]. */
  readonly #positionBefore = $derived(
    session.pinned === null || !this.atMask ? this.position : maskIn(session.before),
  );
  /** Logits of spans, of several classes at once and of regression are no words or classes with shares. */
  readonly #isShared = $derived.by(() => {
    const { textModel } = session;
    return !textModel || textModel.predicts || textModel.classesOf !== null;
  });
  readonly #after = $derived(
    this.position === null || !this.#isShared ? null : logitsAt(session.after, this.position),
  );
  readonly #before = $derived(
    this.#positionBefore === null || !this.#isShared
      ? null
      : logitsAt(session.before, this.#positionBefore),
  );
  readonly comparable = $derived(this.#before !== null);
  readonly #shares = $derived({
    after: this.#after && softmax(this.#after),
    before: this.#before && softmax(this.#before),
  });

  /** The id of the likeliest word, and of that of the run that is compared with, each at its own place. */
  readonly expected = $derived({
    after: likeliest(this.#shares.after),
    before: likeliest(this.#shares.before),
  });

  readonly own: OwnAnswer | null = $derived.by(() => {
    const { ownId } = this;
    const logits = this.#after;
    if (ownId === null || !logits || ownId >= logits.length || !session.model) return null;
    const value = logits[ownId]!;
    const rank = logits.reduce((count, logit) => (logit > value ? count + 1 : count), 1);
    const first = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
    return { id: ownId, word: session.model.word(ownId), rank, below: first - value };
  });

  /** The words that are likeliest before or after, likeliest first. */
  top(count: number): Candidate[] {
    const { after, before } = this.#shares;
    if (!after || !this.#after || !session.model) return [];
    const old = before ?? after;
    const larger = after.map((p, id) => Math.max(p, session.hasBefore ? old[id]! : 0));
    const ids = top(larger, count).map(({ index }) => index);
    const { ownId } = this;
    if (ownId !== null && ownId < after.length && !ids.includes(ownId)) ids.push(ownId);
    return ids
      .map((id) => ({
        id,
        word: session.model!.word(id),
        before: old[id]!,
        after: after[id]!,
        logitBefore: (this.#before ?? this.#after!)[id]!,
        logitAfter: this.#after![id]!,
      }))
      .sort((a, b) => b.after - a.after);
  }
}

export const prediction = new Prediction();

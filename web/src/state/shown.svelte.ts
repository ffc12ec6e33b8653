// What the views draw, derived from the session: the pattern of any head after display options, and the cell in focus.
import { headMeasures, measureHeads, type HeadMeasure, type HeadScores } from 'attention-lab';
import { headOf, difference, mergeWords, at, top, withoutSink, wordGroups, type Group, type Matrix } from '../lib/pattern.ts'; // prettier-ignore
import type { LayerTrace } from '../lib/arithmetic.ts';
import type { Run, Token } from './model.svelte.ts';
import { session, type Compare } from './session.svelte.ts';

class Shown {
  mergeWords = $state(false);
  hideSink = $state(false);
  measure = $state<HeadMeasure>('entropy');

  readonly hasSubwords = $derived(session.tokens.some((token) => token.continues));
  readonly #groups: Group[] | null = $derived(this.mergeWords && this.hasSubwords ? wordGroups(session.tokens) : null);

  /** One label per row and column that is drawn: a token, or a merged word. */
  readonly labels: readonly Token[] = $derived.by(() => {
    const { tokens } = session;
    if (!this.#groups) return tokens;
    return this.#groups.map(([start, end]) => {
      const parts = tokens.slice(start, end);
      return { ...parts[0]!, text: parts.map((token) => token.text).join('') };
    });
  });

  /** A difference needs two runs of one length. */
  readonly comparable = $derived(session.before !== null && session.before.tokens.length === session.length);
  readonly compare: Compare = $derived(session.hasBefore && this.comparable ? session.compare : 'after');
  readonly isSigned = $derived(this.compare === 'difference');

  readonly layer = $derived(session.selection.shown.layer);
  readonly head = $derived(session.selection.shown.head);
  /** Row and column of the selection as they are drawn. */
  readonly row = $derived(this.placeOf(session.selection.shown.query));
  readonly column = $derived(this.placeOf(session.selection.shown.key));

  readonly matrix: Matrix | null = $derived(this.of(this.layer, this.head));

  /** The cell whose arithmetic is shown: the selected key, else the one the query looks at most. Token positions. */
  readonly cell: { query: number; key: number } | null = $derived.by(() => {
    const { query, key } = session.selection.shown;
    const attention = session.after?.attentions[this.layer];
    if (query === null || !attention || query >= session.length) return null;
    const pattern = headOf(attention, this.head);
    const row = Array.from({ length: pattern.columns }, (_, s) => at(pattern, query, s));
    return { query, key: key !== null && key < session.length ? key : top(row, 1)[0]!.index };
  });

  /** Traced tensors of the shown layer, where this layer was traced. */
  readonly trace: LayerTrace | null = $derived(session.after ? layerTrace(session.after, this.layer) : null);

  /** True where the mask closed the drawn cell, in the run that is drawn. */
  readonly isMasked: (row: number, column: number) => boolean = $derived.by(() => {
    const { head } = this;
    const run = this.compare === 'before' ? session.before : session.after;
    const trace = run && layerTrace(run, this.layer);
    if (!trace || this.#groups) return () => false;
    const scores = headOf(trace.scores, head);
    const masked = headOf(trace.maskedScores, head);
    return (row: number, column: number) => at(scores, row, column) !== at(masked, row, column);
  });

  /** Pattern of a head as it is to be drawn, in the current comparison. */
  of(layer: number, head: number, compare: Compare = this.compare): Matrix | null {
    const { before, after } = session;
    const attention = (run: Run | null) => run?.attentions[layer];
    const [old, now] = [attention(before), attention(after)];
    if (!old || !now) return null;
    if (compare === 'before') return this.#prepare(headOf(old, head));
    const pattern = this.#prepare(headOf(now, head));
    if (compare === 'after') return pattern;
    return difference(pattern, this.#prepare(headOf(old, head))) ?? pattern;
  }

  /** Scores of all heads, always of the weights as they are after the edits, without display options. */
  readonly #scores: HeadScores | null = $derived.by(() => {
    const { after } = session;
    if (!after || after.attentions.length === 0) return null;
    const { tokens, outProjections } = after;
    return measureHeads(after, {
      inputIds: tokens.map((token) => token.id),
      specialTokens: tokens.map((token) => token.special),
      ...(outProjections && { parameters: outProjections }),
    });
  });

  /** What there are scores of. */
  readonly measures: readonly HeadMeasure[] = $derived(headMeasures.filter((kind) => this.#scores?.[kind]));

  /** NaN where no token of the sentence has one. */
  score(layer: number, head: number, kind: HeadMeasure = this.measure): number {
    const scores = this.#scores?.[kind];
    return scores?.data[layer * scores.dims[1]! + head] ?? NaN;
  }

  /** What a full bar stands for: 1 for shares, else the largest score of any head. */
  scale(kind: HeadMeasure): number {
    if (kind !== 'entropyBits' && kind !== 'distance' && kind !== 'weightNorm') return 1;
    return this.#scores?.[kind]?.data.reduce((largest, score) => (score > largest ? score : largest), 0) || 1;
  }

  /** The token position that a drawn row or column stands for. */
  tokenAt(place: number): number {
    return this.#groups ? this.#groups[place]![0] : place;
  }

  /** The drawn row or column that a token position belongs to. */
  placeOf(index: number | null): number | null {
    if (index === null || index >= session.length) return null;
    return this.#groups ? this.#groups.findIndex(([start, end]) => index >= start && index < end) : index;
  }

  #prepare(pattern: Matrix): Matrix {
    const merged = this.#groups ? mergeWords(pattern, this.#groups) : pattern;
    return this.hideSink ? withoutSink(merged) : merged;
  }
}

export function layerTrace(run: Run, layer: number): LayerTrace | null {
  const get = (name: string) => run.trace.get(`blocks.${layer}.attn.${name}`);
  const [q, k, v, z] = [get('q'), get('k'), get('v'), get('z')];
  const [scores, maskedScores, pattern] = [get('scores'), get('masked_scores'), get('pattern')];
  if (!q || !k || !v || !z || !scores || !maskedScores || !pattern) return null;
  return { q, k, v, z, scores, maskedScores, pattern };
}

export const shown = new Shown();

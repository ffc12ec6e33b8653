// What the views draw, derived from the session: the pattern of any head after display options, and the cell in focus.
import { headMeasures, measureHeads, type HeadMeasure, type HeadScores } from 'attention-lab';
import type { LayerTrace } from '../../lib/arithmetic.ts';
import {
  stretched,
  signedScale,
  weightScale,
  type Scale,
  type Stretch,
} from '../../lib/colours.ts';
import {
  headOf,
  difference,
  mergeWords,
  at,
  rowOf,
  top,
  withoutSink,
  wordGroups,
  type Group,
  type Matrix,
} from '../../lib/pattern.ts';
import { maskOf, type MaskCell } from './edits.ts';
import type { Run, Site } from './run.ts';
import { session, type Compare } from './session.svelte.ts';
import { siteTrace } from './sites.ts';
import { settings } from '../shared/settings.svelte.ts';
import type { InputToken } from '../shared/attention.ts';

type Side = 'rows' | 'columns';

const manyKeys = 64;

class Shown {
  mergeWords = $state(false);
  hideSink = $state(false);
  measure = $state<HeadMeasure>('entropy');
  /** What the reader chose; null: nothing yet. */
  #stretch = $state<Stretch | null>(null);

  readonly sites: readonly Site[] = $derived(session.after?.sites ?? []);
  /** The place in the list of sites, and what is there. */
  readonly layer = $derived(
    Math.max(0, Math.min(session.selection.shown.layer, this.sites.length - 1)),
  );
  readonly site: Site | null = $derived(this.sites[this.layer] ?? null);
  readonly head = $derived(Math.min(session.selection.shown.head, (this.site?.heads ?? 1) - 1));

  readonly hasSubwords = $derived(
    this.sites.some(({ rows, columns }) => [...rows, ...columns].some((token) => token.continues)),
  );
  readonly isMerged = $derived(this.mergeWords && this.hasSubwords);

  /** One label per row and column that is drawn: a token, or a merged word. */
  readonly rows: readonly InputToken[] = $derived(this.#labels('rows'));
  readonly columns: readonly InputToken[] = $derived(this.#labels('columns'));

  /** A difference needs two runs of one size. */
  readonly comparable = $derived.by(() => {
    const [old, now] = [session.before, session.after].map((run) =>
      run?.sites[this.layer]?.pattern?.dims.join(),
    );
    return old !== undefined && old === now;
  });
  readonly compare: Compare = $derived(
    session.hasBefore && this.comparable ? session.compare : 'after',
  );
  readonly isSigned = $derived(this.compare === 'difference');

  /** Row and column of the selection as they are drawn. */
  readonly row = $derived(this.placeOf('rows', session.selection.shown.query));
  readonly column = $derived(this.placeOf('columns', session.selection.shown.key));

  readonly matrix: Matrix | null = $derived(this.of(this.layer, this.head));

  /** The cell whose arithmetic is shown: the selected key, else the one the query looks at most. Token positions. */
  readonly cell: { query: number; key: number } | null = $derived.by(() => {
    const { query, key } = session.selection.shown;
    const pattern = this.site?.pattern;
    if (query === null || !this.site || !pattern || query >= this.site.rows.length) return null;
    const strongest = () => top(rowOf(headOf(pattern, this.head), query), 1)[0]!.index;
    return { query, key: key !== null && key < this.site.columns.length ? key : strongest() };
  });

  /** Traced tensors of the shown site, where it was traced. */
  readonly trace: LayerTrace | null = $derived(traceOf(session.after, this.site));

  /** True where the mask closed the drawn cell, in the run that is drawn. */
  readonly isMasked: (row: number, column: number) => boolean = $derived.by(() => {
    const { head, isMerged } = this;
    const trace = traceOf(this.compare === 'before' ? session.before : session.after, this.site);
    if (!trace || isMerged) return () => false;
    const scores = headOf(trace.scores, head);
    const masked = headOf(trace.maskedScores, head);
    return (row: number, column: number) => at(scores, row, column) !== at(masked, row, column);
  });

  /** Pattern of a head as it is to be drawn, in the current comparison. */
  of(layer: number, head: number, compare: Compare = this.compare): Matrix | null {
    const [old, now] = [session.before, session.after].map((run) => run?.sites[layer]);
    if (!old || !now) return null;
    if (compare === 'before') return this.#prepare(old, head);
    const pattern = this.#prepare(now, head);
    if (compare === 'after' || !pattern) return pattern;
    const other = this.#prepare(old, head);
    return (other && difference(pattern, other)) ?? pattern;
  }

  /** Scores of all heads of a text's model, always of the weights as they are after the edits, without display options. */
  readonly #scores: HeadScores | null = $derived.by(() => {
    const after = session.textRun;
    if (!after) return null;
    const { tokens, outProjections, trace } = after;
    const attentions = after.sites.flatMap(({ pattern }) => pattern ?? []);
    if (attentions.length < after.sites.length) return session.survey?.scores ?? null;
    return measureHeads(
      { attentions, trace },
      {
        inputIds: tokens.map((token) => token.id),
        specialTokens: tokens.map((token) => token.special),
        ...(outProjections && { parameters: outProjections }),
      },
    );
  });

  /** How weights become colours. Shared among many keys they would all be pale: then a head reaches up to its own largest. */
  get stretch(): Stretch {
    return this.#stretch ?? (this.columns.length > manyKeys ? 'head' : 'fixed');
  }

  set stretch(stretch: Stretch) {
    this.#stretch = stretch;
  }

  /** The scale of weights on screen, one for a head: heat map, arcs and chips. */
  readonly colours: Scale = $derived.by(() => {
    const { tone } = settings;
    if (this.isSigned) return signedScale(tone, 0.5);
    const { matrix, stretch } = this;
    const most = stretch === 'head' && matrix ? largest(matrix.data) : 1;
    return stretched(weightScale(tone), stretch, most);
  });

  /** A head as a small picture; null until somebody has looked it over. */
  thumbnail(layer: number, head: number): Matrix | null {
    const matrix = this.of(layer, head);
    const grid = session.after?.seen?.grid;
    if (matrix) return grid ? overPatches(matrix, grid) : matrix;
    const name = this.sites[layer]?.site ?? '';
    const small = session.survey?.thumbnails.get(name);
    if (!small || head >= small.heads) return null;
    const { rows, columns } = small;
    const cells = rows * columns;
    const found = { rows, columns, data: small.data.subarray(head * cells, (head + 1) * cells) };
    return grid ? overPatches(found, grid) : found;
  }

  /** What there are scores of. */
  readonly measures: readonly HeadMeasure[] = $derived(
    headMeasures.filter((kind) => this.#scores?.[kind]),
  );

  /** NaN where no token of the sentence has one. */
  score(layer: number, head: number, kind: HeadMeasure = this.measure): number {
    const scores = this.#scores?.[kind];
    return scores?.data[layer * scores.dims[1]! + head] ?? NaN;
  }

  /** What a full bar stands for: 1 for shares, else the largest score of any head. */
  scale(kind: HeadMeasure): number {
    if (kind !== 'entropyBits' && kind !== 'distance' && kind !== 'weightNorm') return 1;
    return (
      this.#scores?.[kind]?.data.reduce(
        (largest, score) => (score > largest ? score : largest),
        0,
      ) || 1
    );
  }

  /** The token position that a drawn row or column stands for. */
  tokenAt(side: Side, place: number): number {
    return this.#groups(this.site!, side)?.[place]![0] ?? place;
  }

  /** The drawn row or column that a token position belongs to. */
  placeOf(side: Side, index: number | null): number | null {
    if (index === null || !this.site || index >= this.site[side].length) return null;
    const groups = this.#groups(this.site, side);
    return groups ? groups.findIndex(([start, end]) => index >= start && index < end) : index;
  }

  /** Chooses a drawn row, for good; null: none. */
  lockRow(place: number | null): void {
    session.selection.lock(this.#queryAt(place));
  }

  /** Shows a drawn row while it is pointed at; null: the chosen one again. */
  previewRow(place: number | null): void {
    session.selection.preview(place === null ? null : this.#queryAt(place));
  }

  #queryAt(place: number | null): { query: number | null; key: null } {
    return { query: place === null ? null : this.tokenAt('rows', place), key: null };
  }

  /** The cell of the shown site's mask. */
  maskCell(query: number, key: number): MaskCell {
    return { mask: maskOf[this.site!.kind], query, key };
  }

  #labels(side: Side): readonly InputToken[] {
    const tokens = this.site?.[side] ?? [];
    const groups = this.site && this.#groups(this.site, side);
    return groups
      ? groups.map(([start, end]) => ({
          ...tokens[start]!,
          text: tokens
            .slice(start, end)
            .map((token) => joinedText(token))
            .join(''),
        }))
      : tokens;
  }

  #groups(site: Site, side: Side): Group[] | null {
    return this.isMerged ? wordGroups(site[side]) : null;
  }

  #prepare(site: Site, head: number): Matrix | null {
    if (!site.pattern) return null;
    const pattern = headOf(site.pattern, head);
    const merged = this.isMerged
      ? mergeWords(pattern, wordGroups(site.rows), wordGroups(site.columns))
      : pattern;
    return this.hideSink ? withoutSink(merged) : merged;
  }
}

function largest(data: Float32Array): number {
  let most = 0;
  for (const x of data) if (x > most) most = x;
  return most;
}

/** Of a picture, what the class token, the first row, attends to among the patches, as they lie. */
const overPatches = (
  { columns, data }: Matrix,
  [down, across]: readonly [number, number],
): Matrix => ({
  rows: down,
  columns: across,
  data: data.subarray(columns - down * across, columns),
});

/** What a token adds to a merged word. */
const joinedText = (token: InputToken & { joins?: string }): string => token.joins ?? token.text;

const traceOf = (run: Run | null, site: Site | null): LayerTrace | null =>
  run && site ? siteTrace(run.trace, site.site) : null;

export const shown = new Shown();

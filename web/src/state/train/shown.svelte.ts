// Which attention of the training part is shown: whose, of which layer and head, and the cell that is chosen in it.
import { headOf, type Matrix } from '../../lib/pattern.ts';
import { Selection } from '../lab/selection.svelte.ts';
import type { SitePattern } from '../shared/attention.ts';
import type { Picture, Whose } from './protocol.ts';

/** Another head is shown by itself only where it looks at the answer by this much more than the one that is shown. */
const clearlyMore = 0.1;

const within = (index: number | null, length = 0): number | null =>
  index !== null && index < length ? index : null;

export class ShownAttention {
  whose = $state<Whose>('now');
  /** Its layer is a place in the list of sites. */
  readonly selection = new Selection();
  /** Until a learner chooses a head, the one that looks most at the answer is shown. */
  #followsBest = true;
  readonly #pictures: () => Readonly<Record<Whose, Picture | null>>;

  constructor(pictures: () => Readonly<Record<Whose, Picture | null>>) {
    this.#pictures = pictures;
  }

  readonly sites: readonly SitePattern[] = $derived.by(() => {
    const pictures = this.#pictures();
    return (pictures[this.whose] ?? pictures.now)?.sites ?? [];
  });
  readonly site: SitePattern | null = $derived(
    this.sites[this.selection.shown.layer] ?? this.sites[0] ?? null,
  );
  readonly head = $derived(
    Math.min(this.selection.shown.head, (this.site?.pattern.dims[1] ?? 1) - 1),
  );
  readonly matrix: Matrix | null = $derived(this.site && headOf(this.site.pattern, this.head));
  /** Row and column of the selection, where this pattern has them. */
  readonly row = $derived(within(this.selection.shown.query, this.site?.rows.length));
  readonly column = $derived(within(this.selection.shown.key, this.site?.columns.length));

  choose(layer: number, head: number): void {
    this.#followsBest = false;
    this.selection.lock({ layer, head });
  }

  /** Another run. */
  begin(): void {
    this.whose = 'now';
    this.#followsBest = true;
    this.selection.lock({ layer: 0, head: 0, query: null, key: null });
  }

  followBest(): void {
    if (!this.#followsBest) return;
    const { sites } = this;
    const all = sites.flatMap(({ onTarget }, layer) =>
      (onTarget ?? []).map((weight, head) => ({ layer, head, weight })),
    );
    if (all.length === 0) return;
    const best = all.reduce((a, b) => (b.weight > a.weight ? b : a));
    const { layer, head } = this.selection.locked;
    const current = sites[layer]?.onTarget?.[head] ?? -1;
    if (best.weight > current + clearlyMore)
      this.selection.lock({ layer: best.layer, head: best.head });
  }
}

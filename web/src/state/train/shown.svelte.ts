// Which attention of the training part is shown: whose, of which layer and head, and the cell that is chosen in it.
import { headOf, type Matrix } from '../../lib/pattern.ts';
import { Selection } from '../lab/selection.svelte.ts';
import type { HeadName, SitePattern } from '../shared/attention.ts';
import type { Picture, Whose } from './protocol.ts';

/** Where it follows the strongest head, it goes on to another only where that has this much more attention on the answer. */
const clearlyMore = 0.1;

const within = (index: number | null, length = 0): number | null =>
  index !== null && index < length ? index : null;

export class ShownAttention {
  whose = $state<Whose>('now');
  /** Its layer is a place in the list of sites. */
  readonly selection = new Selection();
  /** Goes along to whichever head has most attention on the answer, until a head is chosen. */
  follows = $state(false);
  /** A learner chose the head: it stays. */
  #isChosen = false;
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
    this.follows = false;
    this.#isChosen = true;
    this.selection.lock({ layer, head });
  }

  chooseHead({ site, head }: HeadName): void {
    const layer = this.sites.findIndex((each) => each.site === site);
    if (layer >= 0) this.choose(layer, head);
  }

  follow(follows: boolean): void {
    this.follows = follows;
    this.#isChosen = !follows;
    if (follows) this.followStrongest(0);
  }

  /**
   * Another run. `isSameModel`: what was chosen before still exists. `known`: the head that learns to attend to the answer
   * with these settings, where that is known.
   */
  begin(isSameModel: boolean, known: { layer: number; head: number } | null): void {
    this.whose = 'now';
    if (isSameModel && this.#isChosen) return;
    this.#isChosen = false;
    this.follows = known === null;
    this.selection.lock({ layer: 0, head: 0, ...known, query: null, key: null });
  }

  followStrongest(margin = clearlyMore): void {
    if (!this.follows) return;
    const { sites } = this;
    const all = sites.flatMap(({ onTarget }, layer) =>
      (onTarget ?? []).map((weight, head) => ({ layer, head, weight })),
    );
    if (all.length === 0) return;
    const best = all.reduce((a, b) => (b.weight > a.weight ? b : a));
    const { layer, head } = this.selection.locked;
    const current = sites[layer]?.onTarget?.[head] ?? -1;
    if (best.weight > current + margin) this.selection.lock({ layer: best.layer, head: best.head });
  }
}

// The open model as the page sees it, of whatever kind: its sizes, its words, and a forward pass as a `Run`.
import type { Model } from 'attention-lab';
import { SvelteMap } from 'svelte/reactivity';
import { textOfId, textOfToken } from '../lib/tokens.ts';
import { forwardOptions, type Edits, type MaskSizes } from './edits.ts';
import type { Input, Run } from './run.ts';
import { divisorOf, siteNames, tracedNames } from './sites.ts';
import type { SiteKind } from './training-protocol.ts';

export type Later<T> = T | Promise<T>;

/** Where it came from: only a model of this page, or of a hub, can be opened again by a link. */
export type Origin = { from: 'page' } | { from: 'disk' } | { from: 'hub'; revision: string };

/** What one text, an encoder–decoder or a picture is to a model. */
export type ModelKind = 'text' | 'pair' | 'picture';

/** Up to this many parameters every layer is traced at every change; above, the selected layer only. */
const smallModel = 5e6;

export abstract class OpenModel {
  abstract readonly kind: ModelKind;
  /** Answers by promises: it runs in a worker. */
  abstract readonly isRemote: boolean;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly causal: boolean;
  readonly maxLen: number;
  readonly vocabSize: number;
  readonly siteNames: readonly string[];
  /** Words of ids, as far as they were asked for. */
  readonly #words = new SvelteMap<number, string>();
  readonly #asked = new Set<number>();

  protected constructor(
    readonly name: string,
    readonly origin: Origin,
    readonly config: Model['config'],
    readonly parameterCount: number,
  ) {
    this.numLayers = config.numLayers;
    this.numHeads = config.attention.numHeads;
    this.causal = config.attention.causal;
    this.maxLen = config.maxLen;
    this.vocabSize = config.vocabSize;
    this.siteNames = siteNames(config);
  }

  /** Whether a run has the trace of every site, whichever is selected. */
  get tracesAll(): boolean {
    return this.parameterCount <= smallModel;
  }

  /** What q · k is divided by. */
  divisor(kind: SiteKind): number {
    return divisorOf(this.config, kind);
  }

  /** The word of an id; empty until a model in a worker has answered. */
  word(id: number): string {
    const known = this.#words.get(id);
    if (known !== undefined || this.#asked.has(id)) return known ?? '';
    const text = this.tokenText(id);
    if (typeof text === 'string') return textOfToken(text); // at once, and cheap: nothing to keep
    this.#asked.add(id);
    void text.then((answer) => this.#words.set(id, textOfId(id, answer)));
    return '';
  }

  protected abstract tokenText(id: number): Later<string>;

  /** A run at once for a model on the page's thread, else a promise of it. Site: the one to trace in a big model. */
  abstract run(input: Input, edits: Edits, site: number): Later<Run>;

  abstract dispose(): void;

  /** What `forward` is asked for; `sizes`: of the masks, for this input. */
  protected options(edits: Edits, site: number, sizes: MaskSizes) {
    const traced = this.tracesAll ? this.siteNames : this.siteNames.slice(site, site + 1);
    return { outputAttentions: true, trace: traced.flatMap(tracedNames), ...forwardOptions(edits, sizes) };
  }
}

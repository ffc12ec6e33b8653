// The open model as the page sees it, of whatever kind: its sizes, its words, and a forward pass as a `Run`.
import type { Model, SweepCall, SweepResult, SweepSpec } from 'attention-lab';
import { SvelteMap } from 'svelte/reactivity';
import { textOfId, textOfToken } from '../../lib/tokens.ts';
import { forwardOptions, maskSizes, type Edits, type MaskSizes } from './edits.ts';
import type { Input, Run } from './run.ts';
import { divisorOf, headsOf, siteNames, tracedNames } from './sites.ts';
import type { SiteKind } from '../shared/attention.ts';

export type Later<T> = T | Promise<T>;

/** Where it came from: only a model of this page, or of a hub, can be opened again by a link. */
export type Origin = { from: 'page' } | { from: 'disk' } | { from: 'hub'; revision: string };

/** What one text, an encoder–decoder or a picture is to a model. */
export type ModelKind = 'text' | 'pair' | 'picture';

/** A number that a sweep watches: of a picture's model it has no place. */
export interface Question {
  token: number;
  position: number;
}

/** Up to this many parameters every layer is traced at every change; above, the selected layer only. */
const smallModel = 5e6;

export abstract class OpenModel {
  abstract readonly kind: ModelKind;
  /** Answers by promises: it runs in a worker. */
  abstract readonly isRemote: boolean;
  /** A hundred passes are no burden. */
  abstract readonly isQuick: boolean;
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

  protected abstract sweep(spec: SweepSpec, call: SweepCall): Promise<SweepResult>;

  /** The probability that is asked about, with each head off in turn: [N, H] of each kind of attention. */
  async withoutHeads(
    run: Run,
    edits: Edits,
    question: Question,
    call: SweepCall,
  ): Promise<{ kind: SiteKind; result: SweepResult }[]> {
    const found: { kind: SiteKind; result: SweepResult }[] = [];
    for (const { kind, at } of headsOf(this.config)) {
      const result = await this.sweep(
        { ...this.sweepOf(run, edits, question), over: 'heads', op: 'zero', at },
        call,
      );
      found.push({ kind, result });
    }
    return found;
  }

  protected sweepOf(
    run: Run,
    edits: Edits,
    { token, position }: Question,
  ): Pick<SweepSpec, 'inputs' | 'metric' | 'options'> {
    const place = this.config.numLabels > 0 ? {} : { position };
    return {
      inputs: run.inputs,
      metric: { kind: 'probability', token, ...place },
      options: forwardOptions(edits, maskSizes(run.sites)),
    };
  }

  /** What `forward` is asked for; `sizes`: of the masks, for this input. */
  protected options(edits: Edits, site: number, sizes: MaskSizes) {
    const traced = this.tracesAll ? this.siteNames : this.siteNames.slice(site, site + 1);
    return {
      outputAttentions: true,
      trace: traced.flatMap(tracedNames),
      ...forwardOptions(edits, sizes),
    };
  }
}

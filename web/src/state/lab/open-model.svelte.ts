// The open model as the page sees it, of whatever kind: its sizes, its words, and a forward pass as a `Run`.
import type {
  ForwardInputs,
  Model,
  SweepCall,
  SweepResult,
  SweepSpec,
  Tensor,
  TensorData,
} from 'attention-lab';
import { SvelteMap } from 'svelte/reactivity';
import type { Awaitable, Backend } from '../../lab/engine/backend.ts';
import type { Survey } from '../../lab/engine/host.ts';
import { placesOf, type ModelPlaces } from '../../lab/map/places.ts';
import { textOfId, textOfToken } from '../../lib/tokens.ts';
import { forwardOptions, maskSizes, type Edits, type MaskSizes } from './edits.ts';
import type { Input, Run } from './run.ts';
import { divisorOf, headsOf, siteNames, tracedNames } from './sites.ts';
import type { SiteKind } from '../shared/attention.ts';

/** Where it came from: only a model of this page, or of a hub, can be opened again by a link. */
export type Origin = { from: 'page' } | { from: 'disk' } | { from: 'hub'; revision: string };

/** What one text, an encoder–decoder or a picture is to a model. */
export type ModelKind = 'text' | 'seq2seq' | 'vision';

/** A number that a sweep watches: of a picture's model it has no place. */
export interface Question {
  token: number;
  position: number;
  /** Another word or class: then the difference of the two logits is watched, else the probability of `token`. */
  against?: number;
}

/** What a run is to record beside its weights. */
export interface Focus {
  /** The attention that is looked at, as a place in the list of sites. */
  site: number;
  /** Activations that an instrument shows. */
  names: readonly string[];
}

/** Matrices that are kept while numbers are looked into. */
const mostParameters = 8;

/** Most rows and columns of a head's thumbnail. */
const thumbnailCells = 32;

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
  readonly #parameters = new Map<string, Promise<Tensor>>();

  readonly places: ModelPlaces;
  readonly config: Model['config'];
  readonly parameterCount: number;
  /** What of its checkpoint it does without. */
  readonly warnings: readonly string[];
  protected readonly backend: Backend;

  protected constructor(
    readonly name: string,
    readonly origin: Origin,
    backend: Backend,
  ) {
    const { config, activationNames, parameterCount, warnings } = backend.facts;
    this.backend = backend;
    this.config = config;
    this.parameterCount = parameterCount;
    this.warnings = warnings;
    this.places = placesOf(activationNames);
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

  protected abstract tokenText(id: number): Awaitable<string>;

  /** A run at once for a model on the page's thread, else a promise of it. Site: the one to trace in a big model. */
  abstract run(input: Input, edits: Edits, focus: Focus): Awaitable<Run>;

  dispose(): void {
    this.backend.dispose();
  }

  protected async sweep(spec: SweepSpec, call: SweepCall): Promise<SweepResult> {
    return this.backend.sweep(spec, call);
  }

  /** Name → sizes of the model's parameters. */
  get shapes(): ReadonlyMap<string, readonly number[]> {
    return this.backend.facts.shapes;
  }

  /** Asked of the model once, as far as memory allows: null where it has none of that name. */
  async knownParameter(name: string): Promise<Tensor | null> {
    if (!this.shapes.has(name)) return null;
    let known = this.#parameters.get(name);
    if (!known) {
      if (this.#parameters.size >= mostParameters) this.#parameters.clear();
      known = Promise.resolve(this.backend.parameter(name));
      this.#parameters.set(name, known);
    }
    return known;
  }

  /** What a model in a worker keeps of a pass: every attention, of so many cells a head. */
  protected surveyed(cells: number): { sites: readonly string[]; cells: number } | undefined {
    return this.isRemote ? { sites: this.siteNames, cells: cells * this.numHeads } : undefined;
  }

  /** Every head of a run, small and scored. */
  async survey(run: Run, edits: Edits, signal: AbortSignal): Promise<Survey> {
    const { sites, tokens, inputs } = run;
    const isText = this.kind === 'text';
    const kinds = new Set(sites.map(({ kind }) => kind));
    const [first] = sites;
    return this.backend.survey(
      {
        pass: run.pass,
        inputs,
        options: forwardOptions(edits, maskSizes(sites)),
        sites: sites.map(({ site }) => site),
        text:
          isText && kinds.size === 1 && run.ids
            ? { ids: run.ids, special: tokens.map(({ special }) => special) }
            : null,
        cells: first ? first.rows.length * first.columns.length : 0,
        size: this.kind === 'vision' ? 0 : thumbnailCells,
      },
      { signal },
    );
  }

  /** A run with the weights of every head, for an export. */
  async everything(run: Run, edits: Edits): Promise<Run> {
    if (run.sites.every(({ pattern }) => pattern !== null)) return run;
    const { trace } = await this.backend.forward(run.inputs, {
      trace: run.sites.map(({ site }) => `${site}.pattern`),
      ...forwardOptions(edits, maskSizes(run.sites)),
    });
    return {
      ...run,
      sites: run.sites.map((site) => ({ ...site, pattern: trace.get(`${site.site}.pattern`)! })),
    };
  }

  /** What the output words make of vectors at the end of the stack [1, n, D] → logits [1, n, V]: the logit lens. */
  async lens(resid: TensorData): Promise<Tensor | null> {
    const inputs: ForwardInputs = { start: { layer: this.numLayers, resid } };
    return (await this.backend.forward(inputs, {})).logits ?? null;
  }

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
    { token, position, against }: Question,
  ): Pick<SweepSpec, 'inputs' | 'metric' | 'options'> {
    const { numLabels, labelsFor } = this.config;
    const place = numLabels > 0 && labelsFor === 'sequence' ? {} : { position };
    return {
      inputs: run.inputs,
      metric:
        against === undefined
          ? { kind: 'probability', token, ...place }
          : { kind: 'logit_difference', token, other: against, ...place },
      options: forwardOptions(edits, maskSizes(run.sites)),
    };
  }

  /** What `forward` is asked for; `sizes`: of the masks, for this input. */
  protected options(edits: Edits, { site, names }: Focus, sizes: MaskSizes) {
    const trace = this.tracesAll
      ? [...this.places.byName.keys()].filter((name) => name !== 'logits')
      : [...new Set([...tracedNames(this.siteNames[site]!), ...names])];
    return { trace, ...forwardOptions(edits, sizes) };
  }
}

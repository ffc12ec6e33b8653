// The open model as the page sees it: its sizes, tokens as they are shown, and a forward pass as a `Run`.
import type { Encoding, ForwardInputs, ModelOutput, SweepCall, SweepResult, Tensor } from 'attention-lab';
import { SvelteMap } from 'svelte/reactivity';
import { textOfToken } from '../lib/tokens.ts';
import { forwardOptions, type Edits } from './edits.ts';
import type { Backend } from './engine.ts';

export interface Token {
  id: number;
  /** As it is shown: without a tokenizer's own marks; an unknown word as it was typed. */
  text: string;
  /** Added around the text: [CLS], [SEP], padding. Not [MASK], which a reader writes. */
  special: boolean;
  /** Part of the word before it. */
  continues: boolean;
  /** Not in the vocabulary: the model sees [UNK]. */
  unknown: boolean;
}

/** One forward pass over one sequence. */
export interface Run {
  tokens: readonly Token[];
  /** The text had more tokens than the model has positions. */
  truncated: boolean;
  attentions: Tensor[]; //        N × [1, H, T, T]
  trace: Map<string, Tensor>;
  lastHiddenState: Tensor; //     [1, T, D]
  logits?: Tensor; //             [1, T, V]
  /** The model's, where every layer was traced. */
  outProjections?: ReadonlyMap<string, Tensor>;
  milliseconds: number;
}

const layerNames = (layer: number) =>
  ['q', 'k', 'v', 'scores', 'masked_scores', 'pattern', 'z'].map((name) => `blocks.${layer}.attn.${name}`);

/** What goes into the first block: embeddings and positions, normalised where the model does that. */
export const inputName = 'blocks.0.resid_pre';

/** Up to this many parameters every layer is traced at every keystroke; above, the selected layer only. */
const smallModel = 5e6;

export class PageModel {
  readonly numLayers: number;
  readonly numHeads: number;
  readonly maxLen: number;
  readonly vocabSize: number;
  readonly causal: boolean;
  readonly parameterCount: number;
  /** What q · k is divided by: √d_head, unless the model says otherwise. */
  readonly scoreDivisor: number;
  readonly maskTokenId: number | undefined;
  readonly #added: ReadonlySet<number>;
  /** Words of ids, as far as they were asked for. */
  readonly #words = new SvelteMap<number, string>();
  readonly #asked = new Set<number>();

  constructor(
    readonly name: string,
    /** Sits in the page's own folder, so that a link can name it. */
    readonly shipped: boolean,
    private readonly backend: Backend,
  ) {
    const { attention, ...config } = backend.config;
    this.numLayers = config.numLayers;
    this.numHeads = attention.numHeads;
    this.maxLen = config.maxLen;
    this.vocabSize = config.vocabSize;
    this.causal = attention.causal;
    this.scoreDivisor = { d_head: Math.sqrt(attention.dHead), d_model: Math.sqrt(config.dModel), none: 1 }[attention.scaleBy];
    this.parameterCount = backend.parameterCount;
    const { maskTokenId, unkTokenId, specialTokenIds } = backend.tokenizer;
    this.maskTokenId = maskTokenId;
    this.#added = new Set(specialTokenIds.filter((id) => id !== maskTokenId && id !== unkTokenId));
  }

  get isRemote(): boolean {
    return this.backend.isRemote;
  }

  /** Whether a run has the trace of every layer, whichever is selected. */
  get tracesAll(): boolean {
    return this.parameterCount <= smallModel;
  }

  /** The word of an id; empty until a model in a worker has answered. */
  word(id: number): string {
    const known = this.#words.get(id);
    if (known !== undefined || this.#asked.has(id)) return known ?? '';
    const text = this.backend.tokenText(id);
    if (typeof text === 'string') return textOfToken(text); // at once, and cheap: nothing to keep
    this.#asked.add(id);
    void text.then((answer) => this.#words.set(id, textOfToken(answer)));
    return '';
  }

  isAdded(id: number): boolean {
    return this.#added.has(id);
  }

  /** A run at once for a model on this thread, else a promise of it. Layer: the one to trace in a big model. */
  run(text: string, edits: Edits, layer: number): Run | Promise<Run> {
    const encoding = this.backend.encode(text);
    return encoding instanceof Promise
      ? encoding.then((encoding) => this.#forward(text, encoding, edits, layer))
      : this.#forward(text, encoding, edits, layer);
  }

  /** The probability of `token` at `position`, with each head off in turn: [N, H]. */
  async withoutHeads(run: Run, edits: Edits, token: number, position: number, call: SweepCall): Promise<SweepResult> {
    const options = forwardOptions(edits, run.tokens.length);
    return this.backend.sweep({ inputs: inputsOf(run), over: 'heads', op: 'zero', metric: { kind: 'probability', token, position }, options }, call);
  }

  /** The probability of `token` at `position`, with what enters a block at one position taken over from another run: [N, T]. */
  async withPatches(run: Run, from: Run, edits: Edits, token: number, position: number, call: SweepCall): Promise<SweepResult> {
    const trace = Array.from({ length: this.numLayers }, (_, layer) => `blocks.${layer}.resid_pre`);
    const source = await this.backend.forward(inputsOf(from), { trace });
    const options = forwardOptions(edits, run.tokens.length);
    return this.backend.sweep({ inputs: inputsOf(run), over: 'positions', from: source, metric: { kind: 'probability', token, position }, options }, call);
  }

  dispose(): void {
    this.backend.dispose();
  }

  #forward(text: string, encoding: Encoding, edits: Edits, layer: number): Run | Promise<Run> {
    const all = this.#tokens(text, encoding);
    const tokens = all.slice(0, this.maxLen);
    const layers = this.tracesAll ? Array.from({ length: this.numLayers }, (_, l) => l) : [layer];
    const options = { outputAttentions: true, trace: [inputName, ...layers.flatMap(layerNames)], ...forwardOptions(edits, tokens.length) };
    const start = performance.now();
    const output = this.backend.forward({ inputIds: tokens.map((token) => token.id) }, options);
    const { outProjections } = this.backend;
    const finish = ({ attentions = [], trace, lastHiddenState, logits }: ModelOutput): Run => ({
      tokens, truncated: all.length > tokens.length, attentions, trace, lastHiddenState, logits, milliseconds: performance.now() - start, // prettier-ignore
      ...(this.tracesAll && outProjections.size > 0 && { outProjections }),
    });
    return output instanceof Promise ? output.then(finish) : finish(output);
  }

  #tokens(text: string, { ids, tokens, words, offsets }: Encoding): Token[] {
    const { unkTokenId } = this.backend.tokenizer;
    return ids.map((id, i) => {
      const place = offsets[i];
      const unknown = id === unkTokenId;
      return {
        id,
        text: unknown && place ? text.slice(...place) : textOfToken(tokens[i]!),
        special: this.isAdded(id),
        continues: i > 0 && words[i] !== null && words[i] === words[i - 1],
        unknown,
      };
    });
  }
}

const inputsOf = ({ tokens }: Run): ForwardInputs => ({ inputIds: tokens.map(({ id }) => id) });

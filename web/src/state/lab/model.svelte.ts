// A model of one text, wherever it runs: its tokens as they are shown, its passes, and what a sweep over its words asks.
import type {
  Encoding,
  ForwardInputs,
  ModelOutput,
  SweepCall,
  SweepResult,
  SweepSpec,
} from 'attention-lab';
import { textOfToken } from '../../lib/tokens.ts';
import type { Edits } from './edits.ts';
import type { Backend } from './engine.ts';
import { OpenModel, type Later, type Origin, type Question } from './open-model.svelte.ts';
import type { Input, TextRun, Token } from './run.ts';
import { sitesOf } from './sites.ts';

/** What goes into the first block: embeddings and positions, normalised where the model does that. */
export const inputName = 'blocks.0.resid_pre';

export class TextModel extends OpenModel {
  readonly kind = 'text';
  readonly maskTokenId: number | undefined;
  readonly #backend: Backend;
  readonly #added: ReadonlySet<number>;

  constructor(name: string, origin: Origin, backend: Backend) {
    super(name, origin, backend.config, backend.parameterCount);
    this.#backend = backend;
    const { maskTokenId, unkTokenId, specialTokenIds } = backend.tokenizer;
    this.maskTokenId = maskTokenId;
    this.#added = new Set(specialTokenIds.filter((id) => id !== maskTokenId && id !== unkTokenId));
  }

  get isRemote(): boolean {
    return this.#backend.isRemote;
  }

  /** A text's model runs in a worker because it is big. */
  get isQuick(): boolean {
    return !this.isRemote;
  }

  protected tokenText(id: number): Later<string> {
    return this.#backend.tokenText(id);
  }

  run({ text }: Input, edits: Edits, site: number): Later<TextRun> {
    const encoding = this.#backend.encode(text);
    return encoding instanceof Promise
      ? encoding.then((encoding) => this.#forward(text, encoding, edits, site))
      : this.#forward(text, encoding, edits, site);
  }

  protected sweep(spec: SweepSpec, call: SweepCall): Promise<SweepResult> {
    return this.#backend.sweep(spec, call);
  }

  /** The probability that is asked about, with what enters a block at one position taken over from another run: [N, T]. */
  async withPatches(
    run: TextRun,
    from: TextRun,
    edits: Edits,
    question: Question,
    call: SweepCall,
  ): Promise<SweepResult> {
    const trace = Array.from({ length: this.numLayers }, (_, layer) => `blocks.${layer}.resid_pre`);
    const source = await this.#backend.forward(from.inputs, { trace });
    return this.sweep(
      { ...this.sweepOf(run, edits, question), over: 'positions', from: source },
      call,
    );
  }

  dispose(): void {
    this.#backend.dispose();
  }

  #forward(text: string, encoding: Encoding, edits: Edits, site: number): Later<TextRun> {
    const all = this.#tokens(text, encoding);
    const tokens = all.slice(0, this.maxLen);
    const { trace, ...options } = this.options(edits, site, {
      mask: [tokens.length, tokens.length],
    });
    const start = performance.now();
    const inputs: ForwardInputs = { inputIds: tokens.map(({ id }) => id) };
    const output = this.#backend.forward(inputs, { ...options, trace: [inputName, ...trace] });
    const { outProjections } = this.#backend;
    const finish = (output: ModelOutput): TextRun => ({
      inputs,
      tokens,
      truncated: all.length > tokens.length,
      sites: sitesOf(output, () => tokens),
      attentions: output.attentions ?? [],
      trace: output.trace,
      lastHiddenState: output.lastHiddenState,
      logits: output.logits,
      milliseconds: performance.now() - start,
      ...(this.tracesAll && outProjections.size > 0 && { outProjections }),
    });
    return output instanceof Promise ? output.then(finish) : finish(output);
  }

  #tokens(text: string, { ids, tokens, words, offsets }: Encoding): Token[] {
    const { unkTokenId } = this.#backend.tokenizer;
    return ids.map((id, i) => {
      const place = offsets[i];
      const unknown = id === unkTokenId;
      return {
        id,
        text: unknown && place ? text.slice(...place) : textOfToken(tokens[i]!),
        special: this.#added.has(id),
        continues: i > 0 && words[i] !== null && words[i] === words[i - 1],
        unknown,
      };
    });
  }
}

// A model of one text, wherever it runs: its tokens as they are shown, its passes, and what a sweep over its words asks.
import type { Encoding, ForwardInputs, SweepCall, SweepResult, Tensor } from 'attention-lab';
import type { Awaitable, Backend } from '../../lab/engine/backend.ts';
import type { Pass } from '../../lab/engine/host.ts';
import { textOfToken } from '../../lib/tokens.ts';
import type { Edits } from './edits.ts';
import { OpenModel, type Focus, type Origin, type Question } from './open-model.svelte.ts';
import type { Input, TextRun, Token } from './run.ts';
import { runSites } from './sites.ts';

/** What goes into the first block: embeddings and positions, normalised where the model does that. */
export const inputName = 'blocks.0.resid_pre';

export class TextModel extends OpenModel {
  readonly kind = 'text';
  readonly hasTokenizer: boolean;
  readonly maskTokenId: number | undefined;
  readonly #added: ReadonlySet<number>;
  /** For the norms of what heads add; asked of a model on this thread alone. */
  readonly #outProjections: ReadonlyMap<string, Tensor>;

  constructor(name: string, origin: Origin, backend: Backend) {
    super(name, origin, backend);
    const { tokenizer } = backend.facts;
    this.hasTokenizer = tokenizer !== null;
    this.maskTokenId = tokenizer?.maskTokenId;
    this.#added = new Set(
      tokenizer?.specialTokenIds.filter(
        (id) => id !== tokenizer.maskTokenId && id !== tokenizer.unkTokenId,
      ),
    );
    this.#outProjections = new Map(
      backend.isRemote
        ? []
        : [...this.shapes.keys()]
            .filter((name) => name.endsWith('.attn.out_proj.weight'))
            .map((name) => [name, backend.parameter(name) as Tensor]),
    );
  }

  get isRemote(): boolean {
    return this.backend.isRemote;
  }

  /** A text's model runs in a worker because it is big. */
  get isQuick(): boolean {
    return !this.isRemote;
  }

  /** It reads two texts as one, told apart by token types. */
  get readsPairs(): boolean {
    return this.hasTokenizer && this.config.typeVocabSize > 1;
  }

  get hasGlobalTokens(): boolean {
    return this.config.attention.globalTokens;
  }

  /** How its vocabulary spells a word to be guessed: [MASK], <mask>; null where it has none. */
  get maskText(): string | null {
    const { tokenizer } = this.backend.facts;
    return tokenizer?.maskToken ?? null;
  }

  /** It has output words. */
  get predicts(): boolean {
    return this.config.lmHead || this.config.maskedLmHead;
  }

  /** It gives classes of the text, or of each of its tokens, by one softmax; null: it gives none that are shown. */
  get classesOf(): 'sequence' | 'token' | null {
    const { numLabels, labelsFor, problemType } = this.config;
    const isShown = numLabels > 0 && problemType === 'single_label_classification';
    return isShown && labelsFor !== 'span' ? labelsFor : null;
  }

  /** It gives vectors alone. */
  get embeds(): boolean {
    return !this.predicts && !this.causal && this.config.numLabels === 0;
  }

  protected tokenText(id: number): Awaitable<string> {
    if (this.classesOf) return this.backend.facts.labels[id] ?? String(id);
    return this.backend.tokenText(id);
  }

  /** The id of what a reader writes, where it is one token. */
  async idOf(word: string): Promise<number | null> {
    const { ids } = await this.backend.encode(word);
    const { tokenizer } = this.backend.facts;
    const own = ids.filter((id) => !this.#added.has(id) && id !== tokenizer?.unkTokenId);
    return own.length === 1 ? own[0]! : null;
  }

  run(input: Input, edits: Edits, focus: Focus): Awaitable<TextRun> {
    const encoding = this.backend.encode(input.text, input.pair);
    return encoding instanceof Promise
      ? encoding.then((encoding) => this.#forward(input, encoding, edits, focus))
      : this.#forward(input, encoding, edits, focus);
  }

  /** The vectors of sentences, each of length 1: [n, D]. */
  async embed(texts: readonly string[]): Promise<Tensor> {
    return this.backend.embed(texts);
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
    const source = await this.backend.forward(from.inputs, { trace });
    return this.sweep(
      { ...this.sweepOf(run, edits, question), over: 'positions', from: source },
      call,
    );
  }

  #forward(
    { text, pair, globals }: Input,
    encoding: Encoding,
    edits: Edits,
    focus: Focus,
  ): Awaitable<TextRun> {
    const all = this.#tokens([text, pair ?? ''], encoding);
    const tokens = all.slice(0, this.maxLen);
    const ids = tokens.map(({ id }) => id);
    const { trace, ...options } = this.options(edits, focus, {
      mask: [tokens.length, tokens.length],
    });
    const inputs: ForwardInputs = {
      inputIds: ids,
      ...(pair !== null && { tokenTypeIds: encoding.tokenTypeIds.slice(0, ids.length) }),
      ...(this.hasGlobalTokens && {
        globalAttentionMask: ids.map((_, place) => Number(globals.includes(place))),
      }),
    };
    const output = this.backend.forward(
      inputs,
      { ...options, trace: [inputName, ...trace] },
      this.surveyed(tokens.length ** 2),
    );
    const finish = (output: Pass): TextRun => ({
      pass: output.id,
      inputs,
      tokens,
      ids,
      truncated: all.length > tokens.length,
      sites: runSites(this.config, output.trace, () => tokens),
      trace: output.trace,
      lastHiddenState: output.lastHiddenState,
      logits: output.logits,
      milliseconds: output.milliseconds,
      ...(this.tracesAll &&
        this.#outProjections.size > 0 && { outProjections: this.#outProjections }),
    });
    return output instanceof Promise ? output.then(finish) : finish(output);
  }

  #tokens(texts: readonly [string, string], encoding: Encoding): Token[] {
    const { ids, tokens, words, offsets, tokenTypeIds } = encoding;
    const { unkTokenId, isByteLevel } = this.backend.facts.tokenizer ?? {};
    return ids.map((id, i): Token => {
      const place = offsets[i];
      const unknown = id === unkTokenId;
      const token = {
        id,
        text: textOfToken(tokens[i]!),
        special: this.#added.has(id),
        continues: i > 0 && words[i] !== null && words[i] === words[i - 1],
        unknown,
      };
      if (!place || token.special || !(unknown || isByteLevel)) return token;
      const source = texts[tokenTypeIds[i] === 1 ? 1 : 0];
      const [before] = offsets[i - 1] ?? [];
      // A character of several bytes may be several tokens: the first shows it, the others that they belong to it.
      if (isByteLevel && before === place[0] && tokenTypeIds[i] === tokenTypeIds[i - 1])
        return { ...token, text: '…', joins: '' };
      const written = source.slice(...place);
      return { ...token, text: /^\s+$/.test(written) ? '␣' : written.replace(/^\s/, '') };
    });
  }
}

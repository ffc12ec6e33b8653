// The package behind the page: one runtime, the model that is open, and a forward pass as a `Run`. Knows no view.
import { createRuntime, type ForwardOptions, type Model, type ModelSource, type Progress, type Runtime, type Tensor } from 'attention-lab'; // prettier-ignore

export interface Token {
  id: number;
  /** As it is shown: without a tokenizer's own marks. */
  text: string;
  /** [CLS], [SEP], [MASK], … */
  special: boolean;
  /** Part of the word before it. */
  continues: boolean;
}

/** One forward pass over one sequence. */
export interface Run {
  tokens: readonly Token[];
  attentions: Tensor[]; //        N × [1, H, T, T]
  trace: Map<string, Tensor>;
  lastHiddenState: Tensor; //     [1, T, D]
  logits?: Tensor; //             [1, T, V]
  milliseconds: number;
}

const layerNames = (layer: number) =>
  ['q', 'k', 'v', 'scores', 'masked_scores', 'pattern', 'z'].map((name) => `blocks.${layer}.attn.${name}`);

/** Up to this many parameters every layer is traced at every keystroke; above, the selected layer only. */
const smallModel = 5e6;

export class PageModel {
  readonly numLayers: number;
  readonly numHeads: number;
  readonly dHead: number;
  readonly maxLen: number;
  readonly vocabSize: number;
  readonly causal: boolean;
  readonly parameterCount: number;
  #specials = new Map<number, boolean>();

  constructor(
    readonly name: string,
    /** Sits in the page's own folder, so that a link can name it. */
    readonly shipped: boolean,
    private readonly model: Model,
  ) {
    const { config } = model;
    this.numLayers = config.numLayers;
    this.numHeads = config.attention.numHeads;
    this.dHead = config.attention.dHead ?? config.dModel / this.numHeads;
    this.maxLen = config.maxLen ?? 512;
    this.vocabSize = config.vocabSize ?? 0;
    this.causal = config.attention.causal ?? false;
    this.parameterCount = model.parameterCount;
  }

  get isSmall(): boolean {
    return this.parameterCount <= smallModel;
  }

  encode(text: string): Token[] {
    const { ids, tokens } = this.#tokenizer().encode(text);
    return ids.map((id, i) => this.#token(id, tokens[i] ?? ''));
  }

  /** The token of an id, as it is shown. */
  word(id: number): Token {
    return this.#token(id, this.#tokenizer().idToToken(id) ?? `#${id}`);
  }

  /** The id of a token's exact text, where the vocabulary has it. */
  idOf(text: string): number | undefined {
    return this.#tokenizer().tokenToId(text);
  }

  forward(tokens: readonly Token[], options: ForwardOptions, layer: number): Run {
    const layers = this.isSmall ? Array.from({ length: this.numLayers }, (_, l) => l) : [layer];
    const start = performance.now();
    const output = this.model.forward(
      { inputIds: tokens.map((token) => token.id) },
      { ...options, outputAttentions: true, trace: layers.flatMap(layerNames) },
    );
    const milliseconds = performance.now() - start;
    return {
      tokens,
      attentions: output.attentions ?? [],
      trace: output.trace,
      lastHiddenState: output.lastHiddenState,
      logits: output.logits,
      milliseconds,
    };
  }

  parameter(name: string): Tensor | undefined {
    return this.model.parameters().get(name);
  }

  dispose(): void {
    this.model.dispose();
  }

  #tokenizer() {
    if (!this.model.tokenizer) throw new Error('tokenizer.json: expected in the folder, got none');
    return this.model.tokenizer;
  }

  #token(id: number, raw: string): Token {
    let special = this.#specials.get(id);
    if (special === undefined) {
      special = /^(\[.+\]|<.+>)$/.test(raw);
      this.#specials.set(id, special);
    }
    const continues = raw.startsWith('##');
    return { id, text: raw.replace(/^(##|▁|Ġ)/, ''), special, continues };
  }
}

let runtime: Promise<Runtime> | null = null;
export const getRuntime = (): Promise<Runtime> => (runtime ??= createRuntime());

export async function openModel(
  source: ModelSource,
  name: string,
  shipped: boolean,
  onProgress: (progress: Progress) => void,
): Promise<PageModel> {
  const model = await (await getRuntime()).loadModel(source, { onProgress });
  try {
    const page = new PageModel(name, shipped, model);
    page.encode('a'); // a folder without a usable tokenizer is refused here, not at the first keystroke
    return page;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

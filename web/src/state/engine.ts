// The package behind the page: one runtime, the model that is open, and a forward pass as a `Run`. Knows no view.
import { AttentionLabError, createRuntime } from 'attention-lab';
import type { ForwardOptions, Model, ModelSource, Progress, Runtime, Tensor, Tokenizer } from 'attention-lab';

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
  attentions: Tensor[]; //        N × [1, H, T, T]
  trace: Map<string, Tensor>;
  lastHiddenState: Tensor; //     [1, T, D]
  logits?: Tensor; //             [1, T, V]
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
  readonly #tokenizer: Tokenizer;
  readonly #added: ReadonlySet<number>;

  constructor(
    readonly name: string,
    /** Sits in the page's own folder, so that a link can name it. */
    readonly shipped: boolean,
    private readonly model: Model,
  ) {
    const { attention, ...config } = model.config;
    this.numLayers = config.numLayers;
    this.numHeads = attention.numHeads;
    this.maxLen = config.maxLen;
    this.vocabSize = config.vocabSize;
    this.causal = attention.causal;
    this.scoreDivisor = { d_head: Math.sqrt(attention.dHead), d_model: Math.sqrt(config.dModel), none: 1 }[attention.scaleBy];
    this.parameterCount = [...model.parameterShapes().values()].reduce((sum, dims) => sum + dims.reduce((a, b) => a * b, 1), 0);
    if (!model.tokenizer) throw new AttentionLabError('no_tokenizer', 'tokenizer.json: expected in the folder, got none');
    this.#tokenizer = model.tokenizer;
    const { maskTokenId, unkTokenId, specialTokenIds } = this.#tokenizer;
    this.#added = new Set(specialTokenIds.filter((id) => id !== maskTokenId && id !== unkTokenId));
  }

  get isSmall(): boolean {
    return this.parameterCount <= smallModel;
  }

  get maskTokenId(): number | undefined {
    return this.#tokenizer.maskTokenId;
  }

  encode(text: string): Token[] {
    const { ids, words, offsets } = this.#tokenizer.encode(text);
    return ids.map((id, i) => {
      const token = this.word(id);
      const place = offsets[i];
      return {
        ...token,
        text: token.unknown && place ? text.slice(...place) : token.text,
        continues: words[i] !== null && i > 0 && words[i] === words[i - 1],
      };
    });
  }

  /** The token of an id by itself, as it is shown. */
  word(id: number): Token {
    const text = (this.#tokenizer.idToToken(id) ?? `#${id}`).replace(/^(##|▁|Ġ)/, '');
    return { id, text, special: this.#added.has(id), continues: false, unknown: id === this.#tokenizer.unkTokenId };
  }

  forward(tokens: readonly Token[], options: ForwardOptions, layer: number): Run {
    const layers = this.isSmall ? Array.from({ length: this.numLayers }, (_, l) => l) : [layer];
    const start = performance.now();
    const output = this.model.forward(
      { inputIds: tokens.map((token) => token.id) },
      { ...options, outputAttentions: true, trace: [inputName, ...layers.flatMap(layerNames)] },
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

  dispose(): void {
    this.model.dispose();
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
    return new PageModel(name, shipped, model);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

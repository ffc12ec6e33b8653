// A model of the package with what the Lab asks of it. The same class answers on the page's own thread and, through a worker's messages, on another. Knows no view.
import { AttentionLabError, measureHeads, Tensor } from 'attention-lab';
import type {
  Encoding,
  ForwardInputs,
  ForwardOptions,
  GenerateResult,
  HeadScores,
  Model,
  ModelOutput,
  Picture,
  SweepCall,
  SweepResult,
  SweepSpec,
  Tokenizer,
} from 'attention-lab';
import { pooled, type Thumbnails } from './pooling.ts';

/** What is known of a model as soon as it is open, and can be sent as it is. */
export interface HostFacts {
  config: Model['config'];
  activationNames: readonly string[];
  parameterCount: number;
  /** Names and sizes of the parameters. */
  shapes: ReadonlyMap<string, readonly number[]>;
  labels: readonly string[];
  /** What of the checkpoint is not used. */
  warnings: readonly string[];
  hasPreprocessor: boolean;
  /** null: ids are read and written as numbers. */
  tokenizer: TokenizerFacts | null;
}

export type TokenizerFacts = Pick<
  Tokenizer,
  'maskTokenId' | 'unkTokenId' | 'sepTokenId' | 'specialTokenIds' | 'languageCodes' | 'vocabSize'
> & {
  maskToken: string | null;
  /** Its tokens are spelled in GPT-2's characters for bytes: Ġ, Ã¼. */
  isByteLevel: boolean;
};

/** Every head of a run at a glance. */
export interface Survey {
  /** By attention: `blocks.0.attn`. */
  thumbnails: ReadonlyMap<string, Thumbnails>;
  /** Scores [N, H]; null where there is nothing to measure (several attentions, a picture). */
  scores: HeadScores | null;
}

export interface SurveySpec {
  /** The pass that it is of: its weights may be here still. */
  pass: number;
  inputs: ForwardInputs;
  options: ForwardOptions;
  /** The attentions, in order. */
  sites: readonly string[];
  /** Of a text: its ids and which of them are special, for the scores. */
  text: { ids: readonly number[]; special: readonly boolean[] } | null;
  /** Weights of one head, to know how many layers a pass can record. */
  cells: number;
  /** Most rows and columns of a thumbnail; 0: the first row alone, as it is. */
  size: number;
}

/** Floats that one pass of a survey records: longer texts take several passes. */
const mostRecorded = 24e6;
/** Floats of weights that stay here after a pass, so that its survey needs no pass of its own. */
const mostKept = 4e6;

/** Ġ is how it spells a space, Ċ the end of a line: every byte is a token. */
const isByteLevel = (tokenizer: Tokenizer): boolean =>
  ['Ġ', 'Ċ'].every((token) => tokenizer.tokenToId(token) !== undefined);

const required = (tokenizer: Tokenizer | undefined): Tokenizer => {
  if (tokenizer) return tokenizer;
  throw new AttentionLabError(
    'no_tokenizer',
    'tokenizer.json: expected in the folder, or the files that stand for it, got none',
  );
};

/** One forward pass: its number, and the time of the pass alone, without what it takes to send it. */
export type Pass = ModelOutput & { id: number; milliseconds: number };

const patternOf = (site: string): string => `${site}.pattern`;

export class Host {
  readonly facts: HostFacts;
  #passes = 0;
  /** The weights of every attention of the last pass, where they were kept. */
  #kept: { id: number; patterns: readonly Tensor[] } | null = null;

  constructor(private readonly model: Model) {
    const { config, tokenizer, labels, warnings, preprocessor } = model;
    const shapes = model.parameterShapes();
    this.facts = {
      config,
      activationNames: model.activationNames(),
      parameterCount: [...shapes.values()].reduce(
        (sum, dims) => sum + dims.reduce((a, b) => a * b, 1),
        0,
      ),
      shapes,
      labels,
      warnings,
      hasPreprocessor: preprocessor !== undefined,
      tokenizer: tokenizer
        ? {
            maskTokenId: tokenizer.maskTokenId,
            maskToken:
              tokenizer.maskTokenId === undefined
                ? null
                : (tokenizer.idToToken(tokenizer.maskTokenId) ?? null),
            unkTokenId: tokenizer.unkTokenId,
            sepTokenId: tokenizer.sepTokenId,
            specialTokenIds: tokenizer.specialTokenIds,
            isByteLevel: isByteLevel(tokenizer),
            languageCodes: tokenizer.languageCodes,
            vocabSize: tokenizer.vocabSize,
          }
        : null,
    };
  }

  /** `isAnswer`: by the tokenizer of the language that is written, where it has one of its own. */
  encode(text: string, pair?: string | null, isAnswer = false): Encoding {
    const { tokenizer, targetTokenizer } = this.model;
    return required(isAnswer ? targetTokenizer : tokenizer).encode(text, pair ?? undefined);
  }

  /** As the vocabulary spells it; of a byte-level one, what its bytes say. */
  tokenText(id: number): string {
    const tokenizer = required(this.model.targetTokenizer);
    const token = tokenizer.idToToken(id) ?? `#${id}`;
    if (!this.facts.tokenizer?.isByteLevel || tokenizer.specialTokenIds.includes(id)) return token;
    const text = this.model.decode([id]);
    return text === '' || text.includes('\ufffd') ? token : text;
  }

  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string {
    return this.model.decode(ids, options);
  }

  preprocess(picture: Picture): Tensor {
    return this.model.preprocess(picture);
  }

  /** `surveyed`: attentions whose weights stay here for a survey of this pass, where they are not too many. */
  forward(
    inputs: ForwardInputs,
    options: ForwardOptions,
    surveyed?: { sites: readonly string[]; cells: number },
  ): Pass {
    const { sites, cells } = surveyed ?? { sites: [], cells: 0 };
    const keeps = cells > 0 && sites.length * cells <= mostKept;
    const asked = new Set(Array.isArray(options.trace) ? (options.trace as string[]) : []);
    const more = keeps ? sites.map(patternOf).filter((name) => !asked.has(name)) : [];
    const start = performance.now();
    const output = this.model.forward(
      inputs,
      keeps ? { ...options, trace: [...asked, ...more] } : options,
    );
    const milliseconds = performance.now() - start;
    const id = ++this.#passes;
    this.#kept = null;
    if (keeps) {
      // What is sent is moved: of what was asked for a copy stays.
      const patterns = sites.map((site) => {
        const { data, dims } = output.trace.get(patternOf(site))!;
        return new Tensor(asked.has(patternOf(site)) ? data.slice() : data, dims);
      });
      this.#kept = { id, patterns };
      for (const name of more) output.trace.delete(name);
    }
    return { ...output, id, milliseconds };
  }

  sweep(spec: SweepSpec, call: SweepCall): Promise<SweepResult> {
    return this.model.sweep(spec, call);
  }

  /** What an encoder–decoder writes to `source`. */
  write(source: readonly number[], maxNewTokens: number): GenerateResult {
    return this.model.generate(source, { maxNewTokens });
  }

  /** Of each text a vector of length 1: [n, D]. */
  embed(texts: readonly string[]): Tensor {
    return this.model.embed(texts);
  }

  parameter(name: string): Tensor {
    return this.model.parameter(name);
  }

  /** Every head, made small and scored, in as many passes as memory asks for. Lets messages in between them. */
  async survey(
    { pass, inputs, options, sites, text, cells, size }: SurveySpec,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Survey> {
    const { numHeads } = this.facts.config.attention;
    const kept = this.#kept?.id === pass ? this.#kept.patterns : null;
    const layers = kept ? 1 : Math.max(1, Math.floor(mostRecorded / Math.max(1, numHeads * cells)));
    const thumbnails = new Map<string, Thumbnails>();
    const parts: HeadScores[] = [];
    for (let start = 0; start < sites.length; start += layers) {
      if (start > 0) await new Promise((resolve) => setTimeout(resolve));
      if (signal?.aborted) throw new AttentionLabError('aborted', 'survey: aborted');
      const group = sites.slice(start, start + layers);
      const patterns = kept?.slice(start, start + layers) ?? this.#patterns(inputs, options, group);
      group.forEach((site, i) => thumbnails.set(site, pooled(patterns[i]!, size)));
      if (text)
        parts.push(measureHeads(patterns, { inputIds: text.ids, specialTokens: text.special }));
    }
    return { thumbnails, scores: parts.length > 0 ? joined(parts) : null };
  }

  #patterns(inputs: ForwardInputs, options: ForwardOptions, sites: readonly string[]): Tensor[] {
    const names = sites.map(patternOf);
    const { trace } = this.model.forward(inputs, { ...options, trace: names });
    return names.map((name) => trace.get(name)!);
  }

  dispose(): void {
    this.model.dispose();
  }
}

/** Scores of layers that follow each other as scores of all of them. */
function joined(parts: readonly HeadScores[]): HeadScores {
  const names = Object.keys(parts[0]!) as (keyof HeadScores)[];
  const join = (name: keyof HeadScores): Tensor => {
    const tensors = parts.map((part) => part[name]!);
    const data = new Float32Array(tensors.reduce((sum, tensor) => sum + tensor.data.length, 0));
    let end = 0;
    for (const tensor of tensors) {
      data.set(tensor.data, end);
      end += tensor.data.length;
    }
    const layers = tensors.reduce((sum, { dims }) => sum + dims[0]!, 0);
    return new Tensor(data, [layers, tensors[0]!.dims[1]!]);
  };
  return Object.fromEntries(names.map((name) => [name, join(name)])) as unknown as HeadScores;
}

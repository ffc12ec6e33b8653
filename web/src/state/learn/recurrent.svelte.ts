// A chapter about the time before attention: a trained recurrent network and a trained transformer read the same letters. Knows no view.
import type { Model, Recurrent, Tensor } from 'attention-lab';
import { copy } from '../../lessons/copy.ts';
import { writeAddress } from '../../lib/address.ts';
import { headOf, rowOf } from '../../lib/pattern.ts';
import { readHalfTensors, type NamedTensor } from '../../lib/safetensors.ts';
import type { Arc, Figure } from '../../parts/figure.ts';
import { getRuntime } from '../shared/runtime.ts';
import { fileOf, modelOf } from './models.ts';
import { share } from './share.ts';
import { passOf, strongestHead, type Pass } from './story.ts';
import type { Chosen, Subject } from './subject.ts';
import { words } from './words.svelte.ts';

const folder = 'recurrent';
/** So many arcs of each network are drawn, from this share on. */
const [most, worthDrawing] = [4, 0.05];

/** What `scripts/train_recurrent.py` measured on held-out examples. */
interface Evaluation {
  accuracy: number;
  parameters: number;
  accuracyByDistance: Readonly<Record<string, number>>;
}

export async function open(chosen: Chosen): Promise<Subject> {
  const [runtime, model, weights, config, evaluation] = await Promise.all([
    getRuntime(),
    modelOf(chosen.chapter.model),
    fileOf(folder, 'model.safetensors').then(readHalfTensors),
    jsonOf<{ vocabSize: number; inputSize: number; hiddenSize: number }>(folder, 'config.json'),
    jsonOf<Evaluation>(folder, 'evaluation.json'),
  ]);
  const network = runtime.createRecurrent(config);
  for (const [name, tensor] of weights)
    if (!name.startsWith('head.'))
      network.setParameter(name, { data: tensor.data, dims: [...tensor.dims] });
  return new Contrast(model, network, headOfNetwork(weights), evaluation, chosen);
}

const jsonOf = async <T>(name: string, file: string): Promise<T> =>
  JSON.parse(new TextDecoder().decode(await fileOf(name, file))) as T;

interface OutputHead {
  weight: NamedTensor; // [V, D]
  bias: NamedTensor; //   [V]
}

const headOfNetwork = (weights: ReadonlyMap<string, NamedTensor>): OutputHead => ({
  weight: weights.get('head.weight')!,
  bias: weights.get('head.bias')!,
});

class Contrast implements Subject {
  constructor(
    private readonly model: Model,
    private readonly network: Recurrent,
    private readonly head: OutputHead,
    private readonly evaluation: Evaluation,
    private readonly chosen: Chosen,
  ) {}

  readonly #text = $derived.by(() => {
    const { input, side } = this.chosen;
    return input.text.replace('{word}', input.words[side]);
  });
  readonly #pass: Pass = $derived.by(() => passOf(this.model, this.#text));
  readonly #last = $derived.by(() => this.#pass.tokens.length - 1);

  /** The letter that follows the first occurrence of the last one. */
  readonly #key = $derived.by(() => {
    const { tokens } = this.#pass;
    return tokens.findIndex(({ text }) => text === tokens[this.#last]!.text) + 1;
  });

  /** What the last letter's attention gives to each letter: the head of the last layer that reads the right one most. */
  readonly #weights = $derived.by(() => {
    const pattern = this.#pass.patterns.at(-1)!;
    const { head } = strongestHead(pattern, { query: this.#last, key: this.#key });
    return rowOf(headOf(pattern, head), this.#last);
  });

  readonly #read = $derived.by(() =>
    this.network.forward({ inputIds: this.#pass.inputs.inputIds! }, { influence: true }),
  );
  /** How much of each letter is in the state after the last one: its part of all influence. */
  readonly #influence = $derived.by(() => {
    const row = rowOf(headOf(this.#read.influence!, 0), this.#last);
    const total = row.reduce((sum, x) => sum + x, 0);
    return row.map((x) => x / total);
  });
  readonly #shares = $derived.by(() => sharesOf(this.#read.lastHiddenState, this.head));

  readonly values = $derived.by(() => {
    const { best, tokens } = this.#pass;
    const right = this.model.tokenizer!.tokenToId(tokens[this.#key]!.text)!;
    const largest = this.#shares.indexOf(Math.max(...this.#shares));
    const byDistance = this.evaluation.accuracyByDistance;
    const T = tokens.length;
    return {
      asked: tokens[this.#last]!.text,
      noun: tokens[this.#key]!.text,
      answer: best.word,
      share: share(best.share),
      weight: share(this.#weights[this.#key]!),
      network: this.model.tokenizer!.idToToken(largest) ?? '',
      networkShare: share(this.#shares[largest]!),
      rightShare: share(this.#shares[right]!),
      influence: share(this.#influence[this.#key]!),
      recent: share(this.#influence.slice(-3).reduce((sum, x) => sum + x, 0)),
      back: String(this.#last - this.#key),
      letters: String(T),
      near: share(byDistance['4']!),
      far: share(byDistance['20']!),
      accuracy: share(this.evaluation.accuracy),
      attention: share(copy.shipped.accuracy),
      weights: this.evaluation.parameters.toLocaleString('en'),
      others: weightsOf(this.model).toLocaleString('en'),
      pairs: ((T * (T + 1)) / 2).toLocaleString('en'),
    };
  });

  readonly figure: Figure = $derived.by(() => {
    const tokens = this.#pass.tokens.map(({ text }, at) => ({ text, asked: at === this.#last }));
    const arcsOf = (row: Float32Array, tone: 'first' | 'second'): Arc[] =>
      Array.from(row, (weight, key) => ({ key, weight }))
        .filter(({ weight }) => weight >= worthDrawing)
        .sort((a, b) => b.weight - a.weight)
        .slice(0, most)
        .map(({ key, weight }) => ({
          storey: 1,
          query: this.#last,
          key,
          size: weight,
          label: share(weight),
          tone,
        }));
    return {
      storeys: [
        { label: words.strings.storeys.words, tokens },
        { label: words.strings.recurrent.storey, tokens },
      ],
      arcs: [...arcsOf(this.#weights, 'first'), ...arcsOf(this.#influence, 'second')],
      answer: null,
    };
  });

  readonly line = $derived.by(() => {
    const { answer, share: attention, network, networkShare } = this.values;
    return words.strings.recurrent.line(answer, attention, network, networkShare);
  });

  describe({ key, label, tone }: Arc): string {
    const t = words.strings.recurrent;
    const { text } = this.#pass.tokens[key]!;
    return tone === 'second' ? t.influence(text, label ?? '') : t.weight(text, label ?? '');
  }

  readonly lab = $derived.by(() =>
    writeAddress('lab', [], { model: this.chosen.chapter.model, text: this.#text }),
  );
}

const weightsOf = (model: Model): number =>
  [...model.parameterShapes().values()]
    .map((dims) => dims.reduce((product, size) => product * size, 1))
    .reduce((sum, size) => sum + size, 0);

/** Probabilities of the next letter from the state after the last one: softmax(W h + b). */
function sharesOf({ data, dims }: Tensor, { weight, bias }: OutputHead): Float64Array {
  const width = dims.at(-1)!;
  const state = data.subarray(data.length - width);
  const logits = Float64Array.from(bias.data, (b, id) =>
    state.reduce((sum, h, i) => sum + h * weight.data[id * width + i]!, b),
  );
  const largest = Math.max(...logits);
  const exps = logits.map((x) => Math.exp(x - largest));
  const total = exps.reduce((sum, x) => sum + x, 0);
  return exps.map((x) => x / total);
}

// A chapter about a model of pictures: a drawing, what its class token attends to, and what hiding a patch does. Knows no view.
import type { ForwardOptions, MaskTensor, Model } from 'attention-lab';
import { digits } from '../../lessons/digits.ts';
import type { Drawing } from '../../lessons/lesson.ts';
import { writeAddress } from '../../lib/address.ts';
import { textToInk } from '../../lib/ink-text.ts';
import { headOf, rowOf } from '../../lib/pattern.ts';
import type { Figure } from '../../parts/figure.ts';
import { modelOf } from './models.ts';
import { share } from './share.ts';
import type { Chosen, ShadedPicture, Subject } from './subject.ts';
import { words } from './words.svelte.ts';

/** The class token, which the answer is read from, comes before the patches. */
const first = 1;

export async function open(chosen: Chosen): Promise<Subject> {
  return new DrawnDigit(await modelOf(chosen.chapter.model), chosen);
}

interface Pass {
  shares: Float64Array; // [10]
  /** The last layer, head by head: what the class token gives to each patch. */
  rows: readonly Float32Array[];
}

class DrawnDigit implements Subject {
  readonly #side: number;

  constructor(
    private readonly model: Model,
    private readonly chosen: Chosen,
  ) {
    const { size, patchSize } = model.config.image!;
    this.#side = Math.floor(size[0] / patchSize[0]);
  }

  readonly #ink = $derived.by(() => this.chosen.input.drawings![this.chosen.side]);
  readonly #drawing: Drawing = $derived.by(() => textToInk(this.#ink)!);
  readonly #plain: Pass = $derived.by(() => this.#pass(this.#drawing));
  readonly #now: Pass = $derived.by(() => {
    const { card, on } = this.chosen;
    return on && card.interventions
      ? this.#pass(this.#drawing, { interventions: card.interventions })
      : this.#plain;
  });
  readonly #answer = $derived.by(() => largestOf(this.#plain.shares));
  readonly #second = $derived.by(() => secondOf(this.#plain.shares));

  #pass({ ink, width, height }: Drawing, options: ForwardOptions = {}): Pass {
    const output = this.model.forward(
      { pixelValues: { data: ink, dims: [1, 1, height, width] } },
      { ...options, outputAttentions: true },
    );
    const last = output.attentions!.at(-1)!;
    return {
      shares: Float64Array.from(output.logits!.softmax().data),
      rows: Array.from({ length: last.dims[1]! }, (_, head) =>
        rowOf(headOf(last, head), 0).slice(first),
      ),
    };
  }

  /** Patches with ink: more than a tenth of what they could have, as the lesson counts. */
  readonly #inked = $derived.by(
    () => new Set(digits.encode(this.#drawing).targets.flatMap(({ keys }) => keys)),
  );
  #onInk(row: Float32Array): number {
    return row.reduce(
      (sum, weight, patch) => sum + (this.#inked.has(patch + first) ? weight : 0),
      0,
    );
  }
  /** The head that the lesson names: the one with the most weight on ink over many drawings. */
  readonly #head = digits.shipped.head.head;

  /** Without each patch, which nobody may read: what the answer loses, in probability, and what is said instead. */
  readonly #hidden = $derived.by(() => {
    const count = this.#side ** 2;
    const answer = this.#plain.shares[this.#answer]!;
    return Array.from({ length: count }, (_, patch) => {
      const { shares } = this.#pass(this.#drawing, { mask: maskWithout(patch + first, count + 1) });
      return { patch, loss: answer - shares[this.#answer]!, says: largestOf(shares) };
    });
  });
  readonly #worst = $derived.by(() =>
    this.#hidden.reduce((worst, each) => (each.loss > worst.loss ? each : worst)),
  );
  readonly #flips = $derived.by(() => this.#hidden.filter(({ says }) => says !== this.#answer));

  readonly values = $derived.by(() => {
    const { shares } = this.#plain;
    const count = this.#side ** 2;
    const heads = this.#plain.rows.map((row) => this.#onInk(row));
    return {
      answer: String(this.#answer),
      share: share(shares[this.#answer]!),
      rival: String(this.#second),
      count: String(count),
      ink: share(this.#inked.size / count),
      head: words.strings.head(this.model.config.numLayers, this.#head + 1),
      onInk: share(heads[this.#head]!),
      least: share(Math.min(...heads)),
      now: String(largestOf(this.#now.shares)),
      nowShare: share(this.#now.shares[this.#answer]!),
      ...(this.chosen.card.shades === 'occlusion' && {
        worst: words.strings.drawing.points(100 * this.#worst.loss),
        instead: String(this.#worst.says),
        place: words.strings.drawing.place(
          Math.floor(this.#worst.patch / this.#side) + 1,
          (this.#worst.patch % this.#side) + 1,
        ),
        flips: String(this.#flips.length),
        flipsEmpty: String(
          this.#flips.filter(({ patch }) => !this.#inked.has(patch + first)).length,
        ),
      }),
    };
  });

  readonly picture: ShadedPicture = $derived.by(() => {
    const t = words.strings;
    const grid = [this.#side, this.#side] as const;
    const ofHead = (head: number) => ({
      name: t.head(this.model.config.numLayers, head + 1),
      weights: this.#now.rows[head]!,
      isSigned: false,
    });
    const { shades } = this.chosen.card;
    // The figure asks a guess first: what the answer loses is shown with the answer.
    const plain = { name: '', weights: new Float32Array(this.#side ** 2), isSigned: false };
    return {
      ink: this.#drawing,
      grid,
      shades:
        shades === 'heads'
          ? this.#now.rows.map((_, head) => ofHead(head))
          : shades === 'occlusion'
            ? [
                this.chosen.on
                  ? {
                      name: t.drawing.loses,
                      weights: Float32Array.from(this.#hidden, ({ loss }) => loss),
                      isSigned: true,
                    }
                  : plain,
              ]
            : [ofHead(this.#head)],
    };
  });

  readonly figure: Figure = { storeys: [{ label: '', tokens: [] }], arcs: [], answer: null };

  readonly line = $derived.by(() => {
    const { shares } = this.#now;
    const best = largestOf(shares);
    const next = secondOf(shares);
    return words.strings.runnerUp(
      String(best),
      share(shares[best]!),
      String(next),
      share(shares[next]!),
    );
  });

  describe(): string {
    return '';
  }

  readonly lab = $derived.by(() =>
    writeAddress('lab', [], {
      model: this.chosen.chapter.model,
      ink: this.#ink,
    }),
  );
}

const largestOf = (shares: Float64Array): number => shares.indexOf(Math.max(...shares));

const secondOf = (shares: Float64Array): number => {
  const best = largestOf(shares);
  return shares.indexOf(Math.max(...shares.filter((_, digit) => digit !== best)));
};

function maskWithout(key: number, length: number): MaskTensor {
  const data = new Uint8Array(length * length).fill(1);
  for (let query = 0; query < length; query++) data[query * length + key] = 0;
  return { data, dims: [length, length] };
}

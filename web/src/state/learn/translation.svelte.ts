// A chapter about an encoder–decoder: what it reads, what it writes, and the cross-attention between them. Knows no view.
import type { Intervention, Model, Tensor } from 'attention-lab';
import { writeAddress } from '../../lib/address.ts';
import type { Arc, Figure } from '../../parts/figure.ts';
import { fileOf, modelOf } from './models.ts';
import { share } from './share.ts';
import { strongestHead, weightAt } from './story.ts';
import type { Chosen, Subject } from './subject.ts';
import { words } from './words.svelte.ts';

/** What the model writes at most. */
const longest = 20;
/** Weights that are drawn, and how many arcs may have their number beside them. */
const worthDrawing = 0.4;
const mostLabels = 6;

interface Change {
  interventions?: readonly Intervention[];
  /** Places of the input that nobody may read. */
  hidden?: readonly number[];
}

interface Written {
  /** Without the token that a decoder begins with, and the one that ends an answer. */
  answer: readonly string[];
  /** [1, H, T, S]: row t is of the t-th character that was written. */
  pattern: Tensor;
}

/** What a decoder begins with, and the token that ends an answer. */
interface Ends {
  start: number;
  end: number;
}

export async function open(chosen: Chosen): Promise<Subject> {
  const { model: name } = chosen.chapter;
  const [model, file] = await Promise.all([modelOf(name), fileOf(name, 'generation_config.json')]);
  const { decoder_start_token_id: start, eos_token_id: ends } = JSON.parse(
    new TextDecoder().decode(file),
  ) as { decoder_start_token_id: number; eos_token_id: number[] };
  return new Translation(model, { start, end: ends[0]! }, chosen);
}

class Translation implements Subject {
  constructor(
    private readonly model: Model,
    private readonly ends: Ends,
    private readonly chosen: Chosen,
  ) {}

  readonly #text = $derived.by(() => {
    const { input, side } = this.chosen;
    return input.text.replace('{word}', input.words[side]);
  });
  readonly #plain: Written = $derived.by(() => write(this.model, this.ends, this.#text, {}));
  readonly #now: Written = $derived.by(() => {
    const { card, on } = this.chosen;
    if (!on) return this.#plain;
    return write(this.model, this.ends, this.#text, {
      hidden: this.#hidden,
      ...(card.interventions && { interventions: card.interventions }),
    });
  });

  /** Places that the card's control hides. */
  readonly #hidden: readonly number[] = $derived.by(() => {
    const { hides } = this.chosen.card;
    const found = hides ? new RegExp(hides).exec(this.#text) : null;
    return found ? Array.from(found[0], (_, i) => found.index + i) : [];
  });

  readonly values = $derived.by(() => {
    const [answer, now] = [this.#plain, this.#now].map((written) => written.answer.join(''));
    // The first character that reads what the control hides.
    const onHidden = this.#plain.answer.map((_, query) => this.#weightOn(query, this.#hidden));
    return {
      text: this.#text,
      answer: answer!,
      now: now!,
      hidden: this.#hidden.map((place) => this.#text[place]).join(''),
      weight: share(Math.max(0, ...onHidden)),
      count: String(answer!.length),
    };
  });

  /** What one head, the one that reads them most, gives to some places together. */
  #weightOn(query: number, keys: readonly number[]): number {
    const { pattern } = this.#plain;
    const heads = Array.from({ length: pattern.dims[1]! }, (_, head) =>
      keys.reduce((sum, key) => sum + weightAt(pattern, head, { query, key }), 0),
    );
    return Math.max(...heads);
  }

  readonly figure: Figure = $derived.by(() => {
    const { selected } = this.chosen;
    const { answer, pattern } = this.#now;
    const all = answer.flatMap((_, query) =>
      Array.from(this.#text, (_, key) => ({
        query,
        key,
        weight: this.#isCut ? 0 : strongestHead(pattern, { query, key }).weight,
      })),
    );
    const drawn =
      selected === null
        ? all.filter(({ weight }) => weight >= worthDrawing)
        : all.filter(({ key, weight }) => key === selected && weight >= 0.1);
    const arcs = drawn.map(({ query, key, weight }): Arc => ({
      storey: 1,
      query,
      key,
      size: 0.6 * weight,
      ...((selected !== null || drawn.length <= mostLabels) && { label: share(weight) }),
    }));
    const plain = this.#plain.answer;
    return {
      storeys: [
        { label: words.strings.storeys.read, tokens: charactersOf([...this.#text]) },
        {
          label: words.strings.storeys.written,
          tokens: charactersOf(answer).map((token, at) => ({
            ...token,
            asked: answer[at] !== plain[at],
          })),
        },
      ],
      arcs,
      answer: null,
    };
  });

  /** Nothing passes from the encoder: the card takes all of it away. */
  readonly #isCut = $derived.by(
    () =>
      this.chosen.on &&
      (this.chosen.card.interventions ?? []).some(
        ({ at, op, head }) => at.endsWith('cross_attn.z') && op === 'zero' && head === undefined,
      ),
  );

  readonly line = $derived.by(() => {
    const { selected, on } = this.chosen;
    const t = words.strings.translation;
    const { answer, now, text } = this.values;
    if (selected !== null) {
      const readers = this.figure.arcs.map(({ query, label }) => ({
        character: this.#now.answer[query]!,
        place: query + 1,
        weight: label ?? '',
      }));
      return t.readers(this.#text[selected]!, readers);
    }
    return on && now !== answer ? t.changed(answer, now) : t.wrote(text, answer);
  });

  describe({ query, key }: Arc): string {
    const { weight } = strongestHead(this.#now.pattern, { query, key });
    return words.strings.translation.arc(
      this.#now.answer[query] ?? '',
      this.#text[key] ?? '',
      share(weight),
    );
  }

  readonly lab = $derived.by(() =>
    writeAddress('lab', [], {
      model: this.chosen.chapter.model,
      text: this.#text,
      target: this.values.answer,
    }),
  );
}

/** A space is seen. */
const charactersOf = (texts: readonly string[]) =>
  texts.map((text) => ({ text: text === ' ' ? '␣' : text }));

/** Character by character, the likeliest next. */
function write(
  model: Model,
  { start, end }: Ends,
  text: string,
  { interventions = [], hidden = [] }: Change,
): Written {
  const { ids } = model.encode(text);
  const given = [start];
  for (;;) {
    const output = model.forward(
      { inputIds: ids, decoderInputIds: given },
      {
        outputAttentions: true,
        interventions,
        ...(hidden.length > 0 && { crossMask: maskWithout(hidden, given.length, ids.length) }),
      },
    );
    const { data, dims } = output.logits!;
    const row = data.subarray(data.length - dims.at(-1)!);
    const next = row.indexOf(Math.max(...row));
    if (next === end || given.length > longest) {
      return {
        answer: given.slice(1).map((id) => model.tokenizer!.idToToken(id) ?? String(id)),
        pattern: output.crossAttentions!.at(-1)!,
      };
    }
    given.push(next);
  }
}

function maskWithout(keys: readonly number[], queries: number, count: number) {
  const data = new Uint8Array(queries * count).fill(1);
  for (let query = 0; query < queries; query++)
    for (const key of keys) data[query * count + key] = 0;
  return { data, dims: [queries, count] };
}

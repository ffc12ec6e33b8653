// What the open card says and draws, computed from the model's passes: the numbers in its texts, its arcs, its line.
import type { Arc, Figure } from '../../parts/figure.ts';
import type { Reads } from '../../strings/en/learn.ts';
import { learn, type Story } from './learn.svelte.ts';
import { share } from './share.ts';
import { strongestHead, weightAt, type Edge, type Pass } from './story.ts';
import { words } from './words.svelte.ts';

/** The most readable words of a word that reads, marks apart. */
const most = 3;
const worthSaying = 0.12;
/** An answer that comes second is named from here. */
const worthNaming = 0.05;

class Facts {
  /** A word as it is written: the hidden one is “?”. */
  wordAt = (pass: Pass, position: number): string => {
    const token = pass.tokens[position]!;
    return token.hidden ? '?' : token.text;
  };

  /** Positions of words, without the marks around the sentence. */
  readonly visible: readonly number[] = $derived(
    learn.subject?.figure.storeys[0]!.tokens.map((_, at) => at) ??
      (learn.story?.pass.tokens ?? []).flatMap(({ special }, at) => (special ? [] : [at])),
  );

  readonly values: Readonly<Record<string, string>> = $derived.by(() => {
    const [word, other] = ((pair) => (learn.side === 0 ? pair : [pair[1], pair[0]]))([
      ...learn.input.words,
    ]) as [string, string];
    const { story, changed, model } = learn;
    if (learn.subject) return { word, other, ...learn.subject.values };
    if (!story || !model) return { word, other };
    const { pass, head, key } = story;
    const { dHead } = model.config.attention;
    return {
      word,
      other,
      answer: pass.best.word,
      share: share(pass.best.share),
      rival: story.rival.word,
      noun: this.wordAt(pass, key.key),
      asked: this.wordAt(pass, pass.target),
      weight: share(weightAt(pass.patterns[head.layer]!, head.head, key)),
      head: words.strings.head(head.layer + 1, head.head + 1),
      d: String(dHead),
      root: String(Math.round(Math.sqrt(dHead) * 100) / 100),
      slope: this.row ? `${this.row.slope.toFixed(0)}×` : '…',
      ...(changed && {
        now: changed.best.word,
        nowShare: share(changed.shares[pass.best.id]!),
      }),
    };
  });

  /** Of all rows of the model's heads, the one that the division by √d changes most; with and without it. */
  readonly row = $derived.by(() => {
    const { story, model } = learn;
    return story && model ? mostScaled(story.pass, Math.sqrt(model.config.attention.dHead)) : null;
  });

  readonly arcs: readonly Arc[] = $derived.by(() => {
    const { story, changed, selected } = learn;
    if (!story) return [];
    const pass = changed ?? story.pass;
    const place = (position: number) => this.visible.indexOf(position);
    const drawn = (edge: Pick<Edge, 'layer' | 'query' | 'key'>, rest: Partial<Arc>): Arc => ({
      storey: edge.layer + 1,
      query: place(edge.query),
      key: place(edge.key),
      size: 1,
      ...rest,
    });
    if (learn.card.view === 'heads') return this.#ofPair(story, drawn);
    if (selected !== null)
      return this.readings(pass, selected).flatMap(({ layer, keys }) =>
        keys.map(({ key, weight }) =>
          drawn({ layer, query: selected, key }, { size: weight, label: share(weight) }),
        ),
      );
    const largest = Math.max(...story.arcs.map(({ effect }) => effect));
    const arcs = story.arcs
      .filter(({ query, key }) => place(query) >= 0 && place(key) >= 0)
      .sort((a, b) => a.layer - b.layer || a.query - b.query || b.effect - a.effect)
      .map((edge) => {
        const size = Math.sqrt(edge.effect / largest);
        if (!changed) return drawn(edge, { size, label: share(edge.weight) });
        const now = this.weightNow(changed, edge);
        const cut = now < 0.3 * edge.weight;
        return drawn(edge, {
          size: size * Math.min(1, now / edge.weight),
          cut,
          ...(!cut && { label: share(now) }),
        });
      });
    return changed ? [...arcs, ...this.#gained(story, changed, drawn)] : arcs;
  });

  /** The weight of an arc after the card's change; nothing comes through a head that is off. */
  weightNow(changed: Pass, { layer, query, key }: Pick<Edge, 'layer' | 'query' | 'key'>): number {
    const off = (learn.change?.interventions ?? []).filter(
      ({ at, op }) => op === 'zero' && at === `blocks.${layer}.attn.z`,
    );
    const pattern = changed.patterns[layer]!;
    const heads = Array.from({ length: pattern.dims[1]! }, (_, head) => head).filter(
      (head) => !off.some((edit) => edit.head === undefined || edit.head === head),
    );
    return Math.max(0, ...heads.map((head) => weightAt(pattern, head, { query, key })));
  }

  /** Words that the asked word turned to after the change. */
  #gained(
    { pass, arcs, head }: Story,
    changed: Pass,
    drawn: (edge: Pick<Edge, 'layer' | 'query' | 'key'>, rest: Partial<Arc>) => Arc,
  ): Arc[] {
    if (learn.card.control !== 'block') return [];
    const { layer } = head;
    return this.visible
      .filter(
        (key) =>
          !arcs.some((arc) => arc.layer === layer && arc.query === pass.target && arc.key === key),
      )
      .map((key) => ({
        key,
        weight: weightAt(changed.patterns[layer]!, head.head, { query: pass.target, key }),
      }))
      .filter(({ weight }) => weight >= worthSaying)
      .map(({ key, weight }) =>
        drawn({ layer, query: pass.target, key }, { size: weight, label: share(weight) }),
      );
  }

  /** Two heads of the last layer, from the asked word. */
  #ofPair(
    { pass, head }: Story,
    drawn: (edge: Pick<Edge, 'layer' | 'query' | 'key'>, rest: Partial<Arc>) => Arc,
  ): Arc[] {
    const [first, second] = this.pair ?? [head.head, head.head];
    const tones = [
      ['first', first],
      ['second', second],
    ] as const;
    return tones.flatMap(([tone, each]) =>
      this.visible
        .map((key) => ({
          key,
          weight: weightAt(pass.patterns[head.layer]!, each, { query: pass.target, key }),
        }))
        .filter(({ weight }) => weight >= worthSaying)
        .sort((a, b) => b.weight - a.weight)
        .slice(0, most)
        .map(({ key, weight }) =>
          drawn(
            { layer: head.layer, query: pass.target, key },
            { size: weight, label: share(weight), tone },
          ),
        ),
    );
  }

  /** The chosen two, else the one that decides and the one that reads something else most strongly. */
  readonly pair: readonly [number, number] | null = $derived.by(() => {
    const { story } = learn;
    if (!story) return null;
    if (learn.pair) return learn.pair;
    const { head } = story.head;
    const others = this.heads.filter((each) => each.head !== head && !each.special);
    const other = others.sort((a, b) => b.weight - a.weight)[0];
    return [head, other?.head ?? head];
  });

  /** What each head of the last layer reads most, from the asked word. */
  readonly heads = $derived.by(() => {
    const { story } = learn;
    if (!story) return [];
    const { pass, head } = story;
    const pattern = pass.patterns[head.layer]!;
    return Array.from({ length: pattern.dims[1]! }, (_, each) => {
      const weights = pass.tokens.map((_, key) =>
        weightAt(pattern, each, { query: pass.target, key }),
      );
      const key = weights.indexOf(Math.max(...weights));
      return {
        head: each,
        word: this.wordAt(pass, key),
        weight: weights[key]!,
        special: pass.tokens[key]!.special,
      };
    });
  });

  /** Whom a word reads strongly, layer by layer, each key by the head that reads it most. */
  readings(pass: Pass, query: number) {
    return pass.patterns.map((pattern, layer) => ({
      layer,
      keys: this.visible
        .map((key) => ({ key, weight: strongestHead(pattern, { query, key }).weight }))
        .filter(({ weight }) => weight >= worthSaying)
        .sort((a, b) => b.weight - a.weight)
        .slice(0, most),
    }));
  }

  readonly answer = $derived.by(() => {
    const { story, changed } = learn;
    const best = (changed ?? story?.pass)?.best;
    return story && best
      ? {
          at: this.visible.indexOf(story.pass.target),
          word: best.word,
          share: share(best.share),
        }
      : null;
  });

  readonly figure: Figure = $derived.by(() => {
    if (learn.subject) return learn.subject.figure;
    const { story } = learn;
    const tokens = this.visible.map((position) => ({
      text: story ? this.wordAt(story.pass, position) : '',
      asked: position === story?.pass.target,
    }));
    const layers = story?.pass.patterns.length ?? 0;
    return {
      storeys: [
        { label: words.strings.storeys.words, tokens },
        ...Array.from({ length: layers }, (_, layer) => ({
          label: words.strings.storeys.layer(layer + 1),
          tokens,
        })),
      ],
      arcs: this.arcs,
      answer: this.answer,
    };
  });

  /** One sentence on what is drawn. */
  readonly line: string = $derived.by(() => {
    const { story, changed, selected, card } = learn;
    const t = words.strings;
    if (learn.subject) return learn.subject.line;
    if (!story) return '';
    if (selected !== null)
      return t.wordReads(
        this.wordAt(story.pass, selected),
        this.readings(changed ?? story.pass, selected)
          .filter(({ keys }) => keys.length > 0)
          .map(({ layer, keys }) => ({
            layer: layer + 1,
            reads: keys
              .map(({ key, weight }) => `“${this.wordAt(story.pass, key)}” ${share(weight)}`)
              .join(', '),
          })),
      );
    if (changed) {
      const was = `${story.pass.best.word} ${share(story.pass.best.share)}`;
      const now = [changed.best, changed.second]
        .filter((each, i) => i === 0 || each.share >= worthNaming)
        .map((each) => `${each.word} ${share(each.share)}`)
        .join(', ');
      const answer = t.softmax.answer(was, now);
      if (card.control === 'block') return `${this.#blockedLine(story, changed)} ${answer}`;
      return answer;
    }
    const { best, second } = story.pass;
    return `${t.path(this.#reads(story))} ${t.runnerUp(best.word, share(best.share), second.word, share(second.share))}`;
  });

  #blockedLine({ pass, head, key }: Story, changed: Pass): string {
    const weights = pass.tokens.map((_, at) =>
      weightAt(changed.patterns[head.layer]!, head.head, { query: pass.target, key: at }),
    );
    const to = weights.indexOf(Math.max(...weights));
    const name = pass.tokens[to]!.special
      ? words.strings.marks
      : `“${this.wordAt(pass, to)}” (${share(weights[to]!)})`;
    return words.strings.blocked(
      share(weightAt(pass.patterns[head.layer]!, head.head, key)),
      this.wordAt(pass, key.key),
      name,
    );
  }

  /** The arcs that matter as who reads whom, readers of the same words together. */
  #reads({ pass, arcs }: Story): Reads[] {
    return pass.patterns.flatMap((_, layer) => {
      const readers = new Map<number, number[]>();
      for (const edge of arcs)
        if (edge.layer === layer && !pass.tokens[edge.key]!.special)
          readers.set(edge.query, [...(readers.get(edge.query) ?? []), edge.key]);
      const groups = new Map<string, { readers: string[]; keys: string[] }>();
      for (const [query, keys] of readers) {
        const name = [...keys].sort((a, b) => a - b).join();
        const group = groups.get(name) ?? {
          readers: [],
          keys: keys.map((key) => this.wordAt(pass, key)),
        };
        group.readers.push(this.wordAt(pass, query));
        groups.set(name, group);
      }
      const said = [...groups.values()].sort((a, b) => isAsked(a.readers) - isAsked(b.readers));
      return said.length > 0 ? [{ layer: layer + 1, reads: said }] : [];
    });
  }
}

/** The asked word is spoken of last. */
const isAsked = (readers: readonly string[]): number => Number(readers.includes('?'));

export interface ScaledRow {
  layer: number;
  head: number;
  query: number;
  divided: Float64Array;
  plain: Float64Array;
  /** How many times less the row moves with its scores: the trace of softmax's Jacobian, 1 − Σ p², before over after. */
  slope: number;
}

function mostScaled({ trace, patterns, tokens }: Pass, root: number): ScaledRow | null {
  let found: ScaledRow | null = null;
  let gain = -1;
  patterns.forEach((pattern, layer) => {
    const scores = trace.get(`blocks.${layer}.attn.scores`)!;
    const [, H, T, S] = pattern.dims as [number, number, number, number];
    for (let head = 0; head < H; head++)
      for (let query = 0; query < T; query++) {
        if (tokens[query]!.special) continue;
        const row = scores.data.subarray((head * T + query) * S, (head * T + query + 1) * S);
        const [divided, plain] = [softmaxOf(row, 1), softmaxOf(row, root)];
        const top = divided.indexOf(Math.max(...divided));
        if (tokens[top]!.special) continue; // a mark that is read says nothing to a reader
        const grows = Math.max(...plain) - Math.max(...divided);
        if (grows > gain) {
          gain = grows;
          found = { layer, head, query, divided, plain, slope: slopeOf(divided) / slopeOf(plain) };
        }
      }
  });
  return found;
}

function softmaxOf(scores: Float32Array, factor: number): Float64Array {
  const largest = Math.max(...scores);
  const shares = Float64Array.from(scores, (x) => Math.exp((x - largest) * factor));
  const total = shares.reduce((sum, x) => sum + x, 0);
  return shares.map((x) => x / total);
}

const slopeOf = (row: Float64Array): number => 1 - row.reduce((sum, p) => sum + p * p, 0);

export const facts = new Facts();

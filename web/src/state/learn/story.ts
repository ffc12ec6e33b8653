// One sentence through the loaded model: its tokens, its weights, its answer, and which arcs the answer depends on. Knows no view.
import type { ForwardInputs, Intervention, MaskTensor, Model, Tensor } from 'attention-lab';
import { isMask, textOfToken } from '../../lib/tokens.ts';

export interface StoryToken {
  text: string;
  /** [CLS], [SEP]: added around the words. */
  special: boolean;
  /** The hidden word that the model fills in. */
  hidden: boolean;
}

export interface Guess {
  word: string;
  id: number;
  share: number;
}

/** What a card changes about the pass. */
export interface Change {
  interventions?: readonly Intervention[];
  /** Query → key, blocked in every layer and head. */
  blocked?: readonly Cell[];
}

export interface Cell {
  query: number;
  key: number;
}

/** One forward pass. Layers and positions count from 0. */
export interface Pass {
  inputs: ForwardInputs;
  tokens: readonly StoryToken[];
  /** The position whose answer is asked for. */
  target: number;
  patterns: readonly Tensor[]; // N × [1, H, T, T]
  trace: ReadonlyMap<string, Tensor>;
  /** Probabilities at the target, [V]. */
  shares: Float64Array;
  logits: Float32Array; //        [V]
  best: Guess;
  second: Guess;
}

/** An arc that matters: all heads of a layer together. */
export interface Edge extends Cell {
  layer: number;
  /** The largest weight that any head of the layer gives it. */
  weight: number;
  /** How far the margin falls, in logits, without it; edges that do the same work are cut together and share one number. */
  effect: number;
}

export function passOf(model: Model, text: string, change: Change = {}): Pass {
  const { ids, tokens } = model.encode(text);
  const { maskTokenId, unkTokenId, specialTokenIds } = model.tokenizer!;
  const words = ids.map((id, i): StoryToken => ({
    text: textOfToken(tokens[i]!),
    special: specialTokenIds.includes(id) && id !== maskTokenId && id !== unkTokenId,
    hidden: isMask(tokens[i]!),
  }));
  const found = words.findIndex(({ hidden }) => hidden);
  const target = found >= 0 ? found : words.length - 1;
  const inputs: ForwardInputs = { inputIds: ids };
  const names = Array.from({ length: model.config.numLayers }, (_, l) =>
    ['q', 'k', 'scores'].map((name) => `blocks.${l}.attn.${name}`),
  ).flat();
  const output = model.forward(inputs, {
    outputAttentions: true,
    trace: names,
    ...(change.interventions && { interventions: change.interventions }),
    ...(change.blocked?.length && { mask: maskWithout(change.blocked, ids.length) }),
  });
  const logits = rowAt(output.logits!, target);
  const shares = softmax(logits);
  const largest = Math.max(...shares);
  const id = shares.indexOf(largest);
  const next = shares.indexOf(Math.max(...shares.map((x, i) => (i === id ? 0 : x))));
  return {
    inputs,
    tokens: words,
    target,
    patterns: output.attentions!,
    trace: output.trace,
    shares,
    logits,
    best: { id, word: wordOf(model, id), share: shares[id]! },
    second: { id: next, word: wordOf(model, next), share: shares[next]! },
  };
}

export const wordOf = (model: Model, id: number): string =>
  textOfToken(model.tokenizer!.idToToken(id) ?? String(id));

function maskWithout(cells: readonly Cell[], length: number): MaskTensor {
  const data = new Uint8Array(length * length).fill(1);
  for (const { query, key } of cells) data[query * length + key] = 0;
  return { data, dims: [length, length] };
}

function rowAt(logits: Tensor, position: number): Float32Array {
  const width = logits.dims.at(-1)!;
  return logits.data.slice(position * width, (position + 1) * width);
}

function softmax(row: Float32Array): Float64Array {
  const largest = Math.max(...row);
  const shares = Float64Array.from(row, (x) => Math.exp(x - largest));
  const total = shares.reduce((sum, x) => sum + x, 0);
  return shares.map((x) => x / total);
}

/** One head's weight of a cell. */
export const weightAt = (pattern: Tensor, head: number, { query, key }: Cell): number => {
  const [, , T, S] = pattern.dims as [number, number, number, number];
  return pattern.data[(head * T + query) * S + key]!;
};

/** The head that gives a cell most, and what it gives. */
export function strongestHead(pattern: Tensor, cell: Cell): { head: number; weight: number } {
  const heads = Array.from({ length: pattern.dims[1]! }, (_, head) => ({
    head,
    weight: weightAt(pattern, head, cell),
  }));
  return heads.reduce((best, each) => (each.weight > best.weight ? each : best));
}

/** How many cut sentences go through the model in one call: a call is over in some milliseconds. */
const batch = 16;
/** Whoever carries something to the layer above: keys whose cut costs at least this part of the largest. */
const carries = 0.9;

/**
 * The arcs of every layer by what cutting them does to the margin, logit(answer) − logit(rival): their weights set to zero in all
 * heads. Begins at the target in the last layer and goes down to whoever it read from there; those readers' arcs to one word are cut
 * together, since each may do the other's work. `alsoRead`: positions that the target reads in the sentence this one is compared with.
 * `pause` lets the page breathe between two calls.
 */
export async function edgesOf(
  model: Model,
  pass: Pass,
  rival: number,
  alsoRead: readonly number[],
  pause: () => Promise<unknown>,
): Promise<Edge[]> {
  const { target, tokens, best } = pass;
  const margin = (logits: Float32Array) => logits[best.id]! - logits[rival]!;
  const whole = margin(pass.logits);
  const everyone = tokens.map((_, key) => key);
  const edges: Edge[] = [];
  let readers: number[] = [];
  for (let layer = model.config.numLayers - 1; layer >= 0; --layer) {
    const cuts = [
      ...everyone.map((key) => [{ query: target, key }]),
      ...(readers.length > 0
        ? everyone.map((key) => readers.map((query): Cell => ({ query, key })))
        : []),
    ];
    const margins = await marginsWithout(model, pass, layer, cuts, margin, pause);
    const found = cuts.flatMap((cells, i) => {
      const effect = whole - margins[i]!;
      return cells.map((cell) => ({
        ...cell,
        layer,
        effect,
        weight: strongestHead(pass.patterns[layer]!, cell).weight,
      }));
    });
    edges.push(...found);
    const largest = Math.max(...found.map(({ effect }) => effect));
    const read = found
      .filter(({ query, effect }) => query === target && effect >= carries * largest)
      .map(({ key }) => key);
    readers = [...new Set([...readers, ...read, ...alsoRead])].filter(
      (key) => key !== target && !tokens[key]!.special,
    );
  }
  return edges;
}

async function marginsWithout(
  model: Model,
  { inputs, target }: Pass,
  layer: number,
  cuts: readonly (readonly Cell[])[],
  margin: (logits: Float32Array) => number,
  pause: () => Promise<unknown>,
): Promise<number[]> {
  const ids = inputs.inputIds as number[];
  const margins: number[] = [];
  for (let first = 0; first < cuts.length; first += batch) {
    const part = cuts.slice(first, first + batch);
    const { logits } = model.forward(
      { inputIds: part.map(() => ids) },
      {
        interventions: part.flatMap((cells, b) =>
          cells.map((cell): Intervention => ({
            at: `blocks.${layer}.attn.pattern`,
            batch: b,
            ...cell,
            op: 'zero',
          })),
        ),
      },
    );
    part.forEach((_, b) => margins.push(margin(rowAt(logits!, b * ids.length + target))));
    await pause();
  }
  return margins;
}

/**
 * Arcs worth drawing: in each layer, of the target and of those it reads from, the ones whose cut costs at least 0.6 of the costliest
 * and a tenth of the margin, where a head does read there.
 */
export function thatMatter(edges: readonly Edge[], target: number, margin: number): Edge[] {
  const isAlike = (a: Edge, b: Edge) =>
    a.layer === b.layer && (a.query === target) === (b.query === target);
  return edges.filter((edge) => {
    const most = Math.max(
      ...edges.filter((each) => isAlike(each, edge)).map((each) => each.effect),
    );
    return edge.effect >= Math.max(0.6 * most, 0.1 * Math.abs(margin)) && edge.weight >= 0.1;
  });
}

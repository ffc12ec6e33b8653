// What one number of the record is made of, computed again from the numbers before it and the model's parameters. Pure.
import type { Model, Tensor } from 'attention-lab';

export type Config = Model['config'];
type Stack = Pick<Config, 'normKind' | 'norm' | 'normEps' | 'activation' | 'gated'>;

/** Where the number stands. `head` and `index` count as in the record; `row` is its token. */
export interface Cell {
  name: string;
  head: number;
  row: number;
  index: number;
}

/** One line of a sum: what is added, and of a product its two factors. */
export interface Term {
  label: string;
  value: number;
  factors?: readonly [weight: number, input: number];
}

export interface Made {
  /** As the paper writes it: `W_Q x + b`. */
  formula: string;
  terms: readonly Term[];
  /** Of the terms, before what `finish` does to it. */
  sum: number;
  /** What becomes of the sum: a norm, an activation, a rotation. */
  finish: string | null;
  /** The number by this arithmetic; null where it needs the whole vector of another kind. */
  result: number | null;
}

export interface Sources {
  config: Config;
  trace: ReadonlyMap<string, Tensor>;
  /** null where the model has none of that name. */
  parameter: (name: string) => Promise<Tensor | null>;
}

/** Row `row` of [1, T, D], or of head `head` of [1, H, T, K]. */
function vectorIn({ data, dims }: Tensor, row: number, head = 0): Float32Array {
  const width = dims.at(-1)!;
  const rows = dims.at(-2)!;
  const start = ((dims.length > 3 ? head * rows : 0) + row) * width;
  return data.subarray(start, start + width);
}

const gauss = (x: number) => 0.5 * x * (1 + erf(x / Math.SQRT2));
/** Abramowitz and Stegun 1964, 7.1.26: to 1.5e−7, less than float32 keeps of most values. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  const y = 1 - series.reduceRight((sum, a) => (sum + a) * t, 0) * Math.exp(-x * x);
  return x < 0 ? -y : y;
}
const activations: Readonly<Record<Config['activation'], (x: number) => number>> = {
  relu: (x) => Math.max(0, x),
  gelu: gauss,
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

/** The vector normalised, as the model's own norm does it. */
async function normalised(
  vector: ArrayLike<number>,
  name: string,
  { normKind, normEps }: Stack,
  parameter: Sources['parameter'],
): Promise<Float64Array> {
  const [weight, bias] = await Promise.all([
    parameter(`${name}.weight`),
    parameter(`${name}.bias`),
  ]);
  const values = Float64Array.from(vector);
  const mean = normKind === 'rms' ? 0 : values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  const scale = 1 / Math.sqrt(variance + normEps);
  return values.map((x, i) => (x - mean) * scale * (weight?.data[i] ?? 1) + (bias?.data[i] ?? 0));
}

/** W[row] · x + b[row] as terms, the largest first. */
async function product(
  parameterName: string,
  row: number,
  input: ArrayLike<number>,
  parameter: Sources['parameter'],
): Promise<{ terms: Term[]; sum: number } | null> {
  const [weight, bias] = await Promise.all([
    parameter(`${parameterName}.weight`),
    parameter(`${parameterName}.bias`),
  ]);
  if (!weight) return null;
  const width = weight.dims.at(-1)!;
  const factors = weight.data.subarray(row * width, (row + 1) * width);
  const terms = Array.from(factors, (w, i): Term => ({
    label: String(i),
    value: w * input[i]!,
    factors: [w, input[i]!],
  }));
  const added = bias?.data[row];
  const sum = terms.reduce((total, { value }) => total + value, added ?? 0);
  terms.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  return { terms: [...(added === undefined ? [] : [{ label: 'b', value: added }]), ...terms], sum };
}

const blockOf = (name: string) => /^((?:(encoder|decoder)\.)?blocks\.(\d+))\.(.+)$/.exec(name);

/** null: nothing that can be shown as a sum, such as an embedding, or attention weights, which have their own arithmetic. */
export async function made(cell: Cell, sources: Sources): Promise<Made | null> {
  const match = blockOf(cell.name);
  if (!match) return outside(cell, sources);
  const [, block, stackName, layer, part] = match as unknown as [
    string,
    string,
    string | undefined,
    string,
    string,
  ];
  const { config } = sources;
  const stack: Config | NonNullable<Config['encoder']> =
    stackName === 'encoder' ? config.encoder! : config;
  const place = { block, layer: Number(layer), stackName: stackName ?? '', stack };
  if (!part.includes('.')) return residual(cell, part, place, sources);
  return inSublayer(cell, part, place, sources);
}

interface InBlock {
  block: string;
  layer: number;
  stackName: string;
  stack: Stack & { attention: Config['attention']; positions: Config['positions'] };
}

/** A sum on the residual stream; with norms after it (2017) the sum is then normalised. */
async function residual(
  { row, index }: Cell,
  part: string,
  { block, layer, stackName, stack }: InBlock,
  { trace, parameter }: Sources,
): Promise<Made | null> {
  const prefix = stackName === '' ? '' : `${stackName}.`;
  const names: Readonly<Record<string, readonly string[]>> = {
    resid_pre:
      layer > 0
        ? [`${prefix}blocks.${layer - 1}.resid_post`]
        : [`${prefix}embed`, `${prefix}pos_embed`, `${prefix}token_type_embed`],
    resid_mid: [`${block}.resid_pre`, `${block}.attn.out`, `${block}.self_attn.out`],
    resid_cross: [`${block}.resid_mid`, `${block}.cross_attn.out`],
    resid_post: [
      trace.has(`${block}.resid_cross`) ? `${block}.resid_cross` : `${block}.resid_mid`,
      `${block}.mlp.out`,
    ],
  };
  const found = (names[part] ?? []).filter((name) => trace.has(name));
  if (found.length === 0) return null;
  const vectors = found.map((name) => vectorIn(trace.get(name)!, row));
  const terms = found.map((label, i): Term => ({ label, value: vectors[i]![index]! }));
  const sum = terms.reduce((total, { value }) => total + value, 0);
  const formula = found.map((name) => name.split('.').slice(-2).join('.')).join(' + ');
  const isEmbedding = part === 'resid_pre' && layer === 0;
  if (isEmbedding) {
    const normName = `${prefix}embed.norm`;
    if (!(await parameter(`${normName}.weight`)))
      return { formula, terms, sum, finish: null, result: sum };
    return withNorm(normName);
  }
  if (stack.norm !== 'post' || part === 'resid_pre')
    return { formula, terms, sum, finish: null, result: sum };
  const order = {
    resid_mid: 1,
    resid_cross: 2,
    resid_post: trace.has(`${block}.resid_cross`) ? 3 : 2,
  };
  return withNorm(`${block}.norm${order[part as keyof typeof order]}`);

  async function withNorm(name: string): Promise<Made> {
    const total = vectors[0]!.map((_, i) => vectors.reduce((all, vector) => all + vector[i]!, 0));
    const result = (await normalised(total, name, stack, parameter))[index]!;
    return {
      formula: `norm(${formula})`,
      terms,
      sum,
      finish: stack.normKind === 'rms' ? 'RMSNorm' : 'LayerNorm',
      result,
    };
  }
}

async function inSublayer(
  { head, row, index, name }: Cell,
  part: string,
  { block, stack, stackName }: InBlock,
  { config, trace, parameter }: Sources,
): Promise<Made | null> {
  const [group, last] = part.split('.') as [string, string];
  const { numHeads, numKvHeads, dHead } = stack.attention;
  const read = async (
    names: readonly string[],
    normName: string,
  ): Promise<ArrayLike<number> | null> => {
    const normed = trace.get(`${block}.${group}.norm`);
    if (normed) return vectorIn(normed, row);
    const stream = names.map((each) => trace.get(`${block}.${each}`)).find(Boolean);
    if (!stream) return null;
    const vector = vectorIn(stream, row);
    return stack.norm !== 'post'
      ? normalised(vector, `${block}.${normName}`, stack, parameter)
      : vector;
  };

  if (group.endsWith('attn')) {
    if (last === 'z') {
      const [pattern, v] = [
        trace.get(`${block}.${group}.pattern`),
        trace.get(`${block}.${group}.v`),
      ];
      if (!pattern || !v) return null;
      const weights = vectorIn(pattern, row, head);
      const owner = Math.floor((head * v.dims.at(-3)!) / pattern.dims.at(-3)!);
      const terms = Array.from(weights, (weight, key): Term => {
        const value = vectorIn(v, key, owner)[index]!;
        return { label: `key ${key + 1}`, value: weight * value, factors: [weight, value] };
      });
      const sum = terms.reduce((total, { value }) => total + value, 0);
      terms.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
      return { formula: 'Σ pattern · v', terms, sum, finish: null, result: sum };
    }
    if (last === 'out') {
      const z = trace.get(`${block}.${group}.z`);
      if (!z) return null;
      const all = Array.from({ length: numHeads }, (_, h) => [...vectorIn(z, row, h)]).flat();
      const found = await product(`${block}.${group}.out_proj`, index, all, parameter);
      return found && { formula: 'W_O z + b', ...found, finish: null, result: found.sum };
    }
    const order = 'qkv'.indexOf(last);
    if (order < 0) return null;
    const isCross = group === 'cross_attn';
    if (isCross && last !== 'q') return null; // keys and values of the encoder's last vectors
    const input = await read([isCross ? 'resid_mid' : 'resid_pre'], isCross ? 'norm2' : 'norm1');
    if (!input) return null;
    const own = `${block}.${group}.${last}_proj`;
    const isFused = (await parameter(`${own}.weight`)) === null;
    const rows = [0, numHeads * dHead, (numHeads + numKvHeads) * dHead][order]!;
    const found = await product(
      isFused ? `${block}.${group}.qkv_proj` : own,
      (isFused ? rows : 0) + head * dHead + index,
      input,
      parameter,
    );
    const turns = stack.positions === 'rotary' && last !== 'v';
    return (
      found && {
        formula: `W_${last.toUpperCase()} x + b`,
        ...found,
        finish: turns ? 'RoPE' : null,
        result: turns ? null : found.sum,
      }
    );
  }
  if (last === 'out') {
    const post = trace.get(`${block}.mlp.post`);
    const found =
      post && (await product(`${block}.mlp.fc2`, index, vectorIn(post, row), parameter));
    return found ? { formula: 'W₂ h + b', ...found, finish: null, result: found.sum } : null;
  }
  if (last === 'post') {
    const pre = trace.get(`${block}.mlp.pre`);
    if (!pre) return null;
    const value = vectorIn(pre, row)[index]!;
    const linear = trace.get(`${block}.mlp.pre_linear`);
    const factor = linear ? vectorIn(linear, row)[index]! : 1;
    const active = activations[stack.activation](value);
    return {
      formula: linear ? `${stack.activation}(gate) · linear` : `${stack.activation}(pre)`,
      terms: [
        { label: 'mlp.pre', value },
        ...(linear ? [{ label: 'mlp.pre_linear', value: factor }] : []),
      ],
      sum: value,
      finish: stack.activation,
      result: active * factor,
    };
  }
  const hasCross = trace.has(`${block}.resid_cross`) || stackName === 'decoder';
  const input = await read(['resid_cross', 'resid_mid'], hasCross ? 'norm3' : 'norm2');
  if (!input) return null;
  const which = config.gated && last === 'pre' ? 'gate' : 'fc1';
  const found = await product(`${block}.mlp.${which}`, index, input, parameter);
  void name;
  return found && { formula: 'W₁ x + b', ...found, finish: null, result: found.sum };
}

/** Logits: the last vector times the row of a word. */
async function outside(
  { name, row, index }: Cell,
  { config, trace, parameter }: Sources,
): Promise<Made | null> {
  if (name !== 'logits' || !config.lmHead || config.encoder) return null;
  const last = trace.get('final_norm') ?? trace.get(`blocks.${config.numLayers - 1}.resid_post`);
  if (!last) return null;
  const own = (await parameter('lm_head.weight')) ? 'lm_head' : 'embed.token';
  const found = await product(own, index, vectorIn(last, row), parameter);
  return found && { formula: 'W_U x', ...found, finish: null, result: found.sum };
}

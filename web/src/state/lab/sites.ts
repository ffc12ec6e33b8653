// The attentions of a forward pass by site: where each is computed, and the tokens that its rows and columns are. Knows models, not the page.
import type { Model, ModelOutput, Tensor } from 'attention-lab';
import type { Target } from '../../lessons/lesson.ts';
import type { LayerTrace } from '../../lib/arithmetic.ts';
import type { Site } from './run.ts';
import type { InputToken, SiteKind, SitePattern } from '../shared/attention.ts';

type Config = Model['config'];

/** Tokens that look, tokens that are looked at, and what is written at each place that looks. */
export type Labels = 'queries' | 'keys' | 'written';

/** The attentions of an output, by kind: where each is computed, and whether its rows and columns are of the answer or of the input. */
const kinds: readonly {
  kind: SiteKind;
  of: (output: ModelOutput) => Tensor[] | undefined;
  count: (config: Config) => number;
  site: (layer: number | '{l}') => string;
  rows: Labels;
  columns: Labels;
}[] = [
  {
    kind: 'self',
    of: (o) => o.attentions,
    count: (c) => (c.encoder ? 0 : c.numLayers),
    site: (l) => `blocks.${l}.attn`,
    rows: 'queries',
    columns: 'keys',
  },
  {
    kind: 'cross',
    of: (o) => o.crossAttentions,
    count: (c) => (c.encoder ? c.numLayers : 0),
    site: (l) => `decoder.blocks.${l}.cross_attn`,
    rows: 'written',
    columns: 'keys',
  },
  {
    kind: 'encoder',
    of: (o) => o.encoderAttentions,
    count: (c) => c.encoder?.numLayers ?? 0,
    site: (l) => `encoder.blocks.${l}.attn`,
    rows: 'keys',
    columns: 'keys',
  },
  {
    kind: 'decoder',
    of: (o) => o.decoderAttentions,
    count: (c) => (c.encoder ? c.numLayers : 0),
    site: (l) => `decoder.blocks.${l}.self_attn`,
    rows: 'queries',
    columns: 'queries',
  },
];

/** The names of a model's sites, in the order in which `sitesOf` gives them. */
export const siteNames = (config: Config): string[] =>
  kinds.flatMap(({ count, site }) =>
    Array.from({ length: count(config) }, (_, layer) => site(layer)),
  );

/** The kinds of attention that a model has, and what leaves their heads, {l} standing for the layer. */
export const headsOf = (config: Config): { kind: SiteKind; at: string }[] =>
  kinds
    .filter(({ count }) => count(config) > 0)
    .map(({ kind, site }) => ({ kind, at: `${site('{l}')}.z` }));

/** Of these attentions: where the answers are to be found, and [layer][head] the mean attention there. */
export interface OnTargets {
  targets: readonly Target[];
  weights: readonly (readonly number[])[];
}

/** `onTargets`: null where nobody knows where the answers are to be found in these attentions. */
export function sitesOf(
  output: ModelOutput,
  labels: (which: Labels) => readonly InputToken[],
  onTargets: (attentions: Tensor[]) => OnTargets | null = () => null,
): SitePattern[] {
  return kinds.flatMap(({ kind, of, site, rows, columns }): SitePattern[] => {
    const attentions = of(output) ?? [];
    const found = onTargets(attentions);
    return attentions.map((pattern, layer) => ({
      kind,
      layer,
      pattern,
      site: site(layer),
      rows: labels(rows),
      columns: labels(columns),
      targets: found?.targets ?? [],
      onTarget: found?.weights[layer] ?? null,
    }));
  });
}

/** The attentions of a run, with the weights of those that it recorded. */
export function runSites(
  config: Config,
  trace: ReadonlyMap<string, Tensor>,
  labels: (which: Labels) => readonly InputToken[],
): Site[] {
  return kinds.flatMap(({ kind, count, site, rows, columns }) =>
    Array.from({ length: count(config) }, (_, layer): Site => ({
      kind,
      layer,
      site: site(layer),
      heads: (kind === 'encoder' ? config.encoder! : config).attention.numHeads,
      pattern: trace.get(`${site(layer)}.pattern`) ?? null,
      rows: labels(rows),
      columns: labels(columns),
    })),
  );
}

/** Whether a site's rows and columns are the answer's places; else they are the input's. */
const isOfAnswer = (kind: SiteKind) => ({
  rows: kind === 'cross' || kind === 'decoder',
  columns: kind === 'decoder',
});

/** What stays chosen from one kind of attention to another: where rows, or columns, stand for the same places. */
export const shared = (a: SiteKind, b: SiteKind) => ({
  rows: isOfAnswer(a).rows === isOfAnswer(b).rows,
  columns: isOfAnswer(a).columns === isOfAnswer(b).columns,
});

const operands = {
  q: 'q',
  k: 'k',
  v: 'v',
  scores: 'scores',
  maskedScores: 'masked_scores',
  pattern: 'pattern',
  z: 'z',
} as const;

/** The activations behind a site's weights. */
export const tracedNames = (site: string): string[] =>
  Object.values(operands).map((name) => `${site}.${name}`);

/** The same by name, where all of them were traced. */
export function siteTrace(trace: ReadonlyMap<string, Tensor>, site: string): LayerTrace | null {
  const found = Object.entries(operands).map(
    ([key, name]) => [key, trace.get(`${site}.${name}`)] as const,
  );
  return found.every(([, tensor]) => tensor)
    ? (Object.fromEntries(found) as unknown as LayerTrace)
    : null;
}

/** What a site's q · k is divided by. */
export function divisorOf(config: Config, kind: SiteKind): number {
  const { attention, dModel } = kind === 'encoder' && config.encoder ? config.encoder : config;
  return { d_head: Math.sqrt(attention.dHead), d_model: Math.sqrt(dModel), none: 1 }[
    attention.scaleBy
  ];
}

// The attentions of a forward pass by site: where each is computed, and the tokens that its rows and columns are. Knows models, not the page.
import type { Intervention, ModelOutput, Tensor } from 'attention-lab';
import type { HeadName, InputToken, SiteKind, SitePattern } from './training-protocol.ts';

/** Tokens that look, tokens that are looked at, and what is written at each place that looks. */
export type Labels = 'queries' | 'keys' | 'written';

/** The attentions of an output, by kind: where each is computed, and whether its rows and columns are of the answer or of the input. */
const kinds: readonly {
  kind: SiteKind;
  of: (output: ModelOutput) => Tensor[] | undefined;
  site: (layer: number) => string;
  rows: Labels;
  columns: Labels;
}[] = [
  { kind: 'self', of: (o) => o.attentions, site: (l) => `blocks.${l}.attn`, rows: 'queries', columns: 'keys' },
  { kind: 'cross', of: (o) => o.crossAttentions, site: (l) => `decoder.blocks.${l}.cross_attn`, rows: 'written', columns: 'keys' },
  { kind: 'encoder', of: (o) => o.encoderAttentions, site: (l) => `encoder.blocks.${l}.attn`, rows: 'keys', columns: 'keys' },
  { kind: 'decoder', of: (o) => o.decoderAttentions, site: (l) => `decoder.blocks.${l}.self_attn`, rows: 'queries', columns: 'queries' },
];

/** `onLooks`: of these attentions, layer by layer the mean weight of each head on the keys where the answer is; null where nobody knows. */
export function sitesOf(
  output: ModelOutput,
  labels: (which: Labels) => readonly InputToken[],
  onLooks: (attentions: Tensor[]) => readonly (readonly number[])[] | null = () => null,
): SitePattern[] {
  return kinds.flatMap(({ kind, of, site, rows, columns }): SitePattern[] => {
    const attentions = of(output) ?? [];
    const weights = onLooks(attentions);
    return attentions.map((pattern, layer) => ({
      kind, layer, pattern, // prettier-ignore
      site: site(layer),
      rows: labels(rows),
      columns: labels(columns),
      onLooks: weights?.[layer] ?? null,
    }));
  });
}

/** A head switched off: what it fetched becomes zeros. */
export const switchedOff = (heads: readonly HeadName[]): Intervention[] =>
  heads.map(({ site, head }) => ({ at: `${site}.z`, head, op: 'zero' }));

// Heads by name, in the words of a language. Pure.
import type { TrainingStrings } from '../strings/training.en.ts';
import type { HeadName, SitePattern } from './training-protocol.ts';

/** The shown head of a site, in full. */
export const siteName = (t: TrainingStrings, { kind, layer }: Pick<SitePattern, 'kind' | 'layer'>, head: number): string =>
  kind === 'self' ? t.heads.name(layer + 1, head + 1) : t.attention.label(t.heads.kinds[kind], layer + 1, head + 1);

/** A head by its activation's name: `decoder.blocks.1.cross_attn`. */
export function headName(t: TrainingStrings, { site, head }: HeadName): string {
  const match = /^(encoder\.|decoder\.)?blocks\.(\d+)\.(attn|self_attn|cross_attn)$/.exec(site);
  if (!match) return `${site} ${head + 1}`;
  const kind = match[3] === 'cross_attn' ? 'cross' : match[3] === 'self_attn' ? 'decoder' : match[1] ? 'encoder' : 'self';
  return siteName(t, { kind, layer: Number(match[2]) }, head);
}

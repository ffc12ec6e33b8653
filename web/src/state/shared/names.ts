// Heads by name, in the words of a language. Pure.
import type { Strings } from '../../strings/en/page.ts';
import type { HeadName, SitePattern } from './attention.ts';

type Place = Pick<SitePattern, 'kind' | 'layer'>;

/** A head as it is called within a sentence. */
export const siteName = (t: Strings, { kind, layer }: Place, head: number): string =>
  kind === 'self'
    ? t.heads.name(layer + 1, head + 1)
    : t.heads.inKind(t.heads.kinds[kind], layer + 1, head + 1);

/** The same as a title. */
export const siteTitle = (t: Strings, place: Place, head: number): string =>
  place.kind === 'self' ? t.arcs.label(place.layer + 1, head + 1) : siteName(t, place, head);

/** A head by its activation's name: `decoder.blocks.1.cross_attn`. */
export function headName(t: Strings, { site, head }: HeadName): string {
  const match = /^(encoder\.|decoder\.)?blocks\.(\d+)\.(attn|self_attn|cross_attn)$/.exec(site);
  if (!match) return `${site} ${head + 1}`;
  const kind =
    match[3] === 'cross_attn'
      ? 'cross'
      : match[3] === 'self_attn'
        ? 'decoder'
        : match[1]
          ? 'encoder'
          : 'self';
  return siteName(t, { kind, layer: Number(match[2]) }, head);
}

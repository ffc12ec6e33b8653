// Heads by name, in the words of a language. Pure.
import type { SharedStrings } from '../../strings/en/shared.ts';
import type { HeadName, SitePattern } from './attention.ts';

type Place = Pick<SitePattern, 'kind' | 'layer'>;

/** A head as it is called within a sentence. */
export const siteName = (t: SharedStrings, { kind, layer }: Place, head: number): string =>
  kind === 'self'
    ? t.places.name(layer + 1, head + 1)
    : t.places.inKind(t.places.kinds[kind], layer + 1, head + 1);

/** The same as a title. */
export const siteTitle = (t: SharedStrings, place: Place, head: number): string =>
  place.kind === 'self' ? t.places.label(place.layer + 1, head + 1) : siteName(t, place, head);

/** A head by its activation's name: `decoder.blocks.1.cross_attn`. */
export function headName(t: SharedStrings, { site, head }: HeadName): string {
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

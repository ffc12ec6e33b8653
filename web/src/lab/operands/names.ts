// Which activations a value is computed from, by name: they are recorded with it. Pure.
import type { ModelPlaces } from '../map/places.ts';

/** Parts of the same attention that a part comes from. */
const inAttention: Readonly<Record<string, readonly string[]>> = {
  scores: ['q', 'k'],
  masked_scores: ['scores'],
  pattern: ['masked_scores'],
  z: ['pattern', 'v'],
  result: ['z'],
  out: ['z'],
};

/** Parts of the same MLP. */
const inMlp: Readonly<Record<string, readonly string[]>> = {
  post: ['mlp.pre', 'mlp.pre_linear'],
  out: ['mlp.post'],
};

/** The names of the activations that `name` is made of, as far as the model records them. */
export function operandsOf({ byName }: ModelPlaces, name: string): string[] {
  const known = (names: readonly string[]) => names.filter((each) => byName.has(each));
  const match = /^((?:(?:encoder|decoder)\.)?)blocks\.(\d+)\.(.+)$/.exec(name);
  const stack = /^(encoder\.|decoder\.)?/.exec(name)![0];
  const blocks = [...byName.keys()].filter((each) => each.endsWith('.resid_post'));
  if (!match) {
    if (name.endsWith('embed')) return [];
    const last = blocks.filter((each) => each.startsWith(`${stack}blocks.`)).at(-1);
    return known([`${stack}final_norm`, ...(last ? [last] : [])].filter((each) => each !== name));
  }
  const [, , layer, part] = match as unknown as [string, string, string, string];
  const block = `${stack}blocks.${layer}`;
  const [group, last = ''] = part.split('.') as [string, string?];
  if (group.endsWith('attn')) {
    const own = inAttention[last];
    if (own) return known(own.map((each) => `${block}.${group}.${each}`));
    const input = group === 'cross_attn' ? `${block}.resid_mid` : `${block}.resid_pre`;
    return known([`${block}.${group}.norm`, input].filter((each) => each !== name).slice(0, 2));
  }
  if (group === 'mlp') {
    const own = inMlp[last];
    if (own) return known(own.map((each) => `${block}.${each}`));
    const before = byName.has(`${block}.resid_cross`) ? 'resid_cross' : 'resid_mid';
    return known([`${block}.mlp.norm`, `${block}.${before}`].filter((each) => each !== name));
  }
  switch (part) {
    case 'resid_pre':
      return Number(layer) > 0
        ? known([`${stack}blocks.${Number(layer) - 1}.resid_post`])
        : known([`${stack}embed`, `${stack}pos_embed`, `${stack}token_type_embed`]);
    case 'resid_mid':
      return known([`${block}.resid_pre`, `${block}.attn.out`, `${block}.self_attn.out`]);
    case 'resid_cross':
      return known([`${block}.resid_mid`, `${block}.cross_attn.out`]);
    default:
      return known([
        byName.has(`${block}.resid_cross`) ? `${block}.resid_cross` : `${block}.resid_mid`,
        `${block}.mlp.out`,
      ]);
  }
}

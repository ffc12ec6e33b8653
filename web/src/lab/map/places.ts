// The map of a model: every activation that it can record, sorted into stacks, layers and parts. Made of the model's own list of names, so that no place is missing and none is invented. Pure.

/** What the axes of an activation mean, which decides the instrument that shows it. */
export type Axes =
  /** [B, H, T, S]: who attends to whom. */
  | 'heads-queries-keys'
  /** [B, H, T, K]: a vector for every head and token. */
  | 'heads-tokens-width'
  /** [B, T, D]: a vector for every token. */
  | 'tokens-width'
  /** [B, T, V] or [B, numLabels]: a score for every word or class. */
  | 'vocabulary';

/** Of an attention in a block, by its name there. */
export type AttentionName = 'attn' | 'self_attn' | 'cross_attn';

export interface Place {
  /** As `activationNames()` has it: `decoder.blocks.1.cross_attn.z`. */
  name: string;
  /** Within its block or stack: `cross_attn.z`, `mlp.pre`, `embed`. */
  part: string;
  axes: Axes;
}

/** Places that belong together in a block: one attention, the feed-forward, or the residual stream between them. */
export interface Group {
  kind: 'attention' | 'mlp' | 'residual';
  /** `attn`, `self_attn`, `cross_attn`, `mlp`; of the residual stream its place's own part. */
  name: string;
  places: Place[];
}

export interface Block {
  /** `decoder.blocks.1`. */
  name: string;
  /** From 0. */
  layer: number;
  groups: Group[];
}

export interface Stack {
  /** '' for an only stack, else `encoder` or `decoder`. */
  name: string;
  /** Before the first block, and after the last. */
  before: Place[];
  blocks: Block[];
  after: Place[];
}

export interface ModelPlaces {
  stacks: Stack[];
  /** Of the whole model, such as logits. */
  outputs: Place[];
  byName: ReadonlyMap<string, Place>;
}

const ofKeys = new Set(['scores', 'masked_scores', 'pattern']);
const ofHeads = new Set(['q', 'k', 'v', 'z', 'q_global', 'k_global', 'v_global', 'result']);
const attentions: ReadonlySet<string> = new Set<AttentionName>(['attn', 'self_attn', 'cross_attn']);

function axesOf(part: string): Axes {
  if (part === 'logits') return 'vocabulary';
  const [group, last = ''] = part.split('.') as [string, string?];
  if (!attentions.has(group)) return 'tokens-width';
  return ofKeys.has(last)
    ? 'heads-queries-keys'
    : ofHeads.has(last)
      ? 'heads-tokens-width'
      : 'tokens-width';
}

const named = /^(?:(encoder|decoder)\.)?(?:(blocks)\.(\d+)\.)?(.+)$/;

/** `names`: the model's activationNames(), in the order in which they are computed. */
export function placesOf(names: readonly string[]): ModelPlaces {
  const stacks: Stack[] = [];
  const outputs: Place[] = [];
  const byName = new Map<string, Place>();
  for (const name of names) {
    const [, stackName = '', inBlock, layer, part] = named.exec(name) as unknown as [
      string,
      string?,
      string?,
      string?,
      string?,
    ];
    const place: Place = { name, part: part!, axes: axesOf(part!) };
    byName.set(name, place);
    if (place.axes === 'vocabulary') {
      outputs.push(place);
      continue;
    }
    let stack = stacks.find((known) => known.name === stackName);
    if (!stack) stacks.push((stack = { name: stackName, before: [], blocks: [], after: [] }));
    if (!inBlock) (stack.blocks.length === 0 ? stack.before : stack.after).push(place);
    else addTo(stack, Number(layer), place);
  }
  return { stacks, outputs, byName };
}

function addTo({ name, blocks }: Stack, layer: number, place: Place): void {
  let block = blocks[layer];
  if (!block) {
    const blockName = `${name === '' ? '' : `${name}.`}blocks.${layer}`;
    blocks.push((block = { name: blockName, layer, groups: [] }));
  }
  const [first] = place.part.split('.') as [string];
  const isResidual = !place.part.includes('.');
  const last = block.groups.at(-1);
  if (last && last.name === first && !isResidual) last.places.push(place);
  else
    block.groups.push({
      kind: isResidual ? 'residual' : attentions.has(first) ? 'attention' : 'mlp',
      name: first,
      places: [place],
    });
}

/** What is chosen on the map: a part of an attention or of a block, in whichever layer is chosen; or a place of the whole model. */
export type Choice =
  | { level: 'attention'; part: string }
  | { level: 'block'; part: string }
  | { level: 'model'; name: string };

/** The choice that a place is, and the attention (`blocks.1.attn`) or block that it stands in. */
export function choiceOf(name: string): {
  choice: Choice;
  site: string | null;
  block: string | null;
} {
  const match = /^((?:(?:encoder|decoder)\.)?blocks\.\d+)\.(.+)$/.exec(name);
  if (!match) return { choice: { level: 'model', name }, site: null, block: null };
  const [, block, part] = match as unknown as [string, string, string];
  const [group, ...rest] = part.split('.') as [string, ...string[]];
  return attentions.has(group)
    ? { choice: { level: 'attention', part: rest.join('.') }, site: `${block}.${group}`, block }
    : { choice: { level: 'block', part }, site: null, block };
}

/** The name of a choice while the attention `site` is the chosen one. */
export function nameOf(choice: Choice, site: string): string {
  if (choice.level === 'model') return choice.name;
  return choice.level === 'attention'
    ? `${site}.${choice.part}`
    : `${site.slice(0, site.lastIndexOf('.'))}.${choice.part}`;
}

/** What may be selected along the axes of a place, in the words of an intervention. */
export function selectorsOf({ axes, part }: Place): ('head' | 'query' | 'key' | 'index')[] {
  if (axes === 'heads-queries-keys') return ['head', 'query', 'key'];
  const isOfKeys = /\.[kv](_global)?$/.test(part);
  if (axes === 'heads-tokens-width') return ['head', isOfKeys ? 'key' : 'query', 'index'];
  return ['query', 'index'];
}

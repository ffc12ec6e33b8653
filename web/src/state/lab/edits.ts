// What a reader may change about a forward pass, as plain data that a link can carry. Pure.
import type { ForwardOptions, Intervention, MaskTensor } from 'attention-lab';
import type { Site } from './run.ts';
import type { HeadName, SiteKind } from '../shared/attention.ts';

/** An intervention whose value, if any, is one number. */
export type PlainIntervention = Omit<Intervention, 'op' | 'value' | 'from'> & {
  op: NonNullable<Intervention['op']>;
  value?: number;
};

/** The masks that `forward` takes: of an only stack or a decoder, of an encoder, and of what the one sees of the other. */
export const maskNames = ['mask', 'encoderMask', 'crossMask'] as const;
export type MaskName = (typeof maskNames)[number];
export const maskOf: Readonly<Record<SiteKind, MaskName>> = {
  self: 'mask',
  decoder: 'mask',
  encoder: 'encoderMask',
  cross: 'crossMask',
};

export interface MaskCell {
  mask: MaskName;
  query: number;
  key: number;
}

/** Rows and columns of each mask that a model has, for one input. */
export type MaskSizes = Partial<Record<MaskName, readonly [queries: number, keys: number]>>;

/** The sizes that a run's attentions have. */
export const maskSizes = (sites: readonly Pick<Site, 'kind' | 'rows' | 'columns'>[]): MaskSizes =>
  Object.fromEntries(
    sites.map(({ kind, rows, columns }) => [maskOf[kind], [rows.length, columns.length] as const]),
  );

/**
 * Many cells of a mask at once: those more than `value` tokens apart, those of the last `value` keys (as if they were padding),
 * those of the key at `value`, or those of keys after their query. It shuts them in every layer and head.
 */
export interface MaskRule {
  mask: MaskName;
  kind: 'band' | 'padding' | 'token' | 'later';
  value: number;
}

export const maskRuleKinds: readonly MaskRule['kind'][] = ['band', 'padding', 'token', 'later'];

/** The cells that a rule shuts. */
export function isShut(
  { kind, value }: Pick<MaskRule, 'kind' | 'value'>,
  query: number,
  key: number,
  keys: number,
): boolean {
  switch (kind) {
    case 'band':
      return Math.abs(query - key) > value;
    case 'padding':
      return key >= keys - value;
    case 'token':
      return key === value;
    case 'later':
      return key > query;
  }
}

export interface Edits {
  /** null: as the model was trained. */
  causal: boolean | null;
  temperature: number;
  interventions: readonly PlainIntervention[];
  /** Cells a reader closed, in every layer and head that the mask is for. */
  blocked: readonly MaskCell[];
  rules: readonly MaskRule[];
}

export const noEdits: Edits = {
  causal: null,
  temperature: 1,
  interventions: [],
  blocked: [],
  rules: [],
};

export const isEdited = (edits: Edits): boolean => countEdits(edits) > 0;

export const countEdits = (edits: Edits): number =>
  Number(edits.causal !== null) +
  Number(edits.temperature !== 1) +
  edits.interventions.length +
  edits.blocked.length +
  edits.rules.length;

const sameCell = (a: MaskCell, b: MaskCell) =>
  a.mask === b.mask && a.query === b.query && a.key === b.key;

export const isBlocked = (edits: Edits, cell: MaskCell): boolean =>
  edits.blocked.some((b) => sameCell(b, cell));

export const toggleBlocked = (edits: Edits, cell: MaskCell): Edits => ({
  ...edits,
  blocked: isBlocked(edits, cell)
    ? edits.blocked.filter((b) => !sameCell(b, cell))
    : [...edits.blocked, cell],
});

/** Switching a head off: its z, the only thing that leaves it, becomes zero. */
export const headOff = ({ site, head }: HeadName) =>
  ({ at: `${site}.z`, head, op: 'zero' }) satisfies PlainIntervention;

const same = (a: PlainIntervention, b: PlainIntervention) =>
  a.at === b.at &&
  a.head === b.head &&
  a.query === b.query &&
  a.key === b.key &&
  a.index === b.index &&
  a.op === b.op;

export const isHeadOff = (edits: Edits, head: HeadName): boolean =>
  edits.interventions.some((i) => same(i, headOff(head)));

export function toggleHead(edits: Edits, head: HeadName): Edits {
  const off = headOff(head);
  const interventions = isHeadOff(edits, head)
    ? edits.interventions.filter((i) => !same(i, off))
    : [...edits.interventions, off];
  return { ...edits, interventions };
}

/** The options of `model.forward` for these edits on an input with masks of these sizes. */
export function forwardOptions(
  edits: Edits,
  sizes: MaskSizes,
): Pick<ForwardOptions, 'causal' | 'temperature' | 'interventions' | MaskName> {
  const masks = maskNames.flatMap((name) => {
    const [queries, keys] = sizes[name] ?? [0, 0];
    const cells = edits.blocked.filter(
      ({ mask, query, key }) => mask === name && query < queries && key < keys,
    );
    const rules = edits.rules.filter(({ mask }) => mask === name);
    return cells.length + rules.length > 0 && queries > 0
      ? [[name, maskWithout(cells, rules, queries, keys)]]
      : [];
  });
  return {
    ...(edits.causal !== null && { causal: edits.causal }),
    ...(edits.temperature !== 1 && { temperature: edits.temperature }),
    ...(edits.interventions.length > 0 && { interventions: edits.interventions }),
    ...(Object.fromEntries(masks) as Partial<Record<MaskName, MaskTensor>>),
  };
}

function maskWithout(
  cells: readonly MaskCell[],
  rules: readonly MaskRule[],
  queries: number,
  keys: number,
): MaskTensor {
  const data = new Uint8Array(queries * keys).fill(1);
  for (const rule of rules)
    for (let query = 0; query < queries; query++)
      for (let key = 0; key < keys; key++)
        if (isShut(rule, query, key, keys)) data[query * keys + key] = 0;
  for (const { query, key } of cells) data[query * keys + key] = 0;
  return { data, dims: [queries, keys] };
}

// What a reader may change about a forward pass, as plain data that a link can carry. Pure.
import type { ForwardOptions, Intervention, MaskTensor } from 'attention-lab';
import type { HeadName, SiteKind, SitePattern } from '../shared/attention.ts';

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
export const maskSizes = (sites: readonly SitePattern[]): MaskSizes =>
  Object.fromEntries(
    sites.map(({ kind, rows, columns }) => [maskOf[kind], [rows.length, columns.length] as const]),
  );

export interface Edits {
  /** null: as the model was trained. */
  causal: boolean | null;
  temperature: number;
  interventions: readonly PlainIntervention[];
  /** Cells a reader closed, in every layer and head that the mask is for. */
  blocked: readonly MaskCell[];
}

export const noEdits: Edits = { causal: null, temperature: 1, interventions: [], blocked: [] };

export const isEdited = (edits: Edits): boolean => countEdits(edits) > 0;

export const countEdits = (edits: Edits): number =>
  Number(edits.causal !== null) +
  Number(edits.temperature !== 1) +
  edits.interventions.length +
  edits.blocked.length;

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
    return cells.length > 0 ? [[name, maskWithout(cells, queries, keys)]] : [];
  });
  return {
    ...(edits.causal !== null && { causal: edits.causal }),
    ...(edits.temperature !== 1 && { temperature: edits.temperature }),
    ...(edits.interventions.length > 0 && { interventions: edits.interventions }),
    ...(Object.fromEntries(masks) as Partial<Record<MaskName, MaskTensor>>),
  };
}

function maskWithout(cells: readonly MaskCell[], queries: number, keys: number): MaskTensor {
  const data = new Uint8Array(queries * keys).fill(1);
  for (const { query, key } of cells) data[query * keys + key] = 0;
  return { data, dims: [queries, keys] };
}

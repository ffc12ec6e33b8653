// What a reader may change about a forward pass, as plain data that a link can carry. Pure.
import type { ForwardOptions, Intervention, MaskTensor } from 'attention-lab';

/** An intervention whose value, if any, is one number. */
export type PlainIntervention = Omit<Intervention, 'op' | 'value' | 'from'> & {
  op: NonNullable<Intervention['op']>;
  value?: number;
};
export type MaskCell = readonly [query: number, key: number];

export interface Edits {
  /** null: as the model was trained. */
  causal: boolean | null;
  temperature: number;
  interventions: readonly PlainIntervention[];
  /** Cells a reader closed, in every layer and head. */
  blocked: readonly MaskCell[];
}

export const noEdits: Edits = { causal: null, temperature: 1, interventions: [], blocked: [] };

export const isEdited = (edits: Edits): boolean => countEdits(edits) > 0;

export const countEdits = (edits: Edits): number =>
  Number(edits.causal !== null) +
  Number(edits.temperature !== 1) +
  edits.interventions.length +
  edits.blocked.length;

const sameCell = (a: MaskCell, b: MaskCell) => a[0] === b[0] && a[1] === b[1];

export const isBlocked = (edits: Edits, cell: MaskCell): boolean => edits.blocked.some((b) => sameCell(b, cell));

export const toggleBlocked = (edits: Edits, cell: MaskCell): Edits => ({
  ...edits,
  blocked: isBlocked(edits, cell) ? edits.blocked.filter((b) => !sameCell(b, cell)) : [...edits.blocked, cell],
});

/** Switching a head off: its z, the only thing that leaves it, becomes zero. */
const headOff = (layer: number, head: number): PlainIntervention => ({
  at: `blocks.${layer}.attn.z`,
  head,
  op: 'zero',
});

const same = (a: PlainIntervention, b: PlainIntervention) =>
  a.at === b.at && a.head === b.head && a.query === b.query && a.key === b.key && a.index === b.index && a.op === b.op;

export const isHeadOff = (edits: Edits, layer: number, head: number): boolean =>
  edits.interventions.some((i) => same(i, headOff(layer, head)));

export function toggleHead(edits: Edits, layer: number, head: number): Edits {
  const off = headOff(layer, head);
  const interventions = edits.interventions.some((i) => same(i, off))
    ? edits.interventions.filter((i) => !same(i, off))
    : [...edits.interventions, off];
  return { ...edits, interventions };
}

/** The options of `model.forward` for these edits on a sequence of `length` tokens. */
export function forwardOptions(edits: Edits, length: number): Pick<ForwardOptions, 'causal' | 'temperature' | 'interventions' | 'mask'> {
  const blocked = edits.blocked.filter(([query, key]) => query < length && key < length);
  return {
    ...(edits.causal !== null && { causal: edits.causal }),
    ...(edits.temperature !== 1 && { temperature: edits.temperature }),
    ...(edits.interventions.length > 0 && { interventions: edits.interventions }),
    ...(blocked.length > 0 && { mask: maskOf(blocked, length) }),
  };
}

function maskOf(blocked: readonly MaskCell[], length: number): MaskTensor {
  const data = new Uint8Array(length * length).fill(1);
  for (const [query, key] of blocked) data[query * length + key] = 0;
  return { data, dims: [length, length] };
}

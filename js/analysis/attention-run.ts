// The attention weights of a run, as measures, rollout and norms take them.
import { fail } from '../core/errors.js';
import type { Tensor, TensorInput } from '../core/tensor.js';
import { entriesOf, isArray, lengthOf, reading } from '../core/plain.js';
import { checkShape, checkTensorView, describe, shapeText } from '../core/validation.js';

/** What of a run is looked at; the output of `forward` is one. */
export interface AttentionRun {
  readonly attentions?: readonly TensorInput[];
  readonly trace?: ReadonlyMap<string, TensorInput>;
}

export type Dims = readonly [batch: number, heads: number, queries: number, keys: number];

/** The attention weights of a run, all of one shape [B, H, T, S]. */
export function checkAttentions(run: AttentionRun | readonly TensorInput[]): {
  attentions: readonly Tensor[];
  dims: Dims;
} {
  const given = isArray(run)
    ? (run as readonly TensorInput[])
    : reading('attentions', () => (run as AttentionRun | null)?.attentions);
  if (!isArray(given) || lengthOf('attentions', given) === 0) {
    const got = describe(isArray(run) || given !== undefined ? given : run);
    fail(
      'invalid_argument',
      `attentions: expected the output of forward with outputAttentions, or its attentions, got ${got}`,
    );
  }
  const attentions = entriesOf<TensorInput>('attentions', given).map((pattern, layer) =>
    checkTensorView(`attentions[${layer}]`, pattern),
  );
  const { dims } = attentions[0]!;
  if (dims.length !== 4)
    fail('shape_mismatch', `attentions[0]: expected [B, H, T, S], got ${shapeText(dims)}`);
  attentions.forEach((pattern, layer) => checkShape(`attentions[${layer}]`, pattern.dims, dims));
  return { attentions, dims: dims as unknown as Dims };
}

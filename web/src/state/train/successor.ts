// Which head took over from one that was switched off: the one whose weight where the answer is grew most. Pure.
import type { HeadName } from '../shared/attention.ts';
import type { Picture } from './protocol.ts';

export interface TargetAttention extends HeadName {
  /** The share of its weight that falls where the answer is. */
  share: number;
}

export interface Successor extends HeadName {
  before: number;
  after: number;
}

export const targetAttentionOf = (picture: Picture | null): TargetAttention[] =>
  (picture?.sites ?? []).flatMap(({ site, onTarget }) =>
    (onTarget ?? []).map((share, head) => ({ site, head, share })),
  );

/** null where no head that is on gained anything to speak of. */
export function successorOf(
  before: readonly TargetAttention[],
  after: readonly TargetAttention[],
  isOff: (head: HeadName) => boolean,
): Successor | null {
  const gains = after
    .filter((look) => !isOff(look))
    .flatMap(({ site, head, share }): Successor[] => {
      const old = before.find((look) => look.site === site && look.head === head);
      return old ? [{ site, head, before: old.share, after: share }] : [];
    });
  const best = gains.reduce<Successor | null>(
    (most, gain) => (!most || gain.after - gain.before > most.after - most.before ? gain : most),
    null,
  );
  return best && best.after - best.before >= 0.05 ? best : null;
}

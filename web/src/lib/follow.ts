// Keeps a selection on its word while the sentence around it is edited. Pure.

/** Where token `index` of `before` stands in `after`, or null if it was edited away. */
export function followToken(
  before: readonly string[],
  after: readonly string[],
  index: number,
): number | null {
  let prefix = 0;
  while (prefix < before.length && prefix < after.length && before[prefix] === after[prefix])
    prefix++;
  if (index < prefix) return index;
  let suffix = 0;
  const most = Math.min(before.length, after.length) - prefix;
  while (suffix < most && before[before.length - 1 - suffix] === after[after.length - 1 - suffix])
    suffix++;
  const fromEnd = before.length - index;
  if (fromEnd <= suffix) return after.length - fromEnd;
  // Inside the edited stretch: the same place, if the stretch still reaches there (one word swapped for another).
  return index < after.length - suffix ? index : null;
}

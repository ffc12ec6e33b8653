// Keeps a part of a task's examples out of training, decided by their content alone.

/** One example of eight. */
const share = 8;

/** Whether content is held out: FNV-1a (Fowler, Noll & Vo) of its UTF-16 units, with a last mixing of the low bits. */
export function isHeldOut(content: string): boolean {
  let hash = 0x811c9dc5;
  for (let i = 0; i < content.length; ++i)
    hash = Math.imul(hash ^ content.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % share === 0;
}

/** Draws until the content is on the side that was asked for. */
export function drawSide<T>(draw: () => T, contentOf: (drawn: T) => string, heldOut: boolean): T {
  for (;;) {
    const drawn = draw();
    if (isHeldOut(contentOf(drawn)) === heldOut) return drawn;
  }
}

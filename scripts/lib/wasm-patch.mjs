// Writes relaxed.wasm as its difference from simd128.wasm; js/core/wasm-patch.ts says how it is read, and why.

const sectionName = 'attention-lab.difference';
/** Bytes that a copy must have in common to be found, and to be worth its three numbers. */
const seedLength = 6;
const leastCopy = 8;
const leastCopyInPlace = 4;
const mostCandidates = 64;

/** A valid wasm module without code, whose one custom section makes `target` out of `baseline`. */
export function differenceModule(baseline, target) {
  const name = new TextEncoder().encode(sectionName);
  const content = [...leb128(name.length), ...name, ...difference(baseline, target)];
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  return Uint8Array.from([...header, 0x00, ...leb128(content.length), ...content]);
}

function difference(baseline, target) {
  const bytes = [...u32(target.length), ...u32(fnv1a(target))];
  const positions = positionsOf(baseline);
  let literals = 0; // where the bytes begin that nothing copies
  let place = 0; // where the baseline goes on after the last copy
  const write = (at, move, length) => {
    bytes.push(...leb128(at - literals));
    for (const byte of target.subarray(literals, at)) bytes.push(byte);
    bytes.push(...leb128(move < 0 ? -2 * move - 1 : 2 * move), ...leb128(length));
  };
  for (let at = 0; at < target.length;) {
    const expected = place + at - literals;
    let from = expected;
    let length = commonLength(baseline, expected, target, at);
    const found = length >= leastCopyInPlace;
    for (const candidate of positions.get(keyAt(target, at)) ?? []) {
      const own = commonLength(baseline, candidate, target, at);
      if (own > length + (found ? 3 : 0)) [from, length] = [candidate, own]; // a move costs up to three bytes
    }
    if (length < (from === expected ? leastCopyInPlace : leastCopy)) {
      ++at;
      continue;
    }
    write(at, from - place, length);
    at += length;
    place = from + length;
    literals = at;
  }
  if (literals < target.length) write(target.length, 0, 0);
  return bytes;
}

const keyAt = (bytes, at) =>
  at + seedLength > bytes.length
    ? undefined
    : String.fromCharCode(...bytes.subarray(at, at + seedLength));

function positionsOf(bytes) {
  const positions = new Map();
  for (let at = 0; at + seedLength <= bytes.length; ++at) {
    const key = keyAt(bytes, at);
    const list = positions.get(key);
    if (!list) positions.set(key, [at]);
    else if (list.length < mostCandidates) list.push(at);
  }
  return positions;
}

function commonLength(a, i, b, j) {
  let length = 0;
  while (i + length < a.length && j + length < b.length && a[i + length] === b[j + length])
    ++length;
  return length;
}

function leb128(number) {
  const bytes = [];
  for (; number > 0x7f; number >>>= 7) bytes.push((number & 0x7f) | 0x80);
  return [...bytes, number];
}

const u32 = (number) => [0, 8, 16, 24].map((shift) => (number >>> shift) & 0xff);

function fnv1a(bytes) {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

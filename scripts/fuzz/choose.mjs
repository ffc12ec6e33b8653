// Seeded choices, and the values that stand where others are expected.

/** A case's choices: the same for the same seed and number (SplitMix32). */
export class Choose {
  #state;

  constructor(seed, number) {
    this.#state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
    for (let k = 0; k < 4; ++k) this.#next();
  }

  #next() {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  below(count) {
    return this.#next() % count;
  }
  chance(one, of) {
    return this.below(of) < one;
  }
  of(list) {
    return list[this.below(list.length)];
  }
  number() {
    return this.#next() / 2 ** 31 - 1;
  }
  ids(length, below) {
    return Array.from({ length }, () => this.below(below));
  }
  tensor(dims) {
    const count = dims.reduce((product, size) => product * size, 1);
    return { data: Float32Array.from({ length: count }, () => this.number()), dims };
  }
}

const detached = (Kind) => {
  const array = new Kind(8);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
};
const revoked = (target) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const raw = () => {
  throw new TypeError('a caller of the fuzzer');
};

const hostile = [
  ...[undefined, null, true, false, 0, -0, -1, 1, 0.5, NaN, Infinity, -Infinity].map(
    (x) => () => x,
  ),
  ...[1e-300, 1e-46, 1e-39, 1e38, 3.5e38, 1e300].map((x) => () => x),
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53].map((x) => () => x),
  ...['', 'x', '8', '__proto__', 'constructor', '*', 'a'.repeat(5000)].map((x) => () => x),
  () => 1n,
  () => 2n ** 70n,
  () => Symbol('x'),
  () => () => 1,
  () => raw,
  () => async () => raw(),
  () => [],
  () => [[]],
  () => [[], [1]],
  () => Array(3),
  () => new Array(2 ** 32 - 1),
  () => [undefined],
  () => ({}),
  () => Object.create(null),
  () => Object.create(Map.prototype),
  () => new Map([['x', 1]]),
  () => new Set([1]),
  () => new Date(0),
  () => Promise.resolve(1),
  () => revoked({}),
  () => revoked([]),
  () => new Proxy([1, 2], {}),
  () => new Proxy({}, { get: raw, has: raw, ownKeys: raw }),
  () => ({ valueOf: raw, toString: raw, [Symbol.toPrimitive]: raw }),
  () => ({
    get [Symbol.toStringTag]() {
      return raw();
    },
  }),
  () => ({ then: raw }),
  () => ({ data: detached(Float32Array), dims: [8] }),
  () => ({ data: detached(Int32Array), dims: [8] }),
  () => ({ data: new Float32Array(6).fill(NaN), dims: [2, 3] }),
  () => ({ data: new Float32Array(0), dims: [0, 2 ** 40] }),
  () => ({ data: new Float32Array(6), dims: [1, 2, 3] }),
  () => ({ data: new Int32Array(new SharedArrayBuffer(8)), dims: [2] }),
  () => ({ data: new Float32Array(new ArrayBuffer(8, { maxByteLength: 32 })), dims: [2] }),
  () => ({ data: new Uint8Array(4), dims: [2, 2] }),
  () => new Float32Array(4),
  () => Int32Array.of(1, 2),
  () => detached(Uint8Array),
];

export const hostileValue = (choose) => choose.of(hostile)();

export const isPlain = (value) => {
  try {
    return [Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value));
  } catch {
    return false;
  }
};

const keysOf = (value) => {
  try {
    return Object.keys(value);
  } catch {
    return []; // a proxy's trap
  }
};

/** Every place in a plain value: [object, key]. */
export function placesOf(value, places = [], depth = 0) {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || depth > 4)
    return places;
  if (!isPlain(value)) return places;
  for (const key of keysOf(value)) {
    places.push([value, key]);
    placesOf(Reflect.getOwnPropertyDescriptor(value, key).value, places, depth + 1);
  }
  return places;
}

/** Puts a hostile value, or a getter of one, into a list of arguments; sometimes takes a key away or adds one. */
export function spoil(args, places, choose, effects = []) {
  const [at, key] = choose.of(places);
  const put = (name, value) =>
    Reflect.defineProperty(at, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  if (at !== args && choose.chance(1, 12)) Reflect.deleteProperty(at, key);
  else if (choose.chance(1, 12)) put(choose.of(['x', '__proto__x', 'constructor']), 1);
  else if (at !== args && choose.chance(1, 6)) {
    const { value: old } = Reflect.getOwnPropertyDescriptor(at, key) ?? {};
    const effect = choose.of([raw, ...effects]);
    let reads = 0;
    const when = 1 + choose.below(3);
    Reflect.defineProperty(at, key, {
      enumerable: true,
      configurable: true,
      get: () => (++reads === when ? (effect(), old) : old),
    });
  } else if (choose.chance(1, 8))
    put(key, new Proxy(Object(Reflect.getOwnPropertyDescriptor(at, key)?.value ?? {}), {}));
  else put(key, hostileValue(choose));
}

// Seeded random numbers for lessons and samplers: SplitMix64 in 64-bit integers, the same on every machine.
import { fail } from './errors.js';
import { isArray, lengthOf, reading } from './plain.js';
import { checkArray, checkInteger, checkSeed, describe } from './validation.js';

/** Random numbers from a seed: SplitMix64, so the same on every machine. */
export interface SeededRandom {
  /** From 0 up to, not including, 1: 53 random bits. */
  next(): number;
  /** An integer from 0 to below − 1. */
  integer(below: number): number;
  /** One item of the list. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy (Fisher & Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

const bits64 = (n: bigint): bigint => BigInt.asUintN(64, n);

/** SplitMix64 (Steele, Lea & Flood 2014), as cpp/nn/random.h has it. Its whole state is one 64-bit number. */
export class SplitMix64 implements SeededRandom {
  constructor(public state: bigint) {}

  next(): number {
    this.state = bits64(this.state + 0x9e3779b97f4a7c15n);
    let z = this.state;
    z = bits64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = bits64((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return Number((z ^ (z >> 31n)) >> 11n) * 2 ** -53;
  }

  integer(below: number): number {
    return Math.floor(this.next() * checkInteger('below', below, 1, 2 ** 32));
  }

  pick<T>(items: readonly T[]): T {
    const length = isArray(items) ? lengthOf('items', items) : 0;
    if (length === 0)
      fail('invalid_argument', `items: expected an array of at least one, got ${describe(items)}`);
    const index = this.integer(length);
    return reading('items', () => items[index]!);
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = checkArray('items', items, 'an array');
    for (let last = shuffled.length - 1; last > 0; --last) {
      const other = this.integer(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
    }
    return shuffled;
  }
}

/** Random numbers from a seed, an integer below 2³². */
export function createRandom(seed: number): SeededRandom {
  return new SplitMix64(BigInt(checkSeed('seed', seed)));
}

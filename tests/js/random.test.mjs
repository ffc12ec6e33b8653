// The seeded numbers of lessons are SplitMix64's, on every machine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from 'attention-lab';

test('createRandom gives the published numbers of SplitMix64', () => {
  // The first outputs of seed 1234567 in the reference implementation (prng.di.unimi.it/splitmix64.c), as quoted by its ports.
  const outputs = [
    6457827717110365317n,
    3203168211198807973n,
    9817491932198370423n,
    4593380528125082431n,
    16408922859458223821n,
  ];
  const random = createRandom(1234567);
  for (const output of outputs) assert.equal(random.next(), Number(output >> 11n) * 2 ** -53);
});

test('the same seed gives the same picks and shuffles, another seed others', () => {
  const draw = (seed) => {
    const random = createRandom(seed);
    return [
      random.integer(1000),
      random.pick(['a', 'b', 'c', 'd']),
      random.shuffle([1, 2, 3, 4, 5, 6, 7, 8]),
    ];
  };
  assert.deepEqual(draw(5), draw(5));
  assert.notDeepEqual(draw(5), draw(6));
});

test('integers are spread evenly and a shuffle keeps every item and its argument', () => {
  const random = createRandom(0);
  const counts = [0, 0, 0];
  for (let i = 0; i < 3000; ++i) counts[random.integer(3)] += 1;
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 120, `${counts}`);
  const items = [...'abcdef'];
  assert.deepEqual(random.shuffle(items).sort(), [...'abcdef']);
  assert.deepEqual(items, [...'abcdef']);
});

test('a seed or a bound that is not an integer in range is refused', () => {
  for (const seed of [-1, 0.5, 2 ** 32, NaN, '1']) {
    assert.throws(() => createRandom(seed), {
      name: 'AttentionLabError',
      code: 'invalid_argument',
      message: /^seed/,
    });
  }
  for (const below of [0, -1, 1.5, NaN]) {
    assert.throws(() => createRandom(0).integer(below), {
      code: 'invalid_argument',
      message: /^below/,
    });
  }
  assert.throws(() => createRandom(0).pick([]), {
    code: 'invalid_argument',
    message: /^items: expected/,
  });
});

// The recurrent network that Learn shows beside attention: its checkpoint gives the figures that its record states.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { loadLessons } from '../../scripts/lib/lessons.mjs';
import { importPage } from './page-library.mjs';

const { halfToNumber, readHalfTensors } = await importPage('lib/safetensors.ts');
const lessons = await loadLessons();
const file = (name) =>
  readFileSync(new URL(`../../web/public/models/recurrent/${name}`, import.meta.url));
const json = (name) => JSON.parse(file(name).toString());

test('float16 as IEEE 754 has it', () => {
  for (const [bits, value] of [
    [0x0000, 0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x3c00, 1],
    [0x3555, 0.333251953125],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
  ])
    assert.equal(halfToNumber(bits), value, bits.toString(16));
  assert.ok(Number.isNaN(halfToNumber(0x7e00)));
});

test('the record is what the network gets right, in all and by distance', async () => {
  const config = json('config.json');
  const evaluation = json('evaluation.json');
  const weights = readHalfTensors(file('model.safetensors'));
  const runtime = await createRuntime();
  const network = runtime.createRecurrent(config);
  for (const [name, tensor] of weights)
    if (!name.startsWith('head.')) network.setParameter(name, tensor);
  const [W, b] = [weights.get('head.weight').data, weights.get('head.bias').data];
  const D = config.hiddenSize;
  const right = new Map();
  for (const { example } of lessons.heldOutExamples(lessons.lessonOf('copy'), evaluation.heldOut)) {
    const { inputIds, labels } = example;
    const { data } = network.forward({ inputIds }).lastHiddenState;
    labels.forEach((label, at) => {
      if (label === -100) return;
      const scores = Array.from(b, (bias, id) => {
        let sum = bias;
        for (let i = 0; i < D; i++) sum += W[id * D + i] * data[at * D + i];
        return sum;
      });
      const distance = at - inputIds.indexOf(inputIds[at]);
      const found = right.get(distance) ?? [];
      found.push(Number(scores.indexOf(Math.max(...scores)) === label));
      right.set(distance, found);
    });
  }
  const mean = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const close = (actual, expected, of) =>
    assert.ok(Math.abs(actual - expected) <= 0.002, `${of}: ${actual}, stated ${expected}`);
  close(mean([...right.values()].flat()), evaluation.accuracy, 'accuracy');
  assert.equal(right.size, Object.keys(evaluation.accuracyByDistance).length);
  // A near tie may fall the other way in another order of summation: one answer of the few at a distance.
  for (const [distance, stated] of Object.entries(evaluation.accuracyByDistance)) {
    const found = right.get(Number(distance));
    assert.ok(
      Math.abs(mean(found) - stated) <= 1.5 / found.length + 5e-5,
      `${distance}: ${mean(found)}, stated ${stated}`,
    );
  }
  const count = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  assert.equal(count, evaluation.parameters);
});

// The schema of configs: what is made from the tables of fields in C++ is up to date, and says what the package does.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { configDocs, readSchema } from '../../scripts/lib/config-schema.mjs';
import { forEachVariant } from './support.mjs';

const { groups, tablePositions } = readSchema();
const fieldsOf = (...names) =>
  names.flatMap((name) => groups.find((group) => group.name === name).fields);

describe('the schema of configs', () => {
  test('docs/config.md is what npm run format makes of it', () => {
    const file = new URL('../../docs/config.md', import.meta.url);
    assert.equal(readFileSync(file, 'utf8'), configDocs());
  });

  test('a field stands in one group, with a meaning; a field that is given needs no default', () => {
    const keys = groups.flatMap(({ fields }) => fields.map(({ key }) => key));
    assert.equal(new Set(keys).size, keys.length);
    for (const { fields } of groups)
      for (const { key, meaning, required, derived } of fields) {
        assert.match(meaning, /\.$/, key);
        assert.ok(!(required && derived !== undefined), key);
      }
    assert.deepEqual(tablePositions, ['learned', 'sinusoidal', 'sinusoidal_halves', 'rotary']);
  });
});

forEachVariant('the schema of configs', (lab) => {
  const base = { dModel: 8, numLayers: 1, attention: { numHeads: 2 } };

  test('a model takes every default of the tables', () => {
    const model = lab.rt.createModel(base);
    const { config } = model;
    const expect = (fields, found) => {
      for (const { key, required, derived, initial } of fields)
        if (!required && derived === undefined) assert.deepEqual(found[key], initial, key);
        else assert.notEqual(found[key], undefined, key);
    };
    expect(fieldsOf('Stack', 'Width', 'Block', 'FeedForward', 'Model'), config);
    expect(fieldsOf('Attention', 'ModelAttention'), config.attention);
    expect(fieldsOf('Rotary'), config.rotary);
    expect(fieldsOf('T5Bias'), config.t5Bias);
    model.dispose();
  });

  test('a value of another type, or out of range, is refused by the name of its field', () => {
    const wrong = { boolean: 1, choice: 'nonsense', integer: 0.5, positive: 0, notNan: NaN };
    const refused = (config, name) =>
      assert.throws(() => lab.rt.createModel(config), {
        message: new RegExp(`^${name}: expected`),
      });
    for (const { key, kind, least } of fieldsOf(
      'Stack',
      'Width',
      'Block',
      'FeedForward',
      'Model',
    )) {
      refused({ ...base, [key]: wrong[kind] }, `config\\.${key}`);
      if (kind === 'integer') refused({ ...base, [key]: least - 1 }, `config\\.${key}`);
    }
    for (const { key, kind } of fieldsOf('Attention', 'ModelAttention'))
      refused(
        { ...base, attention: { ...base.attention, [key]: wrong[kind] } },
        `config\\.attention\\.${key}`,
      );
  });

  test('C++ knows every choice', () => {
    for (const { key, kind, values } of fieldsOf('Stack', 'Block', 'FeedForward'))
      for (const { name } of kind === 'choice' ? values : [])
        lab.rt.createModel({ ...base, [key]: name }).dispose();
    for (const { key, kind, values } of fieldsOf('Attention'))
      for (const { name } of kind === 'choice' ? values : [])
        lab.rt.createModel({ ...base, attention: { ...base.attention, [key]: name } }).dispose();
  });
});

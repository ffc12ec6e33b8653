// Every golden case through the built package, in both variants. A new case in tests/golden needs nothing here.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { assertAllClose } from './compare.mjs';
import { comparable, runners } from './golden-run.mjs';
import { checkpointPath, readGroups, readParameters } from './golden.mjs';

/** Functions of cpp/kernels without a call of their own in the package: tests/cpp/golden runs them. */
const kindsOfTheCore = new Set([
  'activation',
  'layer_norm',
  'rms_norm',
  'rotary',
  'sinusoidal',
  'position_bias',
]);

const groups = readGroups();

/** Every field of `expected` is in `actual`, with its value; so for the objects within. */
function assertFields(actual, expected, name) {
  for (const [field, value] of Object.entries(expected)) {
    if (typeof value === 'object' && value !== null)
      assertFields(actual[field], value, `${name}.${field}`);
    else assert.deepEqual(actual[field], value, `${name}.${field}`);
  }
}

for (const variant of ['simd128', 'relaxed']) {
  describe(`golden values, ${variant}`, () => {
    let runtime;
    const models = new Map();

    before(async () => {
      runtime = await createRuntime({ variant });
    });
    after(() => {
      for (const model of models.values()) model.dispose();
      assert.equal(runtime?.liveHandles, 0);
    });

    async function checkpoint(name) {
      if (!models.has(name)) models.set(name, await runtime.loadModel(checkpointPath(name)));
      return models.get(name);
    }

    for (const { group, cases, checkpoints = {} } of groups) {
      for (const testCase of cases) {
        if (kindsOfTheCore.has(testCase.kind)) continue;
        const title = `${group}/${testCase.name}: ${testCase.about}`;
        const check = (actual) => {
          const compared = comparable(testCase, actual);
          assertAllClose(compared.actual, compared.expected, testCase.tolerance);
        };
        test(title, async () => {
          assert.ok(runners[testCase.kind], `${testCase.kind}: no such kind of case`);
          const model = testCase.checkpoint && (await checkpoint(testCase.checkpoint));
          check(runners[testCase.kind](runtime, testCase, model));
        });
        if (testCase.listing && testCase.kind !== 'listing') {
          test(`${title}, as the preset`, () => check(runners.listing(runtime, testCase)));
        }
      }

      for (const [name, entry] of Object.entries(checkpoints)) {
        const { about, config, parameters, tokenizer, refused = {} } = entry;
        test(`${group}/checkpoints/${name}: ${about}: config and parameters as saved`, async () => {
          const model = await checkpoint(name);
          assertFields(model.config, config, 'config');
          assert.deepEqual(
            [...model.parameterShapes().keys()].toSorted(),
            Object.keys(parameters).toSorted(),
          );
          const expected = readParameters(name, parameters);
          assertAllClose(model.parameters(), expected, { absolute: 0, relative: 0 });
        });

        for (const [field, value] of Object.entries(refused)) {
          test(`${group}/checkpoints/${name}: refused with ${field}`, async () => {
            const folder = checkpointPath(name);
            const files = new Map(
              readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))]),
            );
            const config = JSON.parse(files.get('config.json'));
            files.set('config.json', Buffer.from(JSON.stringify({ ...config, [field]: value })));
            await assert.rejects(runtime.loadModel(files), {
              code: 'unsupported_checkpoint',
              message: new RegExp(`config\\.json: ${field}: expected`),
            });
          });
        }

        for (const { text, ids, tokens } of tokenizer ?? []) {
          test(`${group}/checkpoints/${name}: tokens of ${JSON.stringify(text.slice(0, 60))}`, async () => {
            const encoding = (await checkpoint(name)).encode(text);
            assert.deepEqual(encoding.tokens, tokens);
            assert.deepEqual(encoding.ids, ids);
          });
        }
      }
    }
  });
}

// Runs the js examples of docs/api.md over the built package: an example's "// → value" must be what it gives.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { createRuntime, errorCodes, listingNames } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code);

/** Lines `expression; // → value` become assertions. */
function withAssertions(code) {
  let count = 0;
  const script = code.replace(/^(\s*)(.+); \/\/ → (.+)$/gm, (_, indent, expression, expected) => {
    count += 1;
    return `${indent}check(${JSON.stringify(expression)}, ${expression}, ${JSON.stringify(expected)});`;
  });
  return { script, count };
}

const preamble = `
  import { strictEqual } from 'node:assert/strict';
  import { inspect } from 'node:util';
  let checks = 0;
  const check = (expression, value, expected) => {
    strictEqual(inspect(value), expected, expression);
    checks += 1;
  };
`;

function run(script) {
  return spawnSync(process.execPath, ['--input-type=module', '-e', `${preamble}${script}\nconsole.log(checks);`], {
    cwd: root, encoding: 'utf8', timeout: 60_000,
  });
}

describe('docs/api.md', () => {
  test('every example runs and gives what it says', () => {
    assert.ok(examples.length >= 8, `${examples.length} examples`);
    const { script, count } = withAssertions(examples.join('\n'));
    const { stdout, stderr, status } = run(script);
    assert.equal(status, 0, stderr);
    assert.equal(Number(stdout), count);
    assert.ok(count >= 15, `${count} values`);
  });

  test('an example that gives something else fails', () => {
    const { status, stderr } = run(withAssertions('1 + 1; // → 3\n').script);
    assert.notEqual(status, 0);
    assert.match(stderr, /1 \+ 1/);
  });

  test("the README's lines run and print what they say", () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, code] = readme.match(/^```js\n(.*?)^```/ms);
    const printed = [...code.matchAll(/^console\.log\(.*\); *\/\/ (.+)$/gm)].map(([, text]) => text);
    assert.ok(printed.length > 0, 'no line says what it prints');
    const { stdout, stderr } = run(code);
    assert.deepEqual(stdout.trimEnd().split('\n').slice(0, -1), printed, stderr); // the last line is the number of checks
  });

  test('it has every error code and every listing', () => {
    for (const name of [...errorCodes, ...listingNames]) assert.ok(text.includes(`| \`${name}\` |`), name);
  });

  test('it names every method, property and field of a config', async () => {
    const rt = await createRuntime({ variant: 'simd128' });
    const worker = await createWorkerRuntime({ variant: 'simd128' });
    const model = rt.createModel({ vocabSize: 2, dModel: 2, numLayers: 1, attention: { numHeads: 1 } });
    const members = (object) => {
      const names = new Set(Object.keys(object));
      for (let type = Object.getPrototypeOf(object); type !== Object.prototype; type = Object.getPrototypeOf(type)) {
        for (const name of Object.getOwnPropertyNames(type)) names.add(name);
      }
      for (const internal of ['constructor', 'handle', 'activations', 'initialise', 'generateInTurns', 'origin', 'undefined']) names.delete(internal);
      return [...names];
    };
    for (const object of [rt, model, worker]) {
      for (const name of members(object)) assert.match(text, new RegExp(`\\b${name}\\b`), name);
    }
    for (const name of [...Object.keys(model.config), ...Object.keys(model.config.attention)]) {
      assert.match(text, new RegExp(`\\b${name}\\b`), `config: ${name}`);
    }
    model.dispose();
    worker.dispose();
  });
});

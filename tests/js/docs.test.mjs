// Runs the js examples of docs/api.md over the built package: an example's "// → value" must be what it gives.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import ts from 'typescript';
import { errorCodes, listingNames } from 'attention-lab';

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
  return spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `${preamble}${script}\nconsole.log(checks);`],
    {
      cwd: root,
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
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
    const printed = [...code.matchAll(/^console\.log\(.*\); *\/\/ (.+)$/gm)].map(
      ([, text]) => text,
    );
    assert.ok(printed.length > 0, 'no line says what it prints');
    const { stdout, stderr } = run(code);
    assert.deepEqual(stdout.trimEnd().split('\n').slice(0, -1), printed, stderr); // the last line is the number of checks
  });

  test('it has every error code and every listing', () => {
    for (const name of [...errorCodes, ...listingNames])
      assert.ok(text.includes(`| \`${name}\` |`), name);
  });

  test('it or config.md names every function, constant and member that the package publishes', () => {
    const published = publishedNames(
      ['index', 'worker', 'inline'].map((entry) => `dist/types/entries/${entry}.d.ts`),
    );
    assert.ok(
      published.has('Model.setParameter') && !published.has('Model.writeParameter'),
      'internal members are not published',
    );
    const config = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8');
    const documented = (name) => new RegExp(`\\b${name.split('.').at(-1)}\\b`).test(text + config);
    assert.deepEqual(
      [...published].filter((name) => !documented(name)),
      [],
    );
  });
});

/** The functions and constants that the declaration files give their reader, and as `Type.member` what a type has. */
function publishedNames(files) {
  const program = ts.createProgram(
    files.map((file) => root + file),
    { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ESNext },
  );
  const checker = program.getTypeChecker();
  const hidden = ts.ModifierFlags.Protected | ts.ModifierFlags.Private;
  const names = new Set();
  for (const file of files) {
    for (const symbol of checker.getExportsOfModule(
      checker.getSymbolAtLocation(program.getSourceFile(root + file)),
    )) {
      const exported =
        symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      if (exported.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Variable))
        names.add(symbol.name);
      const type = checker.getDeclaredTypeOfSymbol(exported);
      if (!type.isClassOrInterface()) continue;
      for (const {
        name,
        declarations: [declaration],
      } of checker.getPropertiesOfType(type)) {
        const written = declaration.name !== undefined && ts.isIdentifier(declaration.name); // neither #private nor a symbol
        if (written && !(ts.getCombinedModifierFlags(declaration) & hidden))
          names.add(`${symbol.name}.${name}`);
      }
    }
  }
  return names;
}

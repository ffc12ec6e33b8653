// Formatters and linters over every tracked source file: prettier, clang-format and ruff (both as wasm), oxlint.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from './paths.mjs';
import { capture, run } from './run.mjs';

/** Python: ruff's formatter, and its checks of errors. `l` is a layer, as in the docs' legend. */
const ruffSettings = {
  'line-length': 100,
  lint: { select: ['E4', 'E7', 'E9', 'F'], ignore: ['E731', 'E741'] },
};

const formattedByPrettier = /\.(ts|mjs|js|svelte|css|html)$/;

/** The files that git tracks or would track, without reference values and what is served as it is. */
async function sources() {
  const list = ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const names = (await run(list, { log: 'style-files' })).trim().split('\n');
  const deleted = new Set(
    (await run(['git', 'ls-files', '--deleted'], { log: 'style-files' })).trim().split('\n'),
  );
  return names.filter((name) => !deleted.has(name) && !/^(tests\/golden|web\/public)\//.test(name));
}

/** Each language's formatter: which files, and what a text becomes: (text, path) → text. */
async function formatters() {
  const prettier = await import('prettier');
  const clang = await import('@wasm-fmt/clang-format/node');
  const ruff = await ruffWorkspace();
  const clangStyle = readFileSync(join(paths.root, '.clang-format'), 'utf8');
  const prettierOptions = await prettier.resolveConfig(join(paths.root, 'package.json'));
  return [
    {
      covers: formattedByPrettier,
      format: (text, filepath) => prettier.format(text, { ...prettierOptions, filepath }),
    },
    {
      covers: /\.(cpp|h)$/,
      format: (text, path) => clang.format(text, path, clangStyle),
    },
    { covers: /\.py$/, format: (text) => ruff.format(text) },
  ];
}

async function ruffWorkspace() {
  const { default: ruff } = await import('@astral-sh/ruff-wasm-nodejs');
  return new ruff.Workspace(ruffSettings, ruff.PositionEncoding.Utf16);
}

/** Writes every file as its formatter would have it; returns the names of those that changed. */
export async function format() {
  const changed = await unformatted();
  for (const { name, text } of changed) writeFileSync(join(paths.root, name), text);
  return changed.map(({ name }) => name);
}

async function unformatted() {
  const all = await formatters();
  const known = readCache();
  const found = [];
  for (const name of await sources()) {
    const formatter = all.find(({ covers }) => covers.test(name));
    if (!formatter) continue;
    const before = readFileSync(join(paths.root, name), 'utf8');
    const hash = hashOf(before);
    if (known[name] === hash) continue;
    const text = await formatter.format(before, name);
    if (text === before) known[name] = hash;
    else found.push({ name, text });
  }
  mkdirSync(paths.stamps, { recursive: true });
  writeFileSync(cacheFile(), JSON.stringify(known));
  return found;
}

/** Files that were found formatted, name → hash of the text: formatting all of them takes ten seconds. */
function readCache() {
  try {
    return JSON.parse(readFileSync(cacheFile(), 'utf8'));
  } catch {
    return {};
  }
}

/** A file of its own for each version of the formatters and their settings. */
function cacheFile() {
  const settings = [
    '.prettierrc.json',
    '.clang-format',
    'package-lock.json',
    'scripts/lib/style.mjs',
  ];
  const texts = settings.map((name) => readFileSync(join(paths.root, name), 'utf8'));
  return join(paths.stamps, `formatted-${hashOf(texts.join('\n')).slice(0, 12)}.json`);
}

const hashOf = (text) => createHash('sha256').update(text).digest('hex');

/** What the linters say, a line each. */
async function lint() {
  const { code, output } = await capture(
    [process.execPath, join(paths.modules, 'oxlint', 'bin', 'oxlint'), '--format', 'unix'],
    { log: 'lint' },
  );
  const problems = code === 0 ? [] : output.split('\n').filter((line) => /:\d+:\d+:/.test(line));
  if (code !== 0 && problems.length === 0) problems.push(output.trim());
  const ruff = await ruffWorkspace();
  for (const name of await sources()) {
    if (!name.endsWith('.py')) continue;
    for (const { code: rule, message, start_location: at } of ruff.check(
      readFileSync(join(paths.root, name), 'utf8'),
    ))
      problems.push(`${name}:${at.row}:${at.column}: ${message} [${rule}]`);
  }
  return problems;
}

/** Two checks, of the form and of what the linters know; with what they counted, for the test runner. */
export async function checkStyle() {
  const unformattedFiles = (await unformatted()).map(
    ({ name }) => `${name}: not formatted (npm run format)`,
  );
  const checks = [unformattedFiles, await lint()];
  const failed = checks.filter((problems) => problems.length > 0);
  return {
    passed: checks.length - failed.length,
    failed: failed.length,
    skipped: 0,
    output: failed.flat().join('\n'),
  };
}

// Installs the npm packages when they are missing or differ from package-lock.json.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from './paths.mjs';
import { run } from './run.mjs';
import { StepFailed } from './steps.mjs';

const readJson = (...parts) => JSON.parse(readFileSync(join(...parts), 'utf8'));

/** The packages of the lock that npm has not installed in that version; npm keeps its own record in node_modules. */
function missing(folder) {
  const wanted = readJson(folder, 'package-lock.json').packages;
  let installed = {};
  try {
    installed = readJson(folder, 'node_modules', '.package-lock.json').packages;
  } catch {
    return Object.keys(wanted).filter(Boolean);
  }
  // An optional package may be for another platform.
  return Object.entries(wanted)
    .filter(
      ([path, { version, optional }]) => path && !optional && installed[path]?.version !== version,
    )
    .map(([path]) => path);
}

/** `folder`: whose package-lock.json. */
export async function installPackages(folder = paths.root) {
  requireNode();
  const stale = missing(folder);
  if (stale.length === 0) return 'up to date';
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  await run([...npm, 'ci', '--no-fund', '--no-audit'], { log: 'npm-ci', cwd: folder });
  return `${stale.length} installed`;
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new StepFailed(`Node.js: expected 20.19 or newer, got ${process.versions.node}`);
}

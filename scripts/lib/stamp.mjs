// Remembers what a step was made from, so that it is not done twice.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from './paths.mjs';

/** Every file below `path` (or `path` itself), sorted; nothing where it does not exist. */
export function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name }) => filesBelow(join(path, name)));
}

function fingerprint(inputs) {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap(filesBelow))
    hash.update(file).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/**
 * Calls `make` unless it was done before with inputs of the same content and all its outputs still exist.
 * Returns "up to date", or what `make` returned.
 */
export async function once(name, inputs, outputs, make) {
  const stamp = join(paths.stamps, name);
  const before = fingerprint(inputs);
  if (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === before &&
    outputs.every((output) => existsSync(output))
  )
    return 'up to date';
  const remark = await make();
  mkdirSync(paths.stamps, { recursive: true });
  writeFileSync(stamp, before);
  return remark;
}

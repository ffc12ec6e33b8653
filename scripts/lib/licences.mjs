// The notices of the work of others in what is built: of the packages in a bundle, and of what the compiler puts into the wasm.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { paths } from './paths.mjs';

const toolchain = fileURLToPath(new URL('../licences', import.meta.url));

/** The packages that these files come from, by their paths. */
export function packagesOf(files) {
  const found = [...files].map(
    (file) => /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file.split('?')[0])?.[1],
  );
  return [...new Set(found.filter(Boolean))].map((name) => name.replace('\\', '/')).sort();
}

/** The notice of an installed package. One without a licence's text may not be bundled. */
function noticeOf(name) {
  const folder = join(paths.modules, name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[sc]e(\.|$)/i.test(entry));
  if (file === undefined) throw new Error(`${name} ${version}: no licence's text in the package`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}`;
}

const rule = '\n\n----\n\n';

/** Of the package: its bundles, the wasm and its glue. */
export function packageNotices(files) {
  const compiled = readdirSync(toolchain).map((name) =>
    readFileSync(join(toolchain, name), 'utf8').trim(),
  );
  return `${[...packagesOf(files).map(noticeOf), ...compiled].join(rule)}\n`;
}

/** Of the page: its own bundle, and the package that it comes with. */
export function pageNotices(files) {
  const own = join(paths.dist, 'LICENSES.txt');
  const ofPackage = existsSync(own) ? readFileSync(own, 'utf8').trim() : '';
  return `${[...packagesOf(files).map(noticeOf), ofPackage].join(rule)}\n`;
}

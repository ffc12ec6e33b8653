// A Vite plugin: the page and its workers import one copy of the built package, ../dist, instead of each bundling its own. Its
// files lie in a folder named after their contents, and the page asks for them while its own script is on the way.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const entries: Readonly<Record<string, string>> = {
  'attention-lab': 'index.js',
  'attention-lab/worker': 'worker.js',
};

/** What the package imports only where its wasm or its worker's script cannot be fetched: copies of both. */
const packed = /^unpack-/;

/** `dist`: the built package. One plugin for the page, one for what it runs in workers; and which files are copies of others. */
export function sharedPackage(dist: string): {
  page: Plugin;
  worker: Plugin;
  isPacked: (file: string) => boolean;
} {
  const read = (name: string) => readFileSync(join(dist, name), 'utf8');
  const importsOf = (name: string): string[] =>
    [...read(name).matchAll(/(?:from|import)\s*\(?\s*"\.\/([\w-]+\.js)"/g)].map(
      ([, next]) => next!,
    );
  /** A script and all it imports, now or later; without the packed copies. */
  const closure = (name: string, found = new Set<string>()): Set<string> => {
    if (found.has(name)) return found;
    found.add(name);
    for (const next of importsOf(name)) if (!packed.test(next)) closure(next, found);
    return found;
  };
  const scripts = new Set([
    ...closure('index.js'),
    ...closure('worker.js'),
    ...closure('worker-entry.js'),
  ]);
  const copies = new Set(
    [...scripts]
      .flatMap(importsOf)
      .filter((name) => packed.test(name))
      .flatMap((name) => [...closure(name)])
      .filter((name) => !scripts.has(name)),
  );
  const files = [
    ...scripts,
    ...copies,
    ...readdirSync(join(dist, 'wasm')).map((name) => `wasm/${name}`),
  ].sort();
  const hash = createHash('sha256');
  for (const name of files) hash.update(name).update(readFileSync(join(dist, name)));
  const folder = `attention-lab-${hash.digest('hex').slice(0, 8)}`;

  const worker: Plugin = {
    name: 'shared-package',
    apply: 'build',
    enforce: 'pre',
    resolveId: (source) =>
      entries[source] ? { id: `./${folder}/${entries[source]}`, external: true } : null,
  };
  const page: Plugin = {
    ...worker,
    generateBundle() {
      for (const name of files)
        this.emitFile({
          type: 'asset',
          fileName: `assets/${folder}/${name}`,
          source: readFileSync(join(dist, name)),
        });
    },
    transformIndexHtml: () =>
      [...closure('index.js')].map((name) => ({
        tag: 'link',
        attrs: { rel: 'modulepreload', href: `./assets/${folder}/${name}` },
        injectTo: 'head' as const,
      })),
  };
  const isPacked = (file: string) =>
    file.startsWith(`assets/${folder}/`) && copies.has(file.slice(`assets/${folder}/`.length));
  return { page, worker, isPacked };
}

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

/** `dist`: the built package. One plugin for the page, one for what it runs in workers. */
export function sharedPackage(dist: string): { page: Plugin; worker: Plugin } {
  const read = (name: string) => readFileSync(join(dist, name), 'utf8');
  /** A script and all it imports, now or later. */
  const closure = (name: string, found = new Set<string>()): Set<string> => {
    if (found.has(name)) return found;
    found.add(name);
    for (const [, next] of read(name).matchAll(/(?:from|import)\s*\(?\s*"\.\/([\w-]+\.js)"/g))
      closure(next!, found);
    return found;
  };
  const scripts = new Set([
    ...closure('index.js'),
    ...closure('worker.js'),
    ...closure('worker-entry.js'),
  ]);
  const files = [
    ...scripts,
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
  return { page, worker };
}

// A Vite plugin: writes sw.js with the list of the built files and a version that is the hash of their contents.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, resolve } from 'node:path';
import type { Plugin } from 'vite';

/** What every visit needs. Wasm and models are kept as they are used: only one wasm variant ever is. */
const isShell = (file: string) => /\.(html|js|css|svg)$/.test(file);

export function offline(): Plugin {
  let folder = '';
  const shell: string[] = [];
  const version = createHash('sha256');
  return {
    name: 'offline',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    writeBundle(_, bundle) {
      for (const [file, output] of Object.entries(bundle).sort(([a], [b]) => (a < b ? -1 : 1))) {
        version.update(file).update(output.type === 'chunk' ? output.code : output.source);
        if (isShell(file)) shell.push(file);
      }
      const template = readFileSync(fileURLToPath(new URL('./src/sw.js', import.meta.url)), 'utf8');
      const code = template
        .replace('__VERSION__', JSON.stringify(version.digest('hex').slice(0, 12)))
        .replace('__SHELL__', JSON.stringify(['./', ...shell]));
      writeFileSync(join(folder, 'sw.js'), code);
    },
  };
}

// A Vite plugin: writes sw.js with the lists of the built files and a version that is the hash of their contents.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, resolve } from 'node:path';
import type { Plugin } from 'vite';

/** What is kept before it is used. Of the wasm the page's own thread runs the baseline, and workers want the rest of the other variant. */
const isKept = (file: string) => /\.(html|js|css|svg|wasm)$/.test(file);
/** Of a shipped model: what the page reads of it; of the recurrent network Learn says how often it is right. */
const isOfModel = (file: string) =>
  /^models\/[^/]+\/[^/]+\.(json|safetensors)$/.test(file) &&
  (!file.endsWith('/evaluation.json') || file.startsWith('models/recurrent/'));

/** `isLeftOut`: files that no visit needs beforehand. */
export function offline(isLeftOut: (file: string) => boolean): Plugin {
  let folder = '';
  let publicFolder = '';
  const shell: string[] = [];
  const rest: string[] = [];
  const version = createHash('sha256');
  return {
    name: 'offline',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
      publicFolder = config.publicDir;
    },
    writeBundle(_, bundle) {
      // What every visit needs: the page, the script that it begins with and what that imports. The rest belongs to parts not yet opened.
      const needed = new Set<string>(['index.html']);
      const need = (file: string) => {
        const chunk = bundle[file];
        if (needed.has(file) || chunk?.type !== 'chunk') return;
        needed.add(file);
        chunk.viteMetadata?.importedCss?.forEach((css) => needed.add(css));
        chunk.imports.forEach(need);
      };
      for (const [file, output] of Object.entries(bundle))
        if (output.type === 'chunk' && output.isEntry) need(file);
      for (const [file, output] of Object.entries(bundle).sort(([a], [b]) => (a < b ? -1 : 1))) {
        version.update(file).update(output.type === 'chunk' ? output.code : output.source);
        if (isKept(file) && !isLeftOut(file)) (needed.has(file) ? shell : rest).push(file);
      }
      for (const file of filesIn(publicFolder)) {
        version.update(file).update(readFileSync(join(publicFolder, file)));
        if (isKept(file) || isOfModel(file)) rest.push(file);
      }
      const template = readFileSync(fileURLToPath(new URL('./src/sw.js', import.meta.url)), 'utf8');
      const code = template
        .replace('__VERSION__', JSON.stringify(version.digest('hex').slice(0, 12)))
        .replace('__SHELL__', JSON.stringify(['./', ...shell]))
        .replace('__REST__', JSON.stringify(rest));
      writeFileSync(join(folder, 'sw.js'), code);
    },
  };
}

/** Paths below a folder, with slashes, sorted. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();

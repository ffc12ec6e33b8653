// The page's lessons in Node: TypeScript bundled by esbuild, the package left out of the bundle.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { paths } from './paths.mjs';

const general = ['index', 'training', 'answers', 'held-out', 'lesson', 'folder', 'finishing'];
const coreference = ['clauses', 'families', 'heads', 'sentence', 'tokenizer'].map(
  (name) => `coreference/${name}`,
);

/** What these files of web/src/lessons export. */
export async function loadLessons() {
  const folder = join(paths.root, 'web', 'src', 'lessons');
  const outfile = join(paths.build, `lessons-${process.pid}.mjs`); // tests run at the same time
  const contents = [...general, ...coreference]
    .map((name) => `export * from './${name}.ts';`)
    .join('\n');
  await build({
    stdin: { contents, resolveDir: folder, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    external: ['attention-lab'],
    logLevel: 'silent',
  });
  try {
    return await import(pathToFileURL(outfile));
  } finally {
    const { rm } = await import('node:fs/promises');
    await rm(outfile);
  }
}

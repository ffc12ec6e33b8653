// Imports a TypeScript file of the page, bundled, so that any Node can test what is pure in it.
import { join } from 'node:path';
import { build } from 'esbuild';
import { paths } from '../../scripts/lib/paths.mjs';

export async function importPage(file) {
  const { outputFiles } = await build({
    entryPoints: [join(paths.root, 'web', 'src', file)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
  });
  return import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
}

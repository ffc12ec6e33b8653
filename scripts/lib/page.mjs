// Builds the page of web/ on top of dist/.
import { join } from 'node:path';
import { paths } from './paths.mjs';
import { run } from './run.mjs';
import { once } from './stamp.mjs';

export const buildPage = () =>
  once(
    'page',
    [
      ...[
        'index.html',
        'src',
        'public',
        'vite.config.ts',
        'svelte.config.js',
        'licences.ts',
        'offline.ts',
        'package.ts',
        'policy.ts',
        'preload.ts',
        'social.ts',
      ].map((name) => join(paths.root, 'web', name)),
      join(paths.root, 'scripts', 'lib', 'policy.mjs'),
      paths.dist,
      join(paths.root, 'package-lock.json'),
    ],
    [join(paths.page, 'index.html')],
    async () => {
      await run(
        [
          process.execPath,
          join(paths.modules, 'vite', 'bin', 'vite.js'),
          'build',
          'web',
          '--logLevel',
          'warn',
        ],
        { log: 'page' },
      );
    },
  );

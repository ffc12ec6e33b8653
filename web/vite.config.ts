// How the page is built: Svelte, the package as built in ../dist, and an offline worker made of the bundle's own file list.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { licences } from './licences.ts';
import { offline } from './offline.ts';
import { sharedPackage } from './package.ts';
import { policy } from './policy.ts';
import { preload } from './preload.ts';
import { social } from './social.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { page, worker, isPacked } = sharedPackage(here('../dist'));

export default defineConfig(({ command }) => ({
  root: here('.'),
  base: './',
  // The development server reads the package as it lies in ../dist.
  resolve:
    command === 'build'
      ? {}
      : {
          alias: [
            { find: /^attention-lab$/, replacement: here('../dist/index.js') },
            { find: /^attention-lab\/worker$/, replacement: here('../dist/worker.js') },
          ],
        },
  // The wasm and the workers stay files of their own: a data: or blob: URL would break under a strict CSP.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  worker: { format: 'es', plugins: () => [worker] },
  server: { fs: { allow: [here('..')] } },
  plugins: [page, svelte(), preload(), policy(), social(), licences(), offline(isPacked)],
}));

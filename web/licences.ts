// A Vite plugin: LICENSES.txt beside the page, with the notice of every package whose code is in it.
import type { Plugin } from 'vite';
import { pageNotices } from '../scripts/lib/licences.mjs';

export function licences(): Plugin {
  const files = new Set<string>();
  return {
    name: 'licences',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle))
        if (chunk.type === 'chunk') for (const id of chunk.moduleIds) files.add(id);
      this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: pageNotices(files) });
    },
  };
}

// A Vite plugin: the page carries its Content-Security-Policy itself, so that it holds on any static host.
import type { Plugin } from 'vite';
import { contentSecurityPolicy } from '../scripts/lib/policy.mjs';

/** Not in development, whose server injects scripts of its own. Who may frame the page is the host's choice: a <meta> cannot say it. */
export function policy(): Plugin {
  return {
    name: 'policy',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: () => [
        {
          tag: 'meta',
          attrs: { 'http-equiv': 'Content-Security-Policy', content: contentSecurityPolicy },
          injectTo: 'head-prepend',
        },
      ],
    },
  };
}

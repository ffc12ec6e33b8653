// A Vite plugin: the page runs public/preload.js, a file of its own under a strict policy, before the scripts of the bundle.
import type { Plugin } from 'vite';

export const preload = (): Plugin => ({
  name: 'preload',
  transformIndexHtml: {
    order: 'post',
    handler: () => [
      { tag: 'script', attrs: { src: './preload.js', async: true }, injectTo: 'head-prepend' },
    ],
  },
});

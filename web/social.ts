// A Vite plugin: what a link to the page shows where it is posted. Crawlers want whole addresses: PAGE_URL says where the page is served.
import type { Plugin } from 'vite';

const title = 'Attention Lab: see what a transformer attends to, and train one';
const description =
  'A real transformer in your browser: see its attention form while it trains, switch heads off, and follow every number. Nothing leaves the page.';
/** Taken by scripts/screenshots.mjs. */
const picture = { file: 'social.png', width: 1200, height: 630 };

export function social(): Plugin {
  const address = process.env['PAGE_URL'];
  const at = (path: string) => (address ? new URL(path, address).href : `./${path}`);
  const properties: Record<string, string> = {
    'og:type': 'website',
    'og:title': title,
    'og:description': description,
    'og:image': at(picture.file),
    'og:image:width': String(picture.width),
    'og:image:height': String(picture.height),
    'og:image:alt':
      'The attention of a head that has learned to reverse a word, beside the falling loss.',
    ...(address && { 'og:url': address }),
  };
  return {
    name: 'social',
    transformIndexHtml: () => [
      ...Object.entries(properties).map(([property, content]) => ({
        tag: 'meta',
        attrs: { property, content },
        injectTo: 'head' as const,
      })),
      {
        tag: 'meta',
        attrs: { name: 'twitter:card', content: 'summary_large_image' },
        injectTo: 'head' as const,
      },
    ],
  };
}

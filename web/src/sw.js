// The service worker: keeps what this visit used, so that the page opens without a network. Filled in by ../offline.ts.
const version = __VERSION__;
/** What every visit needs, and what is needed by parts of the page that this visit may not have opened. */
const shell = __SHELL__;
const rest = __REST__;
const cacheName = `attention-lab-${version}`;

/** Files with a content hash in their name, or in their folder's, never change: no need to ask the network again. */
const isHashed = (url) => /\/assets\/[\w-]+-[\w-]{8}[./]/.test(new URL(url).pathname);

const addresses = (files) => files.map((file) => new URL(file, self.registration.scope).href);

async function keep(urls) {
  const cache = await caches.open(cacheName);
  await Promise.all(
    urls.map(async (url) => {
      if (await cache.match(url)) return;
      // The page has just fetched it: from the browser's own cache, no second download.
      const response = await fetch(url, { cache: 'force-cache' });
      if (response.ok) await cache.put(url, response);
    }),
  );
}

self.addEventListener('install', (event) => {
  event.waitUntil(keep(addresses(shell)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const old = (name) => name.startsWith('attention-lab-') && name !== cacheName;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('message', (event) => {
  const { keep: used, keepRest } = event.data ?? {};
  if (used) event.waitUntil(keep(used).then(() => keepRest && keep(addresses(rest))));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  event.respondWith(
    (async () => {
      const cache = await caches.open(cacheName);
      const kept = await cache.match(request, { ignoreSearch: request.mode === 'navigate' });
      if (kept && isHashed(request.url)) return kept;
      try {
        const response = await fetch(request);
        if (response.status === 200) await cache.put(request, response.clone());
        return response;
      } catch (error) {
        if (kept) return kept;
        throw error;
      }
    })(),
  );
});

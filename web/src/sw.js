// The service worker: keeps the page and its models, so that it opens without a network. Filled in by ../offline.ts.
const version = __VERSION__;
/** What every visit needs, and what is needed by parts of the page that this visit may not have opened, its models included. */
const shell = __SHELL__;
const rest = __REST__;

/** One cache for each version of the page. Another page of this origin has another scope; downloaded models are the package's. */
const own = `attention-lab-page ${new URL(self.registration.scope).pathname} `;
const cacheName = own + version;
/** What earlier versions of the page called theirs. */
const isOldName = (name) => /^attention-lab-[0-9a-f]{12}$/.test(name);

/** Files with a content hash in their name, or in their folder's, never change: no need to ask the network again. */
const isHashed = (url) => /\/assets\/[\w-]+-[\w-]{8}[./]/.test(new URL(url).pathname);

const addresses = (files) => files.map((file) => new URL(file, self.registration.scope).href);

/** A full disk keeps nothing new: the page then needs the network, and works. */
async function put(request, response) {
  try {
    await (await caches.open(cacheName)).put(request, response);
  } catch {
    // no room, or the body broke off: whoever asked has their own copy of the response
  }
}

/** Of one version alone: what is not hashed may differ between two. */
async function kept(request, options) {
  try {
    return await caches.match(request, { ...options, cacheName });
  } catch {
    return undefined; // storage that the browser refuses
  }
}

/** Of whichever version: what is hashed is the same in all. */
async function keptByAny(request) {
  try {
    return await caches.match(request);
  } catch {
    return undefined;
  }
}

async function keep(urls) {
  await Promise.all(
    urls.map(async (url) => {
      if (await kept(url)) return;
      // The page may just have fetched it: from the browser's own cache where the name says the content, else asked whether it is the same.
      const response = await fetch(url, { cache: isHashed(url) ? 'force-cache' : 'no-cache' });
      if (response.ok) await put(url, response);
    }),
  );
}

// A new version waits until no tab of the one before it is open: none loses its files, or a worker that is just being started.
self.addEventListener('install', (event) => {
  event.waitUntil(keep(addresses(shell)));
});

async function dropOthers() {
  const names = (await caches.keys()).filter((name) => name.startsWith(own) || isOldName(name));
  await Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name)));
}

self.addEventListener('activate', (event) => {
  event.waitUntil(
    dropOthers()
      .catch(() => undefined)
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('message', (event) => {
  const { keep: used, keepRest } = event.data ?? {};
  if (!used) return;
  // One file that cannot be fetched now must not keep the others from it.
  const each = (urls) => Promise.allSettled(urls.map((url) => keep([url])));
  event.waitUntil(each(used).then(() => keepRest && each(addresses(rest))));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  event.respondWith(
    (async () => {
      if (isHashed(request.url)) {
        const same = await keptByAny(request.url);
        if (same) return same;
      }
      const last = () => kept(request, { ignoreSearch: request.mode === 'navigate' });
      try {
        const response = await fetch(request);
        // A host that is out of order is as good as none.
        if (response.status >= 500) return (await last()) ?? response;
        if (response.status === 200) event.waitUntil(put(request, response.clone()));
        return response;
      } catch (error) {
        const found = await last();
        if (found) return found;
        throw error;
      }
    })(),
  );
});

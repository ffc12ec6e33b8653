// Registers the service worker and tells it which files this visit used.

/** A reader who saves data keeps what was used, and no more. */
const savesData = (): boolean =>
  (navigator as { connection?: { saveData?: boolean } }).connection?.saveData ?? false;

/** Lets the page paint first. */
const idle = (): Promise<unknown> =>
  new Promise((resolve) =>
    'requestIdleCallback' in window
      ? requestIdleCallback(resolve, { timeout: 3000 })
      : setTimeout(resolve, 500),
  );

/** To be called once everything that a visit needs has been fetched. */
export async function keepForOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  try {
    await idle();
    await navigator.serviceWorker.register('./sw.js');
    const { active, waiting } = await navigator.serviceWorker.ready;
    const folder = new URL('.', document.baseURI).href;
    const own = performance
      .getEntriesByType('resource')
      .map((entry) => entry.name)
      .filter((name) => name.startsWith(folder) && !name.endsWith('/sw.js'));
    // A new version that waits for its turn keeps its own.
    for (const worker of [active, waiting])
      worker?.postMessage({ keep: own, keepRest: !savesData() });
  } catch {
    // Private windows and plain http refuse service workers: the page works, it only needs the network next time.
  }
}

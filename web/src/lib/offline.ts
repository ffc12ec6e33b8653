// Registers the service worker and tells it which files this visit used.

export function keepForOffline(): void {
  if (!('serviceWorker' in navigator)) return;
  window.addEventListener('load', async () => {
    try {
      await navigator.serviceWorker.register('./sw.js');
      const { active } = await navigator.serviceWorker.ready;
      const own = performance
        .getEntriesByType('resource')
        .map((entry) => entry.name)
        .filter((name) => name.startsWith(new URL('.', location.href).href) && !name.endsWith('/sw.js'));
      active?.postMessage({ keep: own });
    } catch {
      // Private windows and plain http refuse service workers: the page works, it only needs the network next time.
    }
  });
}

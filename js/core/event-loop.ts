// Lets the event loop run between two pieces of work, with less delay than a timer.

/** Handles the messages that have arrived, an abort among them, and lets a page paint. */
export function yieldToEventLoop(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

// A turn of the event loop, shorter than a timer's.

/** Lets messages in that have arrived, an abort among them, and a page paint. */
export function oneTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

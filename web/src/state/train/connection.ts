// The page's way to the host of its training run: a worker, or this thread where the browser refuses workers, as in a sandboxed frame.
import type { Report, Request } from './protocol.ts';

export interface Connection {
  send(request: Request): void;
}

/** `onfailure`: the worker could not be started, or broke off. */
export function connect(
  onreport: (report: Report) => void,
  onfailure: (message: string) => void,
): Connection {
  try {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<Report>) => onreport(data);
    worker.onerror = ({ message }) => onfailure(message);
    return { send: (request) => worker.postMessage(request) };
  } catch {
    return inThisThread(onreport, onfailure);
  }
}

/** Slower to the touch, for each step holds the page up; a run yields between two of them. */
function inThisThread(
  onreport: (report: Report) => void,
  onfailure: (message: string) => void,
): Connection {
  // A report comes when its request has returned, as from a worker.
  const host = import('./host.ts').then(({ createHost }) =>
    createHost((report) => queueMicrotask(() => onreport(report))),
  );
  host.catch((error: unknown) => onfailure(String(error)));
  return { send: (request) => void host.then((take) => take(request)).catch(() => undefined) };
}

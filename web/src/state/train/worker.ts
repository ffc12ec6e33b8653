// The page's training worker: on a thread of its own, so that the page never waits for a step.
import { createHost } from './host.ts';
import type { Report, Request } from './protocol.ts';

/** Of a worker's global scope, what is used here: the page's types are a window's. */
interface Scope {
  postMessage(message: Report, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Request>) => void): void;
}

const scope = globalThis as unknown as Scope;
const take = createHost((report, transfer) => scope.postMessage(report, transfer));
scope.addEventListener('message', ({ data }) => take(data));

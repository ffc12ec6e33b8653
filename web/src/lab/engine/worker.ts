// The worker of one model: it loads it, and answers what the page asks. Its end gives the memory back.
import { AttentionLabError, createRuntime } from 'attention-lab';
import { Host } from './host.ts';
import { interruptible, type Answer, type Request } from './protocol.ts';

/** Of a worker's global scope, what is used here: the page's types are a window's. */
interface Scope {
  postMessage(message: Answer, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Request>) => void): void;
}

const scope = globalThis as unknown as Scope;
let host: Host | null = null;
const running = new Map<number, AbortController>();

/** Buffers of tensors, wherever they are in a result: they are moved, not copied. */
function buffersIn(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (value instanceof Map) for (const each of value.values()) buffersIn(each, found);
  else if (Array.isArray(value)) {
    if (typeof value[0] === 'object') for (const each of value) buffersIn(each, found);
  } else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) buffersIn(each, found);
  return found;
}

async function answer(request: Exclude<Request, { type: 'abort' }>): Promise<Answer> {
  const { id } = request;
  const abort = new AbortController();
  running.set(id, abort);
  const call = {
    signal: abort.signal,
    onProgress: (value: unknown) => scope.postMessage({ id, type: 'progress', value }, []),
  };
  try {
    if (request.type === 'load') {
      const runtime = await createRuntime();
      host = new Host(await runtime.loadModel(request.source, { ...request.options, ...call }));
      return { id, type: 'loaded', facts: host.facts };
    }
    const { method, args } = request;
    const target = host as unknown as Record<string, (...args: unknown[]) => unknown>;
    const all = interruptible.has(method) ? [...args, call] : args;
    return { id, type: 'result', value: await target[method]!(...all) };
  } catch (error) {
    return {
      id,
      type: 'error',
      code: error instanceof AttentionLabError ? error.code : 'unknown',
      message: error instanceof Error ? error.message : String(error),
    };
  } finally {
    running.delete(id);
  }
}

scope.addEventListener('message', ({ data: request }) => {
  if (request.type === 'abort') running.get(request.id)?.abort();
  else
    void answer(request).then((reply) =>
      scope.postMessage(reply, reply.type === 'result' ? [...buffersIn(reply.value)] : []),
    );
});

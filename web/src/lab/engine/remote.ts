// A model in a worker as the page sees it: every answer is a promise. Knows no view.
import { AttentionLabError } from 'attention-lab';
import type { ErrorCode, LoadOptions, ModelSource, SweepCall } from 'attention-lab';
import type { Backend } from './backend.ts';
import type { HostFacts } from './host.ts';
import { interruptible, methods, type Answer, type Method } from './protocol.ts';

interface Call {
  signal?: AbortSignal | undefined;
  onProgress?: ((value: never) => void) | undefined;
}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  onProgress: Call['onProgress'];
}

class Connection {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  readonly #pending = new Map<number, Pending>();
  #next = 1;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#receive(data);
    this.#worker.onerror = ({ message }) =>
      this.end(new AttentionLabError('internal', `the model's worker failed: ${message}`));
  }

  send<T>(request: object, { signal, onProgress }: Call = {}): Promise<T> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject, onProgress });
      signal?.addEventListener('abort', () => this.#worker.postMessage({ id, type: 'abort' }), {
        once: true,
      });
      this.#worker.postMessage({ id, ...request });
    });
  }

  #receive(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    if (!pending) return;
    if (answer.type === 'progress') return pending.onProgress?.(answer.value as never);
    this.#pending.delete(answer.id);
    if (answer.type === 'error')
      pending.reject(new AttentionLabError(answer.code as ErrorCode, answer.message));
    else pending.resolve(answer.type === 'loaded' ? answer.facts : answer.value);
  }

  end(error: AttentionLabError): void {
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

/** A worker of its own for each model: its end is what gives the memory back. */
export async function loadInWorker(
  source: ModelSource,
  { onProgress, signal, hub, ...options }: LoadOptions,
): Promise<Backend> {
  const connection = new Connection();
  const dispose = () =>
    connection.end(new AttentionLabError('disposed', 'the model was closed meanwhile'));
  try {
    const facts = await connection.send<HostFacts>(
      {
        type: 'load',
        source: sendable(source),
        options: { ...options, ...(hub !== undefined && { hub: String(hub) }) },
      },
      { signal, onProgress },
    );
    const call =
      (method: Method) =>
      (...args: unknown[]) => {
        const own =
          interruptible.has(method) && args.length > 1 ? (args.pop() as SweepCall) : undefined;
        return connection.send({ type: 'call', method, args }, own);
      };
    const calls = Object.fromEntries(methods.map((method) => [method, call(method)]));
    return {
      ...(calls as unknown as Omit<Backend, 'facts' | 'isRemote' | 'dispose'>),
      facts,
      isRemote: true,
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** A URL cannot be sent, nor can a list that belongs to an input element. */
function sendable(source: ModelSource): ModelSource {
  if (source instanceof URL) return source.href;
  return typeof source === 'string' || source instanceof Map
    ? source
    : Array.from(source as Iterable<File>);
}

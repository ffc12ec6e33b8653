// The page's side of the wire: sends calls, matches replies by id, and settles everything when the worker ends.
import type { Global } from '../core/global.js';
import { callAndWait } from '../core/callbacks.js';
import { AttentionLabError, checkAborted, fail, messageOf } from '../core/errors.js';
import { plainCopy } from '../core/plain.js';
import { checkCallback, checkKeys, checkSignal } from '../core/validation.js';
import type { Call, Created, Port, Reply } from './protocol.js';

export interface CallOptions {
  /** Rejects at once; a call that has not begun is dropped, a loading one stops, and a late result is thrown away. */
  signal?: Global<'AbortSignal'> | undefined;
}

/** A call that reports while it runs. */
export interface ReportingOptions extends CallOptions {
  onProgress?: Pending['onProgress'];
}

export interface WorkerPort extends Port {
  /** Calls back when the worker cannot go on. */
  onFailure(failed: (error: unknown) => void): void;
  /** Whether the process has to wait for the worker; only Node asks. */
  hold(waiting: boolean): void;
  terminate(): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: AttentionLabError): void;
  /** Takes what calls of its method report. */
  onProgress: ((progress: never) => unknown) | undefined;
  /** Settles when all that it was told has been taken. */
  reported: Promise<unknown>;
  failed: boolean;
}

const callKeys: ReadonlySet<string> = new Set<keyof ReportingOptions>(['signal', 'onProgress']);

export class Connection {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private ended: AttentionLabError | undefined;
  private readonly finalisers = new FinalizationRegistry<number>((object) => this.release(object));

  constructor(private readonly port: WorkerPort) {
    port.listen((message) => this.receive(message as Reply));
    port.onFailure((error) => {
      this.end(
        new AttentionLabError('worker_failed', `the worker failed: ${messageOf(error)}`, {
          cause: error,
        }),
      );
    });
  }

  async call(
    object: number,
    method: string,
    given: unknown[],
    options?: ReportingOptions,
  ): Promise<unknown> {
    if (this.ended) throw this.ended;
    const { signal, onProgress } = checkKeys('options', options, callKeys);
    checkAborted(checkSignal('signal', signal), method);
    checkCallback('onProgress', onProgress);
    const args = given.map((arg) => plainCopy(method, arg));
    const id = this.nextId++;
    const call: Call = { id, object, method, args, progress: onProgress !== undefined };
    try {
      this.port.post({ call }, []);
    } catch (error) {
      fail(
        'invalid_argument',
        `${method}: the arguments cannot be sent to a worker: ${messageOf(error)}`,
        error,
      );
    }
    this.port.hold(true);
    const abort = (): void => {
      this.port.post({ abort: id }, []);
      this.settle(id)?.reject(
        new AttentionLabError('aborted', `${method}: aborted by the caller`, {
          cause: signal?.reason,
        }),
      );
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise((resolve, reject) =>
        this.pending.set(id, {
          resolve,
          reject,
          onProgress,
          reported: Promise.resolve(),
          failed: false,
        }),
      );
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  private receive(reply: Reply): void {
    if ('progress' in reply) return this.report(reply.id, reply.progress as never);
    const pending = this.settle(reply.id);
    if ('error' in reply)
      pending?.reject(new AttentionLabError(reply.error.code, reply.error.message));
    else if (!pending)
      this.releaseCreated(reply.value); // aborted, and made all the same
    else
      void pending.reported.then(() => {
        if (pending.failed) this.releaseCreated(reply.value);
        else pending.resolve(reply.value);
      });
  }

  /** What the caller's function throws, at once or by a promise, stops the call and rejects it. */
  private report(id: number, progress: never): void {
    const pending = this.pending.get(id);
    if (!pending?.onProgress) return;
    const told = callAndWait(
      'the function that is told the progress',
      pending.onProgress,
      progress,
    );
    const done = told.catch((error: AttentionLabError) => {
      if (this.settle(id)) this.port.post({ abort: id }, []);
      pending.failed = true;
      pending.reject(error);
    });
    pending.reported = Promise.all([pending.reported, done]);
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    if (this.pending.size === 0) this.port.hold(false);
    return pending;
  }

  /** Releases the object when its proxy is collected; dispose() is the proper way. */
  adopt(proxy: object, object: number): void {
    this.finalisers.register(proxy, object, proxy);
  }

  release(object: number, proxy?: object): void {
    if (proxy) this.finalisers.unregister(proxy);
    if (!this.ended) this.port.post({ release: object }, []);
  }

  private releaseCreated(value: unknown): void {
    if (!isCreated(value)) return;
    this.release(value.object);
    for (const fact of Object.values(value.facts)) this.releaseCreated(fact);
  }

  end(reason: AttentionLabError): void {
    if (this.ended) return;
    this.ended = reason;
    this.port.terminate();
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(reason);
  }
}

function isCreated(value: unknown): value is Created {
  return typeof value === 'object' && value !== null && 'object' in value && 'facts' in value;
}

// The page's side of the wire: sends calls, matches replies by id, and settles everything when the worker ends.
import { callAndWait } from '../core/callbacks.js';
import { AttentionLabError, checkAborted, fail, messageOf } from '../core/errors.js';
import type { Crossing } from './crossing.js';
import type { Call, Changes, Description, Port, Reply } from './protocol.js';
import { createStop, type Stop } from './stop.js';

/** The object that is there from the start. */
export const runtimeObject = 0;

export interface WorkerPort extends Port {
  /** Calls back when the worker cannot go on. */
  onFailure(failed: (error: unknown) => void): void;
  /** Whether the process has to wait for the worker; only Node asks. */
  hold(waiting: boolean): void;
  terminate(): void;
}

/** A result that was sent, or an object that stays in the worker. */
export type Result = { value?: unknown; created?: Description };

interface Pending {
  resolve(result: Result): void;
  reject(error: AttentionLabError): void;
  callbacks: Crossing['callbacks'];
  stop: Stop | undefined;
  /** Settles when all that the callbacks were told has been taken. */
  reported: Promise<unknown>;
  failed: boolean;
}

export class Connection {
  private readonly pending = new Map<number, Pending>();
  /** The properties of the objects that the page holds on to, as of the last reply. */
  private readonly values = new Map<number, WeakRef<Record<string, unknown>>>();
  private readonly finalisers = new FinalizationRegistry<number>((object) => this.release(object));
  private nextId = 1;
  private ended: AttentionLabError | undefined;

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

  /** `named`: what errors call it. */
  async call(
    object: number,
    method: string,
    { args, callbacks, signals, aborts }: Crossing,
    named = method,
  ): Promise<Result> {
    if (this.ended) throw this.ended;
    for (const signal of aborts) checkAborted(signal, named);
    const id = this.nextId++;
    const places = callbacks.map(({ place }) => place);
    const stop = aborts.length + callbacks.length > 0 ? createStop() : undefined;
    const call: Call = { id, object, method, args, callbacks: places, signals, stop: stop?.flag };
    try {
      this.port.post({ call }, []);
    } catch (error) {
      stop?.release();
      fail(
        'invalid_argument',
        `${named}: the arguments cannot be sent to a worker: ${messageOf(error)}`,
        error,
      );
    }
    this.port.hold(true);
    const abort = ({ target }: Event): void => {
      this.stop(id)?.reject(
        new AttentionLabError('aborted', `${named}: aborted by the caller`, {
          cause: (target as AbortSignal).reason,
        }),
      );
    };
    for (const signal of aborts) signal.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        const reported = Promise.resolve();
        this.pending.set(id, { resolve, reject, callbacks, stop, reported, failed: false });
      });
    } finally {
      for (const signal of aborts) signal.removeEventListener('abort', abort);
    }
  }

  private receive(reply: Reply): void {
    if ('callback' in reply) return this.report(reply.id, reply.callback, reply.args);
    this.update(reply.changes);
    if (!('id' in reply)) return;
    const pending = this.settle(reply.id);
    if ('error' in reply) {
      pending?.reject(new AttentionLabError(reply.error.code, reply.error.message));
    } else if (pending) {
      void pending.reported.then(() => {
        if (pending.failed) this.releaseCreated(reply);
        else pending.resolve(reply);
      });
    } else this.releaseCreated(reply); // aborted, and made all the same
  }

  private update(changes: Changes): void {
    for (const [object, values] of changes)
      Object.assign(this.values.get(object)?.deref() ?? {}, values);
  }

  /** What the caller's function throws, at once or by a promise, stops the call and rejects it. */
  private report(id: number, index: number, args: unknown[]): void {
    const pending = this.pending.get(id);
    const told = pending?.callbacks[index];
    if (!pending || !told) return;
    const { place, callback } = told;
    const done = callAndWait(place[1], callback, ...args).catch((error: AttentionLabError) => {
      this.stop(id);
      pending.failed = true;
      pending.reject(error);
    });
    pending.reported = Promise.all([pending.reported, done]);
  }

  /** Has the worker end a call that nobody waits for any more. */
  private stop(id: number): Pending | undefined {
    this.pending.get(id)?.stop?.request();
    const pending = this.settle(id);
    if (pending) this.port.post({ abort: id }, []);
    return pending;
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    pending?.stop?.release();
    this.pending.delete(id);
    if (this.pending.size === 0) this.port.hold(false);
    return pending;
  }

  /**
   * Keeps the properties of an object up to date, and releases it when its counterpart on the page is collected; dispose() is the
   * proper way.
   */
  adopt(counterpart: object, object: number, values: Record<string, unknown>): void {
    this.values.set(object, new WeakRef(values));
    this.finalisers.register(counterpart, object, counterpart);
  }

  release(object: number, counterpart?: object): void {
    if (counterpart) this.finalisers.unregister(counterpart);
    this.values.delete(object);
    if (!this.ended) this.port.post({ release: object }, []);
  }

  private releaseCreated({ created }: Result): void {
    if (!created) return;
    this.release(created.object);
    for (const part of Object.values(created.parts)) this.releaseCreated({ created: part });
  }

  end(reason: AttentionLabError): void {
    if (this.ended) return;
    this.ended = reason;
    this.port.terminate();
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(reason);
  }
}

// The worker's side: runs calls on a real runtime one after the other and sends results and errors back.
import { AttentionLabError, messageOf } from '../core/errors.js';
import { yieldToEventLoop } from '../core/event-loop.js';
import type { RuntimeOptions } from '../core/runtime-types.js';
import type { Runtime } from '../runtime.js';
import { kindOf, membersOf, methodOf, type Members } from './members.js';
import {
  buffersOf,
  type Call,
  type Changes,
  type Description,
  type Message,
  type Port,
  type Reply,
  type SentFile,
} from './protocol.js';
import { stopRequested } from './stop.js';

/** An object that a page holds on to. */
interface Served {
  target: object;
  members: Members;
  /** Its properties as they were last told. */
  told: Map<string, unknown>;
}

const runtimeObject = 0;

export function serve(
  port: Port,
  createRuntime: (options: RuntimeOptions) => Promise<Runtime>,
): void {
  new Server(port, createRuntime);
}

class Server {
  private readonly objects = new Map<number, Served>();
  private readonly aborts = new Map<number, AbortController>();
  private readonly waiting: Call[] = [];
  private runtime: Runtime | undefined;
  private busy = false;
  private nextObject = runtimeObject;

  constructor(
    private readonly port: Port,
    private readonly createRuntime: (options: RuntimeOptions) => Promise<Runtime>,
  ) {
    port.listen((message) => this.receive(message as Message));
  }

  private receive(message: Message): void {
    if ('abort' in message) this.aborts.get(message.abort)?.abort();
    else if ('release' in message) this.release(message.release);
    else {
      this.aborts.set(message.call.id, new AbortController());
      this.waiting.push(message.call);
      this.schedule();
    }
  }

  /** A call starts in a task of its own, so that an abort which has arrived meanwhile comes before the call that it stops. */
  private schedule(): void {
    void yieldToEventLoop().then(() => this.next());
  }

  private async next(): Promise<void> {
    if (this.busy) return;
    const call = this.waiting.shift();
    if (!call) return;
    this.busy = true;
    try {
      await this.answer(call);
    } finally {
      this.busy = false;
      this.aborts.delete(call.id);
      if (this.waiting.length > 0) this.schedule();
    }
  }

  private async answer(call: Call): Promise<void> {
    const { id, object } = call;
    try {
      const { signal } = this.aborts.get(id)!;
      if (signal.aborted)
        throw new AttentionLabError('aborted', `${call.method}: aborted by the caller`);
      const value = await this.run(call, signal);
      const created = this.describe(value);
      const changes = this.changesOf(runtimeObject, object);
      if (created) this.post({ id, changes, created });
      else this.post({ id, changes, value }, [...buffersOf(value)]);
    } catch (error) {
      const code = error instanceof AttentionLabError ? error.code : 'internal';
      const changes = this.changesOf(runtimeObject, object);
      this.post({ id, changes, error: { code, message: messageOf(error) } });
    }
  }

  private post(reply: Reply, transfer: ArrayBuffer[] = []): void {
    this.port.post(reply, transfer);
  }

  private async run(call: Call, signal: AbortSignal): Promise<unknown> {
    const { object, method } = call;
    const args = this.received(call, signal);
    if (method === 'start')
      return (this.runtime = await this.createRuntime(args[0] as RuntimeOptions));
    const served = this.objects.get(object);
    if (!served) throw new AttentionLabError('disposed', `${method}: used after dispose()`);
    if (!Object.hasOwn(served.members.methods, method))
      throw new AttentionLabError('internal', `${method}: no method that a worker serves`);
    this.runtime?.interruptWhen(call.stop === undefined ? undefined : stopRequested(call.stop));
    try {
      return await Reflect.apply(methodOf(served.target, method), served.target, args);
    } finally {
      this.runtime?.interruptWhen(undefined);
    }
  }

  /** The arguments with what could not travel: the caller's functions, its signal and its files. */
  private received({ id, args, callbacks, signals }: Call, signal: AbortSignal): unknown[] {
    const received = args.map((arg) => (Array.isArray(arg) ? arg.map(withFile) : arg));
    const put = (argument: number, name: string, value: unknown): void => {
      (received[argument] as Record<string, unknown>)[name] = value;
    };
    callbacks.forEach(([argument, name], callback) =>
      put(argument, name, (...told: unknown[]) => this.post({ id, callback, args: told })),
    );
    for (const [argument, name] of signals) put(argument, name, signal);
    return received;
  }

  /** What a page is told of a result that stays here; undefined for one that is data. */
  private describe(
    value: unknown,
    described = new Map<unknown, Description>(),
  ): Description | undefined {
    const kind = isAsyncIterator(value) ? 'AsyncIterator' : kindOf(value);
    if (kind === undefined) return undefined;
    const known = described.get(value);
    if (known) return known;
    const target = value as object;
    const members: Members =
      kind === 'AsyncIterator'
        ? { methods: { next: { arity: 1, streams: false } }, properties: [] }
        : membersOf(target);
    const object = this.nextObject++;
    const description: Description = {
      object,
      kind,
      methods: members.methods,
      values: {},
      parts: {},
    };
    described.set(value, description);
    const told = new Map<string, unknown>();
    for (const name of members.properties) {
      const property: unknown = Reflect.get(target, name);
      const part = this.describe(property, described);
      if (part) description.parts[name] = part;
      else description.values[name] = property;
      told.set(name, property);
    }
    this.objects.set(object, { target, members, told });
    return description;
  }

  /** Properties of these objects that are not what a page was last told. */
  private changesOf(...objects: number[]): Changes {
    const changes: Changes = [];
    for (const object of new Set(objects)) {
      const served = this.objects.get(object);
      const changed = served ? changedValues(served) : {};
      if (Object.keys(changed).length > 0) changes.push([object, changed]);
    }
    return changes;
  }

  private release(object: number): void {
    const target = this.objects.get(object)?.target as
      { dispose?(): void; return?(): Promise<unknown> } | undefined;
    this.objects.delete(object);
    if (target && isAsyncIterator(target)) void target.return?.();
    else target?.dispose?.();
    const changes = this.changesOf(runtimeObject);
    if (changes.length > 0) this.post({ changes });
  }
}

function changedValues({ target, members, told }: Served): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const name of members.properties) {
    let value: unknown;
    try {
      value = Reflect.get(target, name);
    } catch {
      continue; // steps of a trainer whose model is gone
    }
    if (Object.is(value, told.get(name))) continue;
    told.set(name, value);
    changed[name] = value;
  }
  return changed;
}

function isAsyncIterator(value: unknown): value is AsyncGenerator {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** A File made anew: a copy of one loses its place in a folder and, in Node 20, its name. */
function withFile(item: SentFile | null): unknown {
  return item?.blob instanceof Blob ? new File([item.blob], item.path) : item;
}

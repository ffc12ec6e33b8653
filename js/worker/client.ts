// The runtime in a worker as a page sees it: the same calls, each a promise. Inputs are copied, results are moved.
import { AttentionLabError, fail } from '../core/errors.js';
import type { RuntimeOptions } from '../core/runtime-types.js';
import { withTensors } from '../core/tensor.js';
import { checkKeys } from '../core/validation.js';
import { Connection, runtimeObject, type WorkerPort } from './connection.js';
import { crossing, wasmForWorker } from './crossing.js';
import type { Description } from './protocol.js';
import type { WorkerRuntime } from './remote.js';

const startKeys = new Set(['variant', 'wasm', 'signal']);

/** A page's side of an object in the worker. */
interface Counterpart {
  /** A plain object with the members that the worker described. */
  face: object;
  /** Lets go of the object, and of its parts. */
  release(): void;
}

/**
 * The methods are closures and the object is no instance of anything: so it works behind a framework's proxy (Vue, MobX), and so do
 * methods that are taken out of it.
 */
function counterpartOf(
  connection: Connection,
  { object, kind, methods, values, parts }: Description,
  made = new Map<number, Counterpart>(),
): Counterpart {
  const face = {};
  let released = false;
  const define = (name: PropertyKey, property: PropertyDescriptor): void => {
    Object.defineProperty(face, name, { configurable: true, ...property });
  };
  const call = async (method: string, given: unknown[], arity: number): Promise<unknown> => {
    if (released) fail('disposed', `${method}: used after dispose()`);
    const reply = await connection.call(object, method, crossing(method, given, arity));
    return reply.created ? counterpartOf(connection, reply.created).face : withTensors(reply.value);
  };
  for (const [name, { arity, streams }] of Object.entries(methods)) {
    const value = streams
      ? (...given: unknown[]) => stream(connection, object, name, given, arity)
      : (...given: unknown[]) => call(name, given, arity);
    define(name, { value });
  }
  for (const name of Object.keys(values)) {
    const get = (): unknown => values[name];
    const set = (): never =>
      fail('invalid_argument', `${name}: expected no assignment to what lives in a worker`);
    define(name, { get, set, enumerable: true });
  }
  const own = Object.entries(parts).map(([name, part]) => {
    const counterpart = made.get(part.object) ?? counterpartOf(connection, part, made);
    made.set(part.object, counterpart);
    define(name, { value: counterpart.face, enumerable: true });
    return counterpart;
  });
  const release = (): void => {
    if (released) return;
    released = true;
    if ('disposed' in values) values['disposed'] = true;
    connection.release(object, face);
    for (const part of own) part.release();
  };
  if ('dispose' in methods || object === runtimeObject) {
    const dispose =
      object === runtimeObject
        ? () =>
            connection.end(
              new AttentionLabError('disposed', 'the worker runtime: used after dispose()'),
            )
        : release;
    define('dispose', { value: dispose });
    if (Symbol.dispose) define(Symbol.dispose, { value: dispose });
  }
  define(Symbol.toStringTag, { value: `Worker${kind}` });
  connection.adopt(face, object, values);
  return { face, release };
}

/** What an async iterator in the worker gives, one value after the other. Leaving the loop lets go of it. */
async function* stream(
  connection: Connection,
  object: number,
  method: string,
  given: unknown[],
  arity: number,
): AsyncGenerator {
  const { signals: _, ...sent } = crossing(method, given, arity);
  const { created } = await connection.call(object, method, { ...sent, signals: [] });
  try {
    for (;;) {
      const next = { args: [], callbacks: [], signals: [], aborts: sent.aborts };
      const { value: step } = await connection.call(created!.object, 'next', next, method);
      const { done, value } = withTensors(step) as IteratorResult<unknown>;
      if (done) return value;
      yield value;
    }
  } finally {
    connection.release(created!.object);
  }
}

export async function startWorkerRuntime(
  port: WorkerPort,
  given?: RuntimeOptions,
): Promise<WorkerRuntime> {
  const connection = new Connection(port);
  try {
    const options = checkKeys('options', given, startKeys);
    const wasm = await wasmForWorker(options.wasm);
    const sent = wasm === undefined ? options : { ...options, wasm };
    const { created } = await connection.call(runtimeObject, 'start', crossing('start', [sent], 1));
    return counterpartOf(connection, created!).face as WorkerRuntime;
  } catch (error) {
    connection.end(new AttentionLabError('disposed', 'the worker runtime did not start'));
    throw error;
  }
}

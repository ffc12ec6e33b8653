// The types of what lives in a worker: the classes of the main API, with promises where they have values. No code.
import type { Global } from '../core/global.js';
import type { AttentionLayer } from '../core/layer.js';
import type { Recurrent } from '../core/recurrent.js';
import type { Tokenizer } from '../core/text-types.js';
import type { Listing } from '../listings.js';
import type { Model } from '../model.js';
import type { Runtime } from '../runtime.js';
import type { Trainer } from '../training/trainer.js';

export interface CallOptions {
  /**
   * Rejects at once. The worker drops a call that has not begun, and ends one that loads or computes within some milliseconds: what
   * was loaded, weights and generations among it, is as before, and the next call has the worker for itself.
   */
  signal?: Global<'AbortSignal'> | undefined;
}

/** What stays in the worker, and is held on to by name. */
type Served = Runtime | Model | Trainer | AttentionLayer | Recurrent | Listing | Tokenizer;

type AnyFunction = (...args: never) => unknown;

/** A result, or a property, as it arrives. */
type Arrived<R> = R extends Served ? Remote<R> : R;

/** Options without those functions whose answer is wanted: only what reports (onProgress, onToken) crosses. */
type Sent<A> = A extends readonly unknown[] | AnyFunction ? A : WithoutAnswers<A>;
type WithoutAnswers<A> = AnsweringKeys<A> extends never ? A : { [K in keyof A]: Data<A[K]> };
type AnsweringKeys<A> = {
  [K in keyof A]-?: Data<A[K]> extends A[K] ? (A[K] extends Data<A[K]> ? never : K) : never;
}[keyof A];
/** Of a function or data: the data. */
type Data<V> = [Exclude<V, AnyFunction | undefined>] extends [never] ? V : Exclude<V, AnyFunction>;

type SentAll<A extends unknown[]> = { [K in keyof A]: Sent<A[K]> };

/** A method of one signature takes the call's options after its own arguments. */
type OneCall<A extends unknown[], R> =
  R extends AsyncGenerator<infer T, infer End, infer Next>
    ? (...args: SentAll<A>) => AsyncGenerator<T, End, Next>
    : (...args: [...sent: SentAll<A>, call?: CallOptions]) => Promise<Arrived<Awaited<R>>>;

/** TypeScript finds in one signature two that are equal, or one of unknowns and the real one. */
type RemoteMethod<F> = F extends {
  (...args: infer A1): infer R1;
  (...args: infer A2): infer R2;
}
  ? IsOne<[A1, R1], [A2, R2]> extends true
    ? OneCall<A2, R2>
    : {
        (...args: SentAll<A1>): Promise<Arrived<Awaited<R1>>>;
        (...args: SentAll<A2>): Promise<Arrived<Awaited<R2>>>;
      }
  : F extends (...args: infer A) => infer R
    ? OneCall<A, R>
    : never;
type IsOne<First extends [unknown[], unknown], Second> = unknown[] extends First[0]
  ? true
  : [First, Second] extends [Second, First]
    ? true
    : false;

/**
 * The same object in a worker: its methods are promises, its properties are as of the last reply and are not assigned. One that has
 * `dispose()` lives until then.
 */
export type Remote<T> = {
  readonly [K in keyof T]: K extends 'dispose' | typeof Symbol.dispose
    ? T[K]
    : T[K] extends AnyFunction
      ? RemoteMethod<T[K]>
      : Arrived<T[K]>;
};

export interface WorkerModel extends Remote<Model> {}
export interface WorkerTrainer extends Remote<Trainer> {}
export interface WorkerAttentionLayer extends Remote<AttentionLayer> {}
export interface WorkerRecurrent extends Remote<Recurrent> {}
export interface WorkerListing extends Remote<Listing> {}
export interface WorkerTokenizer extends Remote<Tokenizer> {}

/** A runtime in a worker of its own. dispose() ends the worker, which alone gives its memory back: pending calls reject with `disposed`. */
export interface WorkerRuntime extends Remote<Runtime> {}

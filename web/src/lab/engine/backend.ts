// A model wherever it runs: what the page asks of it is answered at once, or by a promise.
import type { Host, HostFacts } from './host.ts';
import type { Method } from './protocol.ts';

export type Awaitable<T> = T | Promise<T>;

type Answers<F> = F extends (...args: infer A) => infer R
  ? (...args: A) => Awaitable<Awaited<R>>
  : never;

/** The methods of `Host`. A model on the page's own thread answers all but sweeps and surveys at once. */
export type Backend = { [M in Method]: Answers<Host[M]> } & {
  readonly facts: HostFacts;
  /** Answers by promises. */
  readonly isRemote: boolean;
  dispose(): void;
};

export function local(host: Host): Backend {
  return {
    facts: host.facts,
    isRemote: false,
    encode: (...args) => host.encode(...args),
    tokenText: (id) => host.tokenText(id),
    decode: (...args) => host.decode(...args),
    preprocess: (picture) => host.preprocess(picture),
    forward: (...args) => host.forward(...args),
    sweep: (...args) => host.sweep(...args),
    write: (...args) => host.write(...args),
    embed: (texts) => host.embed(texts),
    parameter: (name) => host.parameter(name),
    survey: (...args) => host.survey(...args),
    dispose: () => host.dispose(),
  };
}

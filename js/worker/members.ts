// What a page may use of an object in the worker: the public members of its class, read off the prototype. Whatever is added to
// one of these classes is there for a page without another line.
import { AttentionLayer } from '../core/layer.js';
import { Recurrent } from '../core/recurrent.js';
import { Listing } from '../listings.js';
import { Model } from '../model.js';
import { Runtime } from '../runtime.js';
import { LoadedTokenizer } from '../tokenizers/tokenizer.js';
import { Trainer } from '../training/trainer.js';
import type { Method } from './protocol.js';

/** Classes whose objects stay in the worker. Everything else is sent as data. */
const kinds: readonly [new (...args: never) => object, string][] = [
  [Runtime, 'Runtime'],
  [Model, 'Model'],
  [Trainer, 'Trainer'],
  [AttentionLayer, 'AttentionLayer'],
  [Recurrent, 'Recurrent'],
  [Listing, 'Listing'],
  [LoadedTokenizer, 'Tokenizer'],
];

/** Members that are the package's own, `@internal` or protected: a test holds the rest against the declarations. */
const internal: ReadonlySet<string> = new Set([
  'constructor',
  'undefined', // [Symbol.dispose] of an engine without that symbol
  'handle',
  'activations',
  'initialise',
  'writeParameter',
  'matrices',
  'nativeOptions',
  'sentences',
  'origin',
  'generateYielding',
  'interruptWhen',
]);

export interface Members {
  methods: Record<string, Method>;
  /** Fields and getters. */
  properties: string[];
}

const AsyncGeneratorFunction = async function* () {}.constructor;

/** The name of its class, if its objects stay in the worker. */
export function kindOf(value: unknown): string | undefined {
  return kinds.find(([Kind]) => value instanceof Kind)?.[1];
}

export function membersOf(target: object): Members {
  const methods: Record<string, Method> = {};
  const properties = new Set(Object.keys(target));
  for (
    let level = Object.getPrototypeOf(target) as object;
    level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object
  ) {
    for (const [name, { value, get }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (get) properties.add(name);
      else if (typeof value === 'function' && !internal.has(name))
        methods[name] ??= {
          arity: value.length,
          streams: value instanceof AsyncGeneratorFunction,
        };
    }
  }
  return { methods, properties: [...properties].filter((name) => !internal.has(name)) };
}

/** The method itself or, where the class has one, its form that yields to the event loop, so that an abort arrives in between. */
export function methodOf(target: object, name: string): (...args: unknown[]) => unknown {
  return (Reflect.get(target, `${name}Yielding`) ?? Reflect.get(target, name)) as never;
}

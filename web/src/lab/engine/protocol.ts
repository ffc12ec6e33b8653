// What the page and the worker of one model say to each other. Plain data, no code.
import type { LoadOptions, ModelSource } from 'attention-lab';
import type { Host, HostFacts } from './host.ts';

/** What can be asked of a model in a worker: the methods of `Host` by name. */
export const methods = [
  'encode',
  'tokenText',
  'decode',
  'preprocess',
  'forward',
  'sweep',
  'write',
  'embed',
  'parameter',
  'survey',
] as const satisfies readonly (keyof Host)[];

export type Method = (typeof methods)[number];

/** Those whose last argument is a signal and what reports progress, made anew on the worker's side. */
export const interruptible: ReadonlySet<string> = new Set<Method>(['sweep', 'survey']);

export type Request =
  | {
      id: number;
      type: 'load';
      source: ModelSource;
      options: Omit<LoadOptions, 'onProgress' | 'signal'>;
    }
  | { id: number; type: 'call'; method: Method; args: unknown[] }
  | { id: number; type: 'abort' };

export type Answer =
  | { id: number; type: 'loaded'; facts: HostFacts }
  | { id: number; type: 'result'; value: unknown }
  | { id: number; type: 'progress'; value: unknown }
  | { id: number; type: 'error'; code: string; message: string };

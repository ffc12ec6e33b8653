// What crosses into a worker, and how: the one list for all methods. Plain data is copied; here are the things that are not plain.
import { trimmedSweep } from '../analysis/sweep-spec.js';
import { isExplicit, isHubId } from '../checkpoints/hub-id.js';
import { fail } from '../core/errors.js';
import { trimmedIntervention } from '../core/interventions.js';
import { entriesOf, plainNumbers, reading } from '../core/plain.js';
import type { RuntimeOptions } from '../core/runtime-types.js';
import { checkKeys, checkSignal } from '../core/validation.js';
import { pixelsOf } from '../pictures/pixels.js';
import type { Picture } from '../pictures/types.js';
import type { OptionPlace, SentFile } from './protocol.js';

/** The arguments of a call, and what of them stays on this side. */
export interface Crossing {
  args: unknown[];
  callbacks: { place: OptionPlace; callback: (...args: unknown[]) => unknown }[];
  signals: OptionPlace[];
  /** All that may abort the call. */
  aborts: AbortSignal[];
}

const callKeys = new Set(['signal']);

/** Arguments of a method that declares `arity` parameters. One more are the call's own options. */
export function crossing(method: string, given: readonly unknown[], arity: number): Crossing {
  const copied = given.slice(0, arity).map((arg) => copyOf(method, arg));
  const { signal } = checkKeys('options', given[arity] as { signal?: unknown }, callKeys);
  const result: Crossing = { args: copied, callbacks: [], signals: [], aborts: [] };
  const own = checkSignal('signal', signal);
  if (own) result.aborts.push(own);
  copied.forEach((arg, argument) => {
    if (!isObject(arg)) return;
    for (const [name, value] of Object.entries(arg)) {
      const place: OptionPlace = [argument, name];
      if (typeof value === 'function' && /^on[A-Z]/.test(name))
        result.callbacks.push({ place, callback: value as never });
      else if (name === 'signal' && value !== undefined) {
        result.aborts.push(checkSignal('signal', value)!);
        result.signals.push(place);
      } else continue;
      delete arg[name];
    }
  });
  if (method === 'loadModel') result.args[0] = addressOnPage(copied[0], copied[1]);
  return result;
}

const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

const isObject = (value: unknown): value is Record<string, unknown> => tagOf(value) === 'Object';

/** Deeper than anything that a call takes. */
const deepest = 16;

/** What a canvas can draw: it stays on the page, and its pixels are sent. */
const drawable =
  /^(HTMLImageElement|SVGImageElement|HTMLVideoElement|HTMLCanvasElement|OffscreenCanvas|ImageBitmap|VideoFrame)$/;

/** A copy with nothing of the caller's own: proxies of arrays and objects as plain ones; buffers, blobs and the like as they are. */
function copyOf(name: string, value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // A view would take all that it is a view of along.
  const view = plainNumbers(value);
  if (view) return view.byteLength < view.buffer.byteLength ? view.slice() : view;
  if (depth > deepest)
    fail('invalid_argument', `${name}: expected plain data, got a deeper object`);
  const inside = (item: unknown): unknown => copyOf(name, item, depth + 1);
  return reading(name, () => {
    if (Array.isArray(value)) return entriesOf(name, value as unknown[]).map(inside);
    const tag = tagOf(value);
    if (drawable.test(tag)) return pixelsOf(name, value as Picture);
    switch (tag) {
      case 'Map':
        return new Map(
          [...(value as Map<unknown, unknown>)].map(([key, item]) => [key, inside(item)]),
        );
      case 'Object': {
        const trimmed = trimmedSweep(trimmedIntervention(value)) as Record<string, unknown>;
        return Object.fromEntries(Object.keys(trimmed).map((key) => [key, inside(trimmed[key])]));
      }
      case 'URL':
        return (value as URL).href;
      case 'FileList':
        return Array.from(value as FileList, inside);
      case 'File': {
        const file = value as File;
        return { blob: file, path: file.webkitRelativePath || file.name } satisfies SentFile;
      }
      default:
        return value;
    }
  });
}

/** The page's address; undefined in Node. */
const base = (): string | undefined => globalThis.document?.baseURI ?? globalThis.location?.href;

/** A relative address is the page's, not the worker's. Node's paths stay as they are. */
function absolute(address: string): string {
  try {
    return base() === undefined ? address : new URL(address, base()).href;
  } catch {
    return address; // the worker says what is wrong with it
  }
}

/** Where a model is: a hub id may be a folder of the page instead. */
function addressOnPage(source: unknown, options: unknown): unknown {
  if (typeof source !== 'string') return source;
  if (!isHubId(source)) return absolute(source);
  const isOnHub = isObject(options) && isExplicit(options);
  return isOnHub || base() === undefined ? source : { id: source, folder: absolute(source) };
}

/** A response cannot be sent: its bytes are. */
export async function wasmForWorker(wasm: RuntimeOptions['wasm']): Promise<RuntimeOptions['wasm']> {
  if (typeof wasm === 'string') return absolute(wasm);
  if (typeof Response !== 'undefined' && wasm instanceof Response) return wasm.arrayBuffer();
  return wasm;
}

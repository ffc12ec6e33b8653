// Where checkpoints come from, how loading is watched, and how models are saved. No code.
import type { WeightDtype } from '../core/dtype.js';
import type { Global } from '../core/global.js';

export interface Progress {
  file: string;
  loaded: number; // bytes
  total: number | undefined; // bytes, where the server says
}

/** Where a hub id 'org/name' is looked up. With any of these an id means a hub, else a folder of that name comes first. */
export interface HubOptions {
  /** A branch, tag or commit. Default 'main'. */
  revision?: string | undefined;
  /** The hub's address. Default 'https://huggingface.co'. */
  hub?: string | Global<'URL'> | undefined;
  /** Of an account that may read the repository. Sent to the hub, kept nowhere. */
  token?: string | undefined;
  /** Node only: where downloads are kept. Default $XDG_CACHE_HOME/attention-lab/hub, or the same below ~/.cache. */
  cacheDir?: string | undefined;
}

/** What is kept of a repository's revision. */
export interface CachedModel {
  hub: string;
  repo: string;
  revision: string;
  bytes: number;
  /** Whether no file of it was left off in the middle. */
  complete: boolean;
}

export interface CacheOptions {
  /** Node only, as of HubOptions. */
  cacheDir?: string | undefined;
}

export interface ClearCacheOptions extends CacheOptions {
  /** Only this repository. */
  repo?: string | undefined;
}

export interface LoadOptions extends HubOptions {
  /** How the model keeps its matrices, whatever the file has. Default f32, and int8 for a folder saved as that. */
  dtype?: WeightDtype | undefined;
  /** 'none': the body alone, without the checkpoint's head; `save` gives the head back. */
  head?: 'none' | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: Global<'AbortSignal'> | undefined;
}

/** A folder URL, a hub id 'org/name', or (in Node) a path in Hugging Face's layout, or the folder's files: as File objects, or name → bytes. */
export type ModelSource =
  | string
  | Global<'URL'>
  | readonly Global<'File'>[]
  | Global<'FileList'>
  | ReadonlyMap<string, Uint8Array>;

export interface SaveOptions {
  /** Of the weights in model.safetensors. Default the model's own, exact. f16 halves the file of f32, int8 quarters it. */
  dtype?: WeightDtype;
}

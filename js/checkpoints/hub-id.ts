// Hub ids: which strings are one, and what a caller may say of them. Imports nothing, so that a page that leaves all work to a
// worker need not load more than this.
import type { HubOptions, LoadOptions } from './types.js';

export const hubKeys = [
  'revision',
  'hub',
  'token',
  'cacheDir',
] as const satisfies readonly (keyof HubOptions)[];

/** A hub allows 96 characters to a name. */
const longestId = 200;

/** 'org/name', of the characters that a hub allows: no path with more parts, none that begins with a dot or a slash. */
export function isHubId(source: string): boolean {
  return (
    source.length <= longestId &&
    /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(source) &&
    !source.includes('..')
  );
}

/** A hub id on its way to a worker, with the page's address of the folder that it may mean instead. */
export interface SentHubId {
  id: string;
  folder: string;
}

export function isSentHubId(source: unknown): source is SentHubId {
  return typeof source === 'object' && source !== null && 'id' in source && 'folder' in source;
}

/** With any of the hub's options, an id means a hub and nothing else. */
export function isExplicit(options: HubOptions): boolean {
  return hubKeys.some((key) => options[key] !== undefined);
}

/** The options of loadModel. */
export const loadKeys: ReadonlySet<string> = new Set<keyof LoadOptions>([
  'dtype',
  'onProgress',
  'signal',
  'head',
  ...hubKeys,
]);

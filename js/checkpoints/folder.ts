// A checkpoint's folder, wherever it lies: the seam between reading files and understanding them.
import type { HubOptions, ModelSource, Progress } from './types.js';

/** One opened file. */
export interface FolderFile {
  /** As errors and progress call it. */
  name: string;
  /** Bytes, where they are known for certain. */
  size: number | undefined;
  /** Bytes to expect for a progress bar: may be wrong, as a Content-Length may. */
  sizeHint: number | undefined;
  /** The content, once, in pieces. */
  chunks(): AsyncIterable<Uint8Array>;
}

export interface Folder {
  /** As errors call it. */
  name: string;
  /**
   * null: there is no such file. `optional`: it need not be there, so that a server's 403 counts as its absence: an object store
   * that may not list answers so for what it has not.
   */
  open(
    file: string,
    signal: AbortSignal | undefined,
    optional?: boolean,
  ): Promise<FolderFile | null>;
}

export type OpenFolder = (source: ModelSource, options: HubOptions) => Folder;

export type ReportProgress = ((progress: Progress) => void) | undefined;

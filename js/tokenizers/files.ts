// The other files of a checkpoint, each read once and cached, so that saving returns them.
import { fail } from '../core/errors.js';
import { parseObject } from '../core/json.js';

/** Where files come from. undefined: there is none of that name. */
export interface FileSource {
  textIfThere(name: string, largest: number): Promise<string | undefined>;
  bytesIfThere(name: string, largest: number): Promise<Uint8Array | undefined>;
}

const largestSettings = 1 << 24;
const largestVocab = 1 << 28;

export class CheckpointFiles {
  /** File name → what it holds. */
  readonly kept = new Map<string, string | Uint8Array>();

  constructor(private readonly source: FileSource) {}

  async text(name: string): Promise<string | undefined> {
    return this.#keep(name, await this.source.textIfThere(name, largestVocab));
  }

  async bytes(name: string): Promise<Uint8Array | undefined> {
    return this.#keep(name, await this.source.bytesIfThere(name, largestVocab));
  }

  /** The object of a file that may hold a vocabulary. */
  async json(name: string, largest = largestVocab): Promise<Record<string, unknown> | undefined> {
    const text = this.#keep(name, await this.source.textIfThere(name, largest));
    return text === undefined ? undefined : parseObject(name, text);
  }

  settings(name: string): Promise<Record<string, unknown> | undefined> {
    return this.json(name, largestSettings);
  }

  /** Refuses a checkpoint that has one file without the other. */
  missing(name: string, companion: string): never {
    fail('file_missing', `${name}: expected beside ${companion}, got none`);
  }

  #keep<T extends string | Uint8Array>(name: string, content: T | undefined): T | undefined {
    if (content !== undefined) this.kept.set(name, content);
    return content;
  }
}

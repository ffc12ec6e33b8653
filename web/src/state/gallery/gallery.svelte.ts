// The gallery as data: which models of the hub are kept in this browser, and what is being opened. Loads the Lab only once it is asked to open something.

export type Kept = 'absent' | 'partial' | 'whole';

interface Failure {
  /** Of the model, as the gallery calls it. */
  name: string;
  code: string;
  message: string;
}

const lab = async () => {
  const [start, files, { session }, { getRuntime }] = await Promise.all([
    import('../lab/start.ts'),
    import('../lab/own-files.ts'),
    import('../lab/session.svelte.ts'),
    import('../lab/engine.ts'),
  ]);
  return { ...start, ...files, session, getRuntime };
};

class Gallery {
  /** By id, what is kept of a model. */
  #kept = $state.raw<ReadonlyMap<string, { bytes: number; isWhole: boolean }>>(new Map());
  /** The model that is being opened. */
  opening = $state<string | null>(null);
  progress = $state.raw<{ file: string; loaded: number; total?: number | undefined } | null>(null);
  failure = $state.raw<Failure | null>(null);
  #download: AbortController | null = null;

  stateOf(id: string): Kept {
    const kept = this.#kept.get(id);
    return !kept ? 'absent' : kept.isWhole ? 'whole' : 'partial';
  }

  bytesOf(id: string): number {
    return this.#kept.get(id)?.bytes ?? 0;
  }

  get kept(): readonly string[] {
    return [...this.#kept.keys()];
  }

  /** Reads what the browser keeps; nothing where it keeps nothing. */
  async refresh(): Promise<void> {
    try {
      const runtime = await (await lab()).getRuntime();
      const found = new Map<string, { bytes: number; isWhole: boolean }>();
      for (const { repo, bytes, complete } of await runtime.listCache()) {
        const known = found.get(repo);
        found.set(repo, {
          bytes: (known?.bytes ?? 0) + bytes,
          isWhole: complete || (known?.isWhole ?? false),
        });
      }
      this.#kept = found;
    } catch {
      this.#kept = new Map();
    }
  }

  /** A model of the hub; asks another server, unless it is kept. true: it is open. */
  openHub(id: string, name: string): Promise<boolean> {
    return this.#open(name, id, async ({ openHub }, signal) => openHub(id, 'main', { signal }));
  }

  openShipped(model: string, name: string): Promise<boolean> {
    return this.#open(name, model, ({ openOfPage }) => openOfPage(model));
  }

  openOwn(files: readonly File[]): Promise<boolean> {
    const { name } = files[0]!;
    return this.#open(name, name, ({ openOwn }) => openOwn(files, null));
  }

  async #open(
    name: string,
    key: string,
    open: (room: Awaited<ReturnType<typeof lab>>, signal: AbortSignal) => Promise<boolean>,
  ): Promise<boolean> {
    this.cancel();
    const mine = new AbortController();
    this.#download = mine;
    this.opening = key;
    this.failure = null;
    const room = await lab();
    const follow = setInterval(() => (this.progress = room.session.loading), 100);
    const isOpen = await open(room, mine.signal);
    clearInterval(follow);
    const { error } = room.session;
    if (!isOpen) room.session.error = null; // it is said here
    if (this.#download === mine) {
      this.#forget();
      if (!isOpen && error) this.failure = { name, ...error };
    }
    await this.refresh();
    return isOpen && !mine.signal.aborted;
  }

  cancel(): void {
    this.#download?.abort();
    this.#forget();
  }

  #forget(): void {
    this.#download = null;
    this.opening = null;
    this.progress = null;
  }

  async delete(id: string): Promise<void> {
    await (await (await lab()).getRuntime()).clearCache({ repo: id });
    await this.refresh();
  }
}

export const gallery = new Gallery();

// Ownership of native objects: idempotent disposal, a count of the live ones, and a finaliser as a backstop only.
import { fail } from './errors.js';

interface Native {
  delete(): void;
}

/** What a runtime counts, and gives back at its end. */
interface Living {
  live: number;
  slots: Set<{ release(): void }>;
}

/** One native object and whether it is still there. Knows nothing of its owner, so that the owner can be collected. */
class Slot<N extends Native> {
  native: N | null;

  constructor(
    native: N,
    private readonly counter: Living,
  ) {
    this.native = native;
    counter.live += 1;
    counter.slots.add(this);
  }

  release(): void {
    const native = this.native;
    if (native === null) return;
    this.native = null;
    this.counter.live -= 1;
    native.delete();
    this.counter.slots.delete(this);
  }
}

/** A wrapper's hold on its native object. */
export class Handle<N extends Native> {
  constructor(
    private readonly slot: Slot<N>,
    private readonly what: string,
    private readonly finalisers: FinalizationRegistry<Slot<Native>>,
  ) {}

  get native(): N {
    return this.slot.native ?? fail('disposed', `${this.what}: used after dispose()`);
  }

  get disposed(): boolean {
    return this.slot.native === null;
  }

  dispose(): void {
    this.finalisers.unregister(this.slot);
    this.slot.release();
  }
}

/** The native objects of one runtime. */
export class Handles {
  private readonly counter: Living = { live: 0, slots: new Set() };
  private readonly finalisers = new FinalizationRegistry<Slot<Native>>((slot) => slot.release());

  get live(): number {
    return this.counter.live;
  }

  /** Gives all back, those made last first: a trainer before its model. */
  dispose(): void {
    for (const slot of [...this.counter.slots].reverse()) slot.release();
  }

  /** Ties a native object to the wrapper that owns it; `what` names it in errors. */
  adopt<N extends Native>(owner: object, native: N, what: string): Handle<N> {
    const slot = new Slot(native, this.counter);
    this.finalisers.register(owner, slot, slot);
    return new Handle(slot, what, this.finalisers);
  }
}

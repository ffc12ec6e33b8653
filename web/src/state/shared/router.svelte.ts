// Which room is open, as the address says, and where each room was left. A room writes its own address and reads it when it changes.
import { parseAddress, type Address, type Room } from '../../lib/address.ts';

/** Browsers allow about a hundred changes of the address in half a minute. */
const pause = 250;

class Router {
  address = $state.raw<Address>(
    parseAddress(location.hash) ?? { room: 'learn', path: [], fields: new URLSearchParams() },
  );
  readonly room: Room = $derived(this.address.room);
  /** What a link to each room holds: what the address asked for, until that room is loaded and says it itself. */
  hashes = $state<Record<Room, string>>({ learn: '#learn', train: '#train', lab: '#lab' });

  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The hash that was followed or written last. */
  #known = location.hash;

  constructor() {
    if (parseAddress(location.hash) && location.hash) this.hashes[this.room] = location.hash;
  }

  /** The reader opened a link, or went back or forward. A link to an element of the page stays in its room. */
  follow(): void {
    this.#known = location.hash;
    const address = parseAddress(location.hash);
    if (!address) return;
    clearTimeout(this.#timer);
    this.address = address;
    if (address.path.length > 0 || address.fields.size > 0)
      this.hashes[address.room] = location.hash;
  }

  /** The state of a room has changed: its address follows, without an entry in the browser's history. */
  mirror(room: Room, hash: string): void {
    this.hashes[room] = hash;
    clearTimeout(this.#timer);
    if (room !== this.room) return;
    // Written at once it would be too often while somebody types.
    this.#timer = setTimeout(() => {
      if (location.hash !== this.#known) return; // a link was opened, and its event is on the way
      history.replaceState(null, '', hash);
      this.#known = location.hash;
    }, pause);
  }

  /** Opens what `hash` says, as a step that “back” takes back. */
  go(hash: string): void {
    clearTimeout(this.#timer);
    history.pushState(null, '', hash);
    this.follow();
  }

  /** What is open, as a link that others can open. */
  link(room: Room = this.room): string {
    return new URL(this.hashes[room], location.href).href;
  }
}

export const router = new Router();

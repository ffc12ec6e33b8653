// How often something happens per second, over the last second.

export class Pace {
  #times: number[] = [];

  /** After a rest: the rest does not count. */
  restart(): void {
    this.#times = [performance.now()];
  }

  count(): void {
    const now = performance.now();
    this.#times.push(now);
    while (this.#times.length > 2 && this.#times[0]! < now - 1000) this.#times.shift();
  }

  get perSecond(): number {
    const [first] = this.#times;
    const last = this.#times.at(-1);
    return first === undefined || last === undefined || last <= first
      ? 0
      : ((this.#times.length - 1) * 1000) / (last - first);
  }
}

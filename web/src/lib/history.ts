// Snapshots of a run in bounded number: taken at even distances, twice as far apart whenever there are too many. Pure.

export interface Kept<T> {
  step: number;
  value: T;
  /** An event that stays whatever is thinned: the beginning, a goal, a head switched off. */
  pinned: boolean;
}

export class History<T> {
  #kept: Kept<T>[] = [];
  #distance: number;
  readonly #most: number;

  /** At first every `distance` steps; `most` are kept, pinned ones apart. */
  constructor(distance: number, most: number) {
    this.#distance = distance;
    this.#most = most;
  }

  get kept(): readonly Kept<T>[] {
    return this.#kept;
  }

  get steps(): number[] {
    return this.#kept.map(({ step }) => step);
  }

  /** Whether a snapshot of this step is wanted. */
  isDue(step: number): boolean {
    return step % this.#distance === 0 && this.#kept.at(-1)?.step !== step;
  }

  /** Steps grow. */
  add(step: number, value: T, pinned = false): void {
    this.#kept.push({ step, value, pinned });
    while (this.#kept.filter((each) => !each.pinned).length > this.#most) {
      this.#distance *= 2;
      const end = this.#kept.at(-1);
      this.#kept = this.#kept.filter(
        (each) => each.pinned || each === end || each.step % this.#distance === 0,
      );
    }
  }

  at(step: number): T | undefined {
    return this.#kept.find((each) => each.step === step)?.value;
  }

  pin(step: number): void {
    const kept = this.#kept.find((each) => each.step === step);
    if (kept) kept.pinned = true;
  }

  /** Training goes on from `step`: what came after it is forgotten. */
  cut(step: number): void {
    this.#kept = this.#kept.filter((each) => each.step <= step);
  }
}

// A measured curve of any length in bounded memory: each kept point is the mean over as many steps as it takes. Pure.

/** x is the step at which a point's last value was measured. */
export class Curve {
  #steps: number[] = [];
  #means: number[] = [];
  /** Values that each kept point stands for; the last point may still be growing. */
  #stride = 1;
  #inLast = 0;

  readonly #most: number;

  constructor(most = 600) {
    this.#most = most;
  }

  get steps(): readonly number[] {
    return this.#steps;
  }

  get values(): readonly number[] {
    return this.#means;
  }

  /** The value nearest before or at `step`; null before the first. */
  at(step: number): number | null {
    const after = this.#steps.findIndex((x) => x > step);
    return this.#means.at(after < 0 ? -1 : Math.max(0, after - 1)) ?? null;
  }

  clear(): void {
    this.#steps = [];
    this.#means = [];
    this.#stride = 1;
    this.#inLast = 0;
  }

  add(step: number, value: number): void {
    if (this.#inLast > 0 && this.#inLast < this.#stride) {
      const i = this.#means.length - 1;
      this.#steps[i] = step;
      this.#inLast += 1;
      this.#means[i]! += (value - this.#means[i]!) / this.#inLast;
    } else {
      this.#steps.push(step);
      this.#means.push(value);
      this.#inLast = 1;
    }
    if (this.#steps.length > this.#most && this.#inLast === this.#stride) this.#halve();
  }

  /** Training went back to `step`: what came after it never was. */
  cut(step: number): void {
    const first = this.#steps.findIndex((x) => x > step);
    if (first < 0) return;
    this.#steps.length = first;
    this.#means.length = first;
    this.#inLast = 0;
  }

  #halve(): void {
    const pairs = this.#steps.length >> 1;
    const odd = this.#steps.length % 2;
    for (let i = 0; i < pairs; i++) {
      this.#steps[i] = this.#steps[2 * i + 1]!;
      this.#means[i] = (this.#means[2 * i]! + this.#means[2 * i + 1]!) / 2;
    }
    if (odd) {
      this.#steps[pairs] = this.#steps.at(-1)!;
      this.#means[pairs] = this.#means.at(-1)!;
    }
    this.#steps.length = this.#means.length = pairs + odd;
    this.#inLast = odd ? this.#stride : 2 * this.#stride;
    this.#stride *= 2;
  }
}

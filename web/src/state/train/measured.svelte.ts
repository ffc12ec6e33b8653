// The curves of a run and the marks on them, as views read them.
import { Curve } from '../../lib/curve.ts';
import type { HeldOut, Measured } from './protocol.ts';

export class Measurements {
  readonly loss = new Curve();
  readonly accuracy = new Curve();
  readonly heldOut = new Curve();
  /** Steps at which heads were switched. */
  marks = $state.raw<readonly number[]>([]);
  /** Curves grow in place: who draws them reads this to hear of it. */
  version = $state(0);

  add(measured: readonly Measured[], heldOut: readonly HeldOut[]): void {
    for (const each of measured) {
      this.loss.add(each.step, each.loss);
      this.accuracy.add(each.step, each.accuracy);
    }
    for (const each of heldOut) this.heldOut.add(each.step, each.accuracy);
    if (measured.length + heldOut.length > 0) this.version += 1;
  }

  /** The nearest to a step; null before the first. */
  at(step: number): { loss: number | null; accuracy: number | null; heldOut: number | null } {
    void this.version;
    return {
      loss: this.loss.at(step),
      accuracy: this.accuracy.at(step),
      heldOut: this.heldOut.at(step),
    };
  }

  mark(step: number): void {
    this.marks = [...this.marks, step];
  }

  /** Training went back to `step`. */
  cut(step: number): void {
    for (const curve of [this.loss, this.accuracy, this.heldOut]) curve.cut(step);
    this.marks = this.marks.filter((mark) => mark <= step);
    this.version += 1;
  }

  clear(): void {
    for (const curve of [this.loss, this.accuracy, this.heldOut]) curve.clear();
    this.marks = [];
    this.version += 1;
  }
}

// Shows the kept snapshots of a run one after another, at a pace that an eye follows.

/** The whole takes about so many milliseconds; a frame stays for at least the first and at most the second. */
const whole = 6000;
const [shortest, longest] = [50, 300];

export class Replay {
  /** Counts replays: only the newest goes on. */
  #turn = 0;

  stop(): void {
    this.#turn += 1;
  }

  /** `show` resolves once the step is on screen, to false where it cannot be shown. false: stopped before the end. */
  async run(
    steps: readonly number[],
    show: (step: number) => Promise<boolean>,
    onframe: () => void,
  ): Promise<boolean> {
    const turn = ++this.#turn;
    const stay = Math.min(longest, Math.max(shortest, whole / steps.length));
    for (const step of steps) {
      const end = performance.now() + stay;
      if (!(await show(step)) || this.#turn !== turn) return false;
      onframe();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, end - performance.now())));
      if (this.#turn !== turn) return false;
    }
    return true;
  }
}

// Interleaved timing and what is reported of it. Knows no contestant.

/** The p-quantile of sorted values, between neighbours. */
export function quantile(sorted, p) {
  const at = (sorted.length - 1) * p;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

export function summary(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  return {
    median,
    best: sorted[0],
    spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / median,
    samples: sorted.length,
  };
}

/** Milliseconds of one call, taken over as many calls as fill `least` milliseconds. */
async function time(run, calls) {
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const result = run();
    if (result instanceof Promise) await result;
  }
  return (performance.now() - start) / calls;
}

/**
 * Times every function of `contestants` one after the other, round after round, so that a slow moment of the machine meets all of
 * them. Warm-up until V8 has replaced its baseline code; a sample lasts `least` milliseconds at least. A contestant that
 * takes more than half a second (and so is no close call) is sampled in every fifth round.
 */
export async function interleave(contestants, { rounds, least = 4, warmUp = 200 }) {
  const plans = [];
  for (const [name, run] of Object.entries(contestants)) {
    const start = performance.now();
    let shortest = Infinity;
    for (let i = 0; i < 1 || (i < 3 && shortest < 500) || performance.now() - start < warmUp; i++)
      shortest = Math.min(shortest, await time(run, 1));
    const every = shortest > 500 ? 5 : 1;
    // A browser's clock may say that a short call took no time at all.
    plans.push({
      name,
      run,
      every,
      calls: Math.max(1, Math.ceil(least / Math.max(shortest, 0.01))),
      samples: [],
    });
  }
  for (let round = 0; round < rounds; round++)
    for (const plan of plans)
      if (round % plan.every === 0) plan.samples.push(await time(plan.run, plan.calls));
  return Object.fromEntries(plans.map(({ name, samples }) => [name, summary(samples)]));
}

/** Largest |a − b| ÷ (1 + |b|); NaN counts as infinitely far. A peer that computes something else is no peer. */
export function difference(a, b) {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i]) / (1 + Math.abs(b[i]));
    if (!(d <= most)) most = Number.isNaN(d) ? Infinity : d;
  }
  return most;
}

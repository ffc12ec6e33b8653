// The benchmark's results as lines of text.
const ms = ({ median, spread }) =>
  `${median < 1 ? median.toFixed(3) : median.toFixed(1)} ms ±${Math.round(spread * 50)}%`;
const mark = (met) => (met === undefined ? '' : met ? ' ✓' : ' ✗');

let columns = [];

export function tableHead(peers) {
  columns = peers;
  return `| case | attention-lab | ${peers.join(' | ')} | against the best peer | GFLOP/s | of F |\n|${' --- |'.repeat(peers.length + 5)}`;
}

/** Median and half the interquartile range of each; ✓ and ✗ where there is a target. */
export function tableRow({ name, times, ratio, gflops, ofF, target, met }) {
  const goal = (key, text) => (target[key] ? ` (≥ ${target[key]}${text})${mark(met[key])}` : '');
  return `| ${[
    name,
    ms(times.ours),
    ...columns.map((peer) => (times[peer] ? ms(times[peer]) : '')),
    `${ratio.toFixed(2)}×${goal('ratio', '×')}`,
    gflops ? gflops.toFixed(1) : '',
    ofF ? `${ofF.toFixed(2)}${goal('ofF', '')}` : '',
  ].join(' | ')} |`;
}

export const rowText = ({ name, value, unit, limit, least, met }) =>
  `${name}: ${value.toFixed(2)} ${unit} (${least ? `≥ ${least}` : `≤ ${limit}`})${mark(met)}`;

// Eigenvalues of a real square matrix: reduction to Hessenberg form, then the double-shift QR iteration.
// Golub & Van Loan 2013, "Matrix Computations", sections 7.4 and 7.5; the shifts are EISPACK hqr's.
import { fail } from '../core/errors.js';

export interface Complex {
  re: number;
  im: number;
}

/** Of a matrix [n, n], row-major, in no particular order. */
export function eigenvalues(matrix: ArrayLike<number>, n: number): Complex[] {
  const h = hessenberg(Float64Array.from(matrix), n);
  const found: Complex[] = [];
  let high = n - 1;
  let shift = 0;
  let iterations = 0;
  const at = (r: number, c: number): number => h[r * n + c]!;
  let norm = 0;
  for (let r = 0; r < n; ++r)
    for (let c = Math.max(r - 1, 0); c < n; ++c) norm += Math.abs(at(r, c));
  while (high >= 0) {
    const low = splitPoint(h, n, high, norm);
    let x = at(high, high);
    if (low === high) {
      found.push({ re: x + shift, im: 0 });
      high -= 1;
      iterations = 0;
      continue;
    }
    let y = at(high - 1, high - 1);
    let w = at(high, high - 1) * at(high - 1, high);
    if (low === high - 1) {
      found.push(...ofTwo(x, y, w, shift));
      high -= 2;
      iterations = 0;
      continue;
    }
    if (iterations === 60)
      fail('not_finite', 'eigenvalues: the QR iteration did not converge; is the matrix finite?');
    if (iterations === 10 || iterations === 20) {
      // An exceptional shift, where the usual ones go round in circles.
      shift += x;
      for (let i = 0; i <= high; ++i) h[i * n + i]! -= x;
      const s = Math.abs(at(high, high - 1)) + Math.abs(at(high - 1, high - 2));
      x = y = 0.75 * s;
      w = -0.4375 * s * s;
    }
    iterations += 1;
    doubleStep(h, n, low, high, x, y, w);
  }
  return found;
}

/** The first row of the block that ends at `high` and is not split from the rows above. */
function splitPoint(h: Float64Array, n: number, high: number, norm: number): number {
  let low = high;
  for (; low > 0; --low) {
    const scale = Math.abs(h[(low - 1) * n + low - 1]!) + Math.abs(h[low * n + low]!) || norm;
    if (Math.abs(h[low * n + low - 1]!) <= Number.EPSILON * scale) break;
  }
  if (low > 0) h[low * n + low - 1] = 0;
  return low;
}

/** The two eigenvalues of the last block of two rows. */
function ofTwo(x: number, y: number, w: number, shift: number): Complex[] {
  const p = (y - x) / 2;
  const q = p * p + w;
  const root = Math.sqrt(Math.abs(q));
  const middle = x + shift;
  if (q < 0)
    return [
      { re: middle + p, im: root },
      { re: middle + p, im: -root },
    ];
  const z = p + (p >= 0 ? root : -root);
  return [
    { re: middle + z, im: 0 },
    { re: z === 0 ? middle : middle - w / z, im: 0 },
  ];
}

/** One double QR step on rows and columns low … high. */
function doubleStep(
  h: Float64Array,
  n: number,
  low: number,
  high: number,
  x: number,
  y: number,
  w: number,
): void {
  const at = (r: number, c: number): number => h[r * n + c]!;
  let m = high - 2;
  let [p, q, r] = [0, 0, 0];
  for (; ; --m) {
    const z = at(m, m);
    p = ((x - z) * (y - z) - w) / at(m + 1, m) + at(m, m + 1);
    q = at(m + 1, m + 1) - z - (x - z) - (y - z);
    r = at(m + 2, m + 1);
    const s = Math.abs(p) + Math.abs(q) + Math.abs(r);
    p /= s;
    q /= s;
    r /= s;
    if (m === low) break;
    const small = Math.abs(at(m, m - 1)) * (Math.abs(q) + Math.abs(r));
    const large =
      Math.abs(p) * (Math.abs(at(m - 1, m - 1)) + Math.abs(z) + Math.abs(at(m + 1, m + 1)));
    if (small <= Number.EPSILON * large) break;
  }
  for (let i = m + 2; i <= high; ++i) {
    h[i * n + i - 2] = 0;
    if (i > m + 2) h[i * n + i - 3] = 0;
  }
  for (let k = m; k < high; ++k) {
    const isLast = k === high - 1;
    let scale = 1;
    if (k !== m) {
      p = at(k, k - 1);
      q = at(k + 1, k - 1);
      r = isLast ? 0 : at(k + 2, k - 1);
      scale = Math.abs(p) + Math.abs(q) + Math.abs(r);
      if (scale === 0) continue;
      p /= scale;
      q /= scale;
      r /= scale;
    }
    const s = Math.hypot(p, q, r) * (p < 0 ? -1 : 1);
    if (s === 0) continue;
    if (k !== m) h[k * n + k - 1] = -s * scale;
    else if (low !== m) h[k * n + k - 1] = -at(k, k - 1);
    p += s;
    const [u, v, z] = [p / s, q / s, r / s];
    q /= p;
    r /= p;
    for (let c = k; c <= high; ++c) {
      const sum = at(k, c) + q * at(k + 1, c) + (isLast ? 0 : r * at(k + 2, c));
      h[k * n + c]! -= sum * u;
      h[(k + 1) * n + c]! -= sum * v;
      if (!isLast) h[(k + 2) * n + c]! -= sum * z;
    }
    for (let row = low; row <= Math.min(high, k + 3); ++row) {
      const sum = u * at(row, k) + v * at(row, k + 1) + (isLast ? 0 : z * at(row, k + 2));
      h[row * n + k]! -= sum;
      h[row * n + k + 1]! -= sum * q;
      if (!isLast) h[row * n + k + 2]! -= sum * r;
    }
  }
}

/** A similar matrix that is zero below its first subdiagonal, by elimination with pivots; in place. */
function hessenberg(h: Float64Array, n: number): Float64Array {
  const swap = (a: number, b: number): void => {
    [h[a], h[b]] = [h[b]!, h[a]!];
  };
  for (let m = 1; m < n - 1; ++m) {
    let pivot = m;
    for (let r = m; r < n; ++r)
      if (Math.abs(h[r * n + m - 1]!) > Math.abs(h[pivot * n + m - 1]!)) pivot = r;
    const by = h[pivot * n + m - 1]!;
    if (by === 0) continue;
    if (pivot !== m) {
      for (let c = m - 1; c < n; ++c) swap(pivot * n + c, m * n + c);
      for (let r = 0; r < n; ++r) swap(r * n + pivot, r * n + m);
    }
    for (let r = m + 1; r < n; ++r) {
      const factor = h[r * n + m - 1]! / by;
      if (factor === 0) continue;
      h[r * n + m - 1] = 0;
      for (let c = m; c < n; ++c) h[r * n + c]! -= factor * h[m * n + c]!;
      for (let row = 0; row < n; ++row) h[row * n + m]! += factor * h[row * n + r]!;
    }
  }
  return h;
}

import { inverse, Matrix } from 'ml-matrix';

/** A sketch AΩ = QR of a symmetric A by m probes, in the coordinates of Q. */
export interface Sketch {
  /** n, the size of A. */
  readonly size: number;
  /** R, upper triangular, m × m. */
  readonly r: Matrix;
  /** QᵀAQ, m × m. */
  readonly h: Matrix;
  /** QᵀΩ, m × m. */
  readonly w: Matrix;
  /** ‖ω_i‖² of each probe. */
  readonly squares: readonly number[];
}

/**
 * XTrace and its jackknife error, from a sketch.
 *
 * The range of AΩ without column j is that of Q(I - ssᵀ), s_j the normalised row j of R⁻¹. With all of Ω but ω_j the
 * trace is estimated as that in this range, tr H - sᵀHs, and xᵀAx of the part x of ω_j orthogonal to it, scaled to
 * the n - m + 1 dimensions in which x lies. XTrace is the mean of these T_j.
 *
 * The T_j share all but two of their probes and vary together, so their spread says too little of that of their mean.
 * The jackknife does without that: T_(i), the XTrace of the probes but ω_i, is the mean of the estimates T_ij that leave
 * out both columns, and (m - 1)/m Σ (T_(i) - mean)² estimates the variance of T_(i), from above if it errs at all (Efron
 * & Stein, The jackknife estimate of variance, Ann. Stat. 9 (1981)). All T_ij take O(m³) on the host.
 */
export function leaveOneOut({ size, r, h, w, squares }: Sketch): { value: number; standardError: number } {
  const m = r.rows;
  const rows = inverse(r);
  const lengths = rows.to2DArray().map((row) => Math.hypot(...row));
  const s = Matrix.diag(lengths.map((length) => 1 / length)).mmul(rows);
  const g = s.mmul(s.transpose());
  const hs = s.mmul(h);
  const [sHs, sHw, sw] = [hs.mmul(s.transpose()), hs.mmul(w), s.mmul(w)];
  const hw = h.mmul(w);
  const column = (a: Matrix, b: Matrix, j: number): number => sum(m, (k) => a.get(k, j) * b.get(k, j));
  const trace = h.trace();
  let total = 0;
  const without = new Float64Array(m);
  for (let j = 0; j < m; j++) {
    const [wr, wHw, ww] = [column(w, r, j), column(w, hw, j), column(w, w, j)];
    // sᵀr_j = 1/‖row j‖ and s_iᵀr_j = 0, as R⁻¹R = I.
    const [a, sr, K] = [sw.get(j, j), 1 / lengths[j]!, sHs.get(j, j)];
    // x = ω_j - Qu, u = w - as: xᵀAx = wᵀr - 2uᵀr + uᵀHu.
    const form = 2 * a * sr - wr + wHw - 2 * a * sHw.get(j, j) + a * a * K;
    const square = squares[j]! - ww + a * a;
    total += trace - K + ((size - m + 1) * form) / square;
    for (let i = 0; i < m; i++) {
      if (i === j) continue;
      // The second direction left out: t = s_i - Gs_j, of squared length c.
      const G = g.get(i, j);
      const c = Math.max(1 - G * G, Number.EPSILON);
      const b = (sw.get(i, j) - G * a) / c;
      const tHs = sHs.get(i, j) - G * K;
      const tHt = sHs.get(i, i) - 2 * G * sHs.get(i, j) + G * G * K;
      const tHw = sHw.get(i, j) - G * sHw.get(j, j);
      const more = -2 * b * G * sr - 2 * b * tHw + 2 * a * b * tHs + b * b * tHt;
      without[i]! += trace - K - tHt / c + ((size - m + 2) * (form + more)) / (square + b * b * c);
    }
  }
  const jackknifed = without.map((sumOfEstimates) => sumOfEstimates / (m - 1));
  const mean = sum(m, (i) => jackknifed[i]!) / m;
  const squaresSum = sum(m, (i) => (jackknifed[i]! - mean) ** 2);
  return { value: total / m, standardError: Math.sqrt(((m - 1) / m) * squaresSum) };
}

function sum(count: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
}

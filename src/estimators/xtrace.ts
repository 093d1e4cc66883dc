import { tensor1d } from '@tensorflow/tfjs-core';
import { LuDecomposition, Matrix } from 'ml-matrix';
import type { LinearOperator } from '../operators/linear-operator.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../solvers/drive.js';
import type { Estimate, EstimatorPlan } from './estimate.js';
import { FEWEST_SAMPLES, Sample } from './estimate.js';
import { RangeBasis } from './range-basis.js';

/** Probes between two estimates. */
const BATCH = 4;

/**
 * Leave-one-out Hutch++: every probe takes part in the sketch of all the others and is Hutchinson's probe for the
 * sketch without it (Epperly, Tropp & Webber, XTrace: making the most of every sample in stochastic trace
 * estimation, SIAM J. Matrix Anal. Appl. 45 (2024), §2). Two products a probe. The probes are normal and normalised
 * in the complement (§2.3), which leaves least variance where the spectrum decays.
 */
export function* xtraceSteps(operator: LinearOperator, plan: EstimatorPlan): SolverSteps<Estimate> {
  const n = operator.size;
  const range = new RangeBasis(operator);
  const tests = new SeededRandom(plan.seed);
  /** R and H by columns: AΩ = QR, H = QᵀAQ. */
  const r: Float64Array[] = [];
  const h: Float64Array[] = [];
  const draw = (random: SeededRandom) => tensor1d(random.fillNormal(new Float32Array(n)));
  try {
    let latest: Estimate = { value: NaN, standardError: NaN, status: 'maxIterations', numMatvecs: 0 };
    while (range.numMatvecs + 2 * BATCH <= Math.max(plan.maxMatvecs, 2 * BATCH)) {
      let isExhausted = false;
      for (let i = 0; i < BATCH && !isExhausted; i++) {
        const column = yield* range.grow(draw(tests));
        if (column === 'nonFinite') return { ...latest, status: column, numMatvecs: range.numMatvecs };
        if (column === 'exhausted') isExhausted = true;
        else r.push(column);
      }
      for (let i = h.length; i < range.basis.rows; i++) h.push(yield* range.column(i));
      const { numMatvecs } = range;
      if (isExhausted) {
        // The rows span the range of A, so that A = QQᵀA and the trace is that of H.
        const value = h.reduce((sum, column, i) => sum + column[i]!, 0);
        plan.onProgress({ numMatvecs, value, standardError: 0 });
        const status = Number.isFinite(value) ? 'converged' : 'nonFinite';
        return { value, standardError: 0, status, numMatvecs };
      }
      // The probes are drawn again, which costs less than to keep them.
      const again = new SeededRandom(plan.seed);
      const w: Float64Array[] = [];
      const squares: number[] = [];
      for (let i = 0; i < r.length; i++) {
        const values = again.fillNormal(new Float32Array(n));
        squares.push(values.reduce((sum, x) => sum + x * x, 0));
        w.push(yield* range.along(tensor1d(values)));
      }
      const sample = leaveOneOut(n, r, h, w, squares);
      latest = {
        value: sample.mean,
        standardError: sample.standardError,
        status: 'maxIterations',
        numMatvecs,
      };
      plan.onProgress(latest);
      if (!Number.isFinite(sample.mean)) return { ...latest, status: 'nonFinite' };
      if (sample.count >= FEWEST_SAMPLES && sample.standardError <= plan.tol * Math.abs(sample.mean)) {
        return { ...latest, status: 'converged' };
      }
    }
    return latest;
  } finally {
    range.dispose();
  }
}

/**
 * The estimates without probe i, for all i. The range of AΩ without column i is that of Q(I - ssᵀ), s the
 * normalised row i of R⁻¹: the estimate is the trace there, tr H - sᵀHs, and xᵀAx of x = ω - Qu, u = w - s(sᵀw),
 * w = Qᵀω, scaled to the n - m + 1 dimensions in which x lies.
 */
function leaveOneOut(
  n: number,
  r: readonly Float64Array[],
  h: readonly Float64Array[],
  w: readonly Float64Array[],
  squares: readonly number[],
): Sample {
  const m = r.length;
  const upper = new Matrix(m, m);
  r.forEach((column, j) => column.forEach((value, i) => upper.set(i, j, value)));
  const inverse = new LuDecomposition(upper).solve(Matrix.eye(m));
  // Rows of Q found after a product was taken have coefficient 0 in it where A is symmetric.
  const entry = (i: number, j: number): number => (i < h[j]!.length ? h[j]![i]! : h[i]![j]!);
  const image = (v: ArrayLike<number>): number[] =>
    Array.from({ length: m }, (_, i) => sum(m, (j) => entry(i, j) * v[j]!));
  const trace = sum(m, (i) => entry(i, i));
  const sample = new Sample();
  for (let i = 0; i < m; i++) {
    const row = inverse.getRow(i);
    const length = Math.hypot(...row);
    const s = row.map((value) => value / length);
    const along = sum(m, (j) => s[j]! * w[i]![j]!);
    const u = s.map((value, j) => w[i]![j]! - value * along);
    const product = (j: number): number => (j <= i ? r[i]![j]! : 0);
    const hs = image(s);
    const hu = image(u);
    const form = sum(m, (j) => (w[i]![j]! - 2 * u[j]!) * product(j) + u[j]! * hu[j]!);
    const square = squares[i]! - sum(m, (j) => u[j]! ** 2);
    const scale = m <= n ? (n - m + 1) / square : 0;
    sample.add(trace - sum(m, (j) => s[j]! * hs[j]!) + scale * form);
  }
  return sample;
}

function sum(count: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
}

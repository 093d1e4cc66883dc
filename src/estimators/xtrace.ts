import { tensor1d } from '@tensorflow/tfjs-core';
import { Matrix } from 'ml-matrix';
import type { LinearOperator } from '../operators/linear-operator.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../solvers/drive.js';
import type { Estimate, EstimatorPlan } from './estimate.js';
import { FEWEST_SAMPLES } from './estimate.js';
import { leaveOneOut } from './leave-one-out.js';
import { RangeBasis } from './range-basis.js';

/** Probes between two estimates. */
const BATCH = 4;

/**
 * Leave-one-out Hutch++: every probe takes part in the sketch of all the others and is Hutchinson's probe for the
 * sketch without it (Epperly, Tropp & Webber, XTrace: making the most of every sample in stochastic trace
 * estimation, SIAM J. Matrix Anal. Appl. 45 (2024), §2). Two products a probe. The probes are normal and normalised
 * in the complement (§2.3), which leaves least variance where the spectrum decays. The error is not the spread of the
 * estimates, as there, but their jackknife: see {@link leaveOneOut}.
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
      // Rows of Q found after a product was taken have coefficient 0 in it where A is symmetric.
      const sketch = { r: squareOf(r, false), h: squareOf(h, true), w: squareOf(w, false), squares };
      const { value, standardError } = leaveOneOut({ size: n, ...sketch });
      latest = { value, standardError, status: 'maxIterations', numMatvecs };
      plan.onProgress(latest);
      if (!Number.isFinite(value)) return { ...latest, status: 'nonFinite' };
      if (r.length >= FEWEST_SAMPLES && standardError <= plan.tol * Math.abs(value)) {
        return { ...latest, status: 'converged' };
      }
    }
    return latest;
  } finally {
    range.dispose();
  }
}

/** Columns of growing length as a square matrix: what a column lacks is 0, or mirrored where the matrix is symmetric. */
function squareOf(columns: readonly Float64Array[], isSymmetric: boolean): Matrix {
  const m = columns.length;
  const entry = (i: number, j: number): number =>
    i < columns[j]!.length ? columns[j]![i]! : isSymmetric ? columns[i]![j]! : 0;
  return new Matrix(Array.from({ length: m }, (_, i) => Array.from({ length: m }, (_, j) => entry(i, j))));
}

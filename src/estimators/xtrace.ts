import { tensor1d } from '@tensorflow/tfjs-core';
import { Matrix } from 'ml-matrix';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { FLOAT32_EPSILON } from '../float32.js';
import { SymmetryWatch } from '../solvers/require-symmetric.js';
import type { Estimate } from './estimate.js';
import { FEWEST_SAMPLES } from './estimate.js';
import type { EstimateRun } from './estimate-run.js';
import { sampleRest } from './hutchinson.js';
import type { Sketch } from './leave-one-out.js';
import { leaveOneOut } from './leave-one-out.js';
import { normals } from './quadratic-form.js';
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
export function* xtraceSteps(run: EstimateRun): SolverSteps<Estimate> {
  const { products, plan } = run;
  const n = products.size;
  const range = new RangeBasis(products);
  const symmetry = new SymmetryWatch(products.operator, plan.where);
  const tests = new SeededRandom(plan.seed);
  /** R and H by columns: AΩ = QR, H = QᵀAQ. */
  const r: Float64Array[] = [];
  const h: Float64Array[] = [];
  try {
    for (;;) {
      let isExhausted = false;
      for (let i = 0; i < BATCH && !isExhausted; i++) {
        const column = yield* range.grow(normals(tests, n));
        if (column === 'nonFinite') return run.nonFinite();
        if (column === 'exhausted') isExhausted = true;
        else r.push(column);
      }
      for (let i = h.length; i < range.basis.rows; i++) h.push(yield* range.column(i));
      const rounding = FLOAT32_EPSILON * Math.hypot(...h.map((column) => Math.hypot(...column)));
      if (isExhausted) return yield* withoutRest(run, range, h, rounding, tests);
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
      const sketch = { size: n, r: squareOf(r, false), h: squareOf(h, true), w: squareOf(w, false), squares };
      const { asymmetry, norm } = asymmetryOf(sketch);
      yield* symmetry.observe(products.scale * asymmetry, products.scale * norm);
      const estimate = { ...leaveOneOut(sketch), rounding };
      const result = run.judge(estimate, r.length >= FEWEST_SAMPLES, 2 * BATCH);
      if (result != null) return result;
    }
  } finally {
    range.dispose();
  }
}

/**
 * The trace where a product had nothing new: that of H. The rows span the range of A but for a rest E that is hidden in
 * the rounding, |tr E| ≤ √n ‖E‖_F. Where that is too much, the rest is sampled.
 */
function* withoutRest(
  run: EstimateRun,
  range: RangeBasis,
  h: readonly Float64Array[],
  rounding: number,
  random: SeededRandom,
): SolverSteps<Estimate> {
  const trace = h.reduce((sum, column, i) => sum + column[i]!, 0);
  const bound = Math.sqrt(run.products.size) * range.rest;
  const result = run.judge({ value: trace, standardError: bound, rounding }, true);
  return result ?? (yield* sampleRest(run, range, random, { trace, rounding, bound }));
}

/**
 * ‖A - Aᵀ‖_F and ‖A‖_F, both divided by √n, from the probes: AΩ = QR, so that ΩᵀAΩ = WᵀR is at hand. For unit vectors
 * u and v in random directions uᵀAv is of the size of ‖A‖_F/n, ‖Av‖ of that of ‖A‖_F/√n.
 */
function asymmetryOf({ size, r, w, squares }: Sketch): { asymmetry: number; norm: number } {
  const forms = w.transpose().mmul(r);
  const m = squares.length;
  let [differences, images] = [0, 0];
  for (let j = 0; j < m; j++) {
    images += r.getColumn(j).reduce((sum, x) => sum + x * x, 0) / squares[j]!;
    for (let i = 0; i < j; i++)
      differences += (forms.get(i, j) - forms.get(j, i)) ** 2 / (squares[i]! * squares[j]!);
  }
  const pairs = (m * (m - 1)) / 2;
  return { asymmetry: Math.sqrt((size * differences) / pairs), norm: Math.sqrt(images / m) };
}

/** Columns of growing length as a square matrix: what a column lacks is 0, or mirrored where the matrix is symmetric. */
function squareOf(columns: readonly Float64Array[], isSymmetric: boolean): Matrix {
  const m = columns.length;
  const entry = (i: number, j: number): number =>
    i < columns[j]!.length ? columns[j]![i]! : isSymmetric ? columns[i]![j]! : 0;
  return new Matrix(Array.from({ length: m }, (_, i) => Array.from({ length: m }, (_, j) => entry(i, j))));
}

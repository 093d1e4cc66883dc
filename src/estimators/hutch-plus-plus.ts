import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { FLOAT32_EPSILON } from '../float32.js';
import type { Estimate } from './estimate.js';
import type { EstimateRun } from './estimate-run.js';
import type { KnownPart } from './hutchinson.js';
import { sampleRest } from './hutchinson.js';
import { normals, quadraticForm } from './quadratic-form.js';
import { RangeBasis } from './range-basis.js';

/** A row of the sketch takes a product to find and one for its part of the trace. */
const PRODUCTS_A_ROW = 2;

/**
 * The trace on the range of AS exactly, S normal, and that of the rest by Hutchinson (Meyer, Musco, Musco & Woodruff,
 * Hutch++, SOSA 2021, algorithm 1). For positive semidefinite A the error falls as 1/products, where Hutchinson's falls
 * as the square root of that.
 *
 * There the sketch has two thirds of the products. Here it has one at first, which gives the same bound of the error,
 * tr A √(2 / (rows · samples)), and the second third as well where the rest falls so fast that more rows are worth more
 * than more samples (as in Persson, Cortinovis & Kressner, Improved variants of the Hutch++ algorithm, SIAM J. Matrix
 * Anal. Appl. 43 (2022), §3). A column of S is normal, not of signs: those lie in the null space of many a matrix of small
 * integers, and then say that there is no range.
 */
export function* hutchPlusPlusSteps(run: EstimateRun): SolverSteps<Estimate> {
  const { products, plan } = run;
  const random = new SeededRandom(plan.seed);
  const range = new RangeBasis(products);
  let [trace, squares, numForms] = [0, 0, 0];
  /** ‖(1 - QQᵀ)Aω‖ of each probe, Q the rows before it. */
  const rests: number[] = [];
  let isExhausted = false;
  const grow = function* (rows: number): SolverSteps<'nonFinite' | KnownPart> {
    while (range.basis.rows < rows && !isExhausted) {
      const column = yield* range.grow(normals(random, products.size));
      if (column === 'nonFinite') return column;
      isExhausted = column === 'exhausted';
      rests.push(column === 'exhausted' ? range.rest : column.at(-1)!);
    }
    for (; numForms < range.basis.rows; numForms++) {
      const { form, square } = yield* quadraticForm(products, range.basis.row(numForms));
      trace += form;
      squares += square;
    }
    const bound = Math.sqrt(products.size) * rootMeanSquare(rests.slice(-3));
    return { trace, rounding: FLOAT32_EPSILON * Math.sqrt(squares), bound };
  };
  try {
    const third = plan.maxMatvecs / 3;
    const first = Math.floor(third / PRODUCTS_A_ROW);
    let known = yield* grow(first);
    if (known === 'nonFinite') return run.nonFinite();
    const result = run.judge({ value: trace, standardError: known.bound, rounding: known.rounding }, true);
    if (result != null) return result;
    const samples = plan.maxMatvecs - products.numMatvecs;
    // The error of as few samples as are believed, √(2/8) of the rest, would do.
    const isInReach = rootMeanSquare(rests.slice(-3)) <= plan.tol * Math.abs(trace);
    if (!isInReach && !isExhausted && decay(rests) < 1 - PRODUCTS_A_ROW / samples) {
      known = yield* grow(Math.floor(third));
      if (known === 'nonFinite') return run.nonFinite();
    }
    return yield* sampleRest(run, range, random, known);
  } finally {
    range.dispose();
  }
}

/** By how much a square falls from one to the next, from those of the first and of the second half. */
function decay(rests: readonly number[]): number {
  const half = Math.floor(rests.length / 2);
  if (half === 0) return 1;
  const ratio = rootMeanSquare(rests.slice(-half)) / rootMeanSquare(rests.slice(0, half));
  return ratio ** (2 / (rests.length - half));
}

function rootMeanSquare(numbers: readonly number[]): number {
  return Math.hypot(...numbers) / Math.sqrt(numbers.length);
}

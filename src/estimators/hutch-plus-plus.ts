import type { LinearOperator } from '../operators/linear-operator.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../solvers/drive.js';
import type { Estimate, EstimatorPlan } from './estimate.js';
import { FEWEST_SAMPLES, Sample } from './estimate.js';
import { quadraticForm, signs } from './quadratic-form.js';
import { RangeBasis } from './range-basis.js';

/**
 * The trace on the range of AS exactly, S a sketch that takes a third of the products, and that of the rest by
 * Hutchinson (Meyer, Musco, Musco & Woodruff, Hutch++, SOSA 2021, algorithm 1). For positive semidefinite A the
 * error falls as 1/products, where Hutchinson's falls as the square root of that.
 */
export function* hutchPlusPlusSteps(operator: LinearOperator, plan: EstimatorPlan): SolverSteps<Estimate> {
  const random = new SeededRandom(plan.seed);
  const range = new RangeBasis(operator);
  try {
    let known = 0;
    while (range.basis.rows < Math.floor(plan.maxMatvecs / 3)) {
      const column = yield* range.grow(signs(random, operator.size));
      if (column === 'nonFinite') {
        return { value: NaN, standardError: NaN, status: column, numMatvecs: range.numMatvecs };
      }
      if (column === 'exhausted') break;
    }
    for (let i = 0; i < range.basis.rows; i++) {
      known += (yield* quadraticForm(operator, range.basis.row(i))).form;
      range.numMatvecs++;
    }
    const sample = new Sample();
    for (;;) {
      const probe = yield* range.complement(signs(random, operator.size));
      sample.add((yield* quadraticForm(operator, probe)).form);
      const numMatvecs = ++range.numMatvecs;
      const value = known + sample.mean;
      const { standardError } = sample;
      plan.onProgress({ numMatvecs, value, standardError });
      if (!Number.isFinite(value)) return { value, standardError, status: 'nonFinite', numMatvecs };
      if (sample.count >= FEWEST_SAMPLES && standardError <= plan.tol * Math.abs(value)) {
        return { value, standardError, status: 'converged', numMatvecs };
      }
      if (numMatvecs >= plan.maxMatvecs) return { value, standardError, status: 'maxIterations', numMatvecs };
    }
  } finally {
    range.dispose();
  }
}

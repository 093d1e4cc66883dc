import type { LinearOperator } from '../operators/linear-operator.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../solvers/drive.js';
import type { Estimate, EstimatorPlan } from './estimate.js';
import { FEWEST_SAMPLES, Sample } from './estimate.js';
import { quadraticForm, signs } from './quadratic-form.js';

/**
 * The mean of zᵀAz over random signs z (Hutchinson 1990). The variance of a term is 2(‖A‖_F² - Σ a_ii²).
 */
export function* hutchinsonSteps(operator: LinearOperator, plan: EstimatorPlan): SolverSteps<Estimate> {
  const random = new SeededRandom(plan.seed);
  const sample = new Sample();
  while (sample.count < plan.maxMatvecs) {
    const { form } = yield* quadraticForm(operator, signs(random, operator.size));
    sample.add(form);
    const { mean: value, standardError, count: numMatvecs } = sample;
    plan.onProgress({ numMatvecs, value, standardError });
    if (!Number.isFinite(value)) return { value, standardError, status: 'nonFinite', numMatvecs };
    if (sample.count >= FEWEST_SAMPLES && standardError <= plan.tol * Math.abs(value)) {
      return { value, standardError, status: 'converged', numMatvecs };
    }
  }
  const { mean: value, standardError, count: numMatvecs } = sample;
  return { value, standardError, status: 'maxIterations', numMatvecs };
}

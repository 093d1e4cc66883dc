import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { FLOAT32_EPSILON } from '../float32.js';
import type { Estimate } from './estimate.js';
import { Sample } from './estimate.js';
import type { EstimateRun } from './estimate-run.js';
import { quadraticForm, signs } from './quadratic-form.js';
import { RangeBasis } from './range-basis.js';

/** The mean of zᵀAz over random signs z (Hutchinson 1990). The variance of a term is 2(‖A‖_F² - Σ a_ii²). */
export function hutchinsonSteps(run: EstimateRun): SolverSteps<Estimate> {
  return sampleRest(run, new RangeBasis(run.products), new SeededRandom(run.plan.seed), {
    trace: 0,
    rounding: 0,
    bound: NaN,
  });
}

/** What is known of the trace before the rest is sampled. */
export interface KnownPart {
  /** tr QᵀAQ. */
  readonly trace: number;
  /** What rounding may add to its error. */
  readonly rounding: number;
  /** The trace of the rest at most, as far as it is known: the error as long as there is no sample. */
  readonly bound: number;
}

/** The trace on the range of some rows Q, which is known, and that of the rest by Hutchinson. */
export function* sampleRest(
  run: EstimateRun,
  range: RangeBasis,
  random: SeededRandom,
  known: KnownPart,
): SolverSteps<Estimate> {
  const { products } = run;
  const sample = new Sample();
  let squares = 0;
  for (;;) {
    const probe = yield* range.complement(signs(random, products.size));
    const { form, square } = yield* quadraticForm(products, probe);
    sample.add(form);
    squares += square;
    // zᵀAz has at most √n ‖Az‖, and so much of the rounding of a product and of its sum.
    const rounding = FLOAT32_EPSILON * Math.sqrt((products.size * squares) / sample.count);
    const estimate = {
      value: known.trace + sample.mean,
      standardError: sample.count < 2 ? known.bound : sample.standardError,
      rounding: Math.hypot(known.rounding, rounding),
    };
    const result = run.judge(estimate, sample.tellsSpread);
    if (result != null) return result;
  }
}

import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { Schema } from '../options.js';
import { byDefault, oneOf, readOptions } from '../options.js';
import { guardParameters } from '../operators/parameter-guard.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import type { Estimate, EstimatorOptions, EstimatorPlan } from './estimate.js';
import { estimatorPlan, estimatorSchema, FEWEST_SAMPLES } from './estimate.js';
import { EstimateRun } from './estimate-run.js';
import { hutchPlusPlusSteps } from './hutch-plus-plus.js';
import { hutchinsonSteps } from './hutchinson.js';
import { xtraceSteps } from './xtrace.js';

/** How {@link trace} draws its samples. */
export type TraceMethod = 'hutchinson' | 'hutch++' | 'xtrace';

/** Options of {@link trace}. */
export interface TraceOptions extends EstimatorOptions {
  /**
   * 'hutchinson': no memory, error ~ ‖A‖_F √(2/products). 'hutch++' and 'xtrace' (default): exact on a sketch of the
   * range, for spectra that decay much more accurate; a vector in memory for every third or second product.
   */
  readonly method?: TraceMethod;
}

const schema = {
  ...estimatorSchema(FEWEST_SAMPLES),
  method: byDefault(oneOf('hutchinson', 'hutch++', 'xtrace'), 'xtrace'),
} satisfies Schema<TraceOptions & DriveOptions>;

/**
 * The trace of a symmetric operator, tr A = Σ a_ii = Σ λ_i, from products with random vectors.
 *
 * 'hutchinson' and 'hutch++' do for any square operator; 'xtrace' takes uᵀAv for vᵀAu. One that changes from product to
 * product has the trace of its mean over the run.
 *
 * The run ends when the standard error is within `tol` of the estimate, or `maxMatvecs` products are spent. For an
 * operator whose trace nearly cancels the relative tolerance is never met: read `standardError` instead. That of
 * 'xtrace' is the jackknife's, which errs upwards: 1 to 4 times the real one, most where the spectrum decays fast.
 *
 * Cost: `numMatvecs` products. Memory: 3 vectors of length n, and for 'hutch++' maxMatvecs/3, for 'xtrace'
 * maxMatvecs/2 more.
 *
 * @param operator symmetric; stays the caller's
 * @param options see {@link TraceOptions}; `signal` stops the run between two products
 * @returns a plain record, nothing to dispose
 * @throws CurvatureArgumentError for options out of range; by 'xtrace' an operator whose asymmetry is above 5 %. What
 *   `operator.matvec` throws passes through
 *
 * Sources: Hutchinson 1990; Meyer, Musco, Musco & Woodruff 2021; Epperly, Tropp & Webber 2024; Efron & Stein 1981.
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { value, standardError } = await trace(hessian, { tol: 0.02, maxMatvecs: 200 });
 */
export async function trace(
  operator: LinearOperator | AsyncLinearOperator,
  options: TraceOptions & { readonly signal?: AbortSignal } = {},
): Promise<Estimate> {
  requireAnyOperator(operator, 'trace');
  const plan = planTrace(options, 'trace');
  return driveAsync(plannedTrace(operator, plan), plan, 'trace', guardParameters(operator, 'trace'));
}

/** {@link trace} as steps, for a driver. */
export function traceSteps(
  operator: AnyOperator,
  options: TraceOptions,
  where: string,
): SolverSteps<Estimate> {
  return plannedTrace(operator, planTrace(options, where));
}

type TracePlan = EstimatorPlan & { readonly method: TraceMethod };

function planTrace(options: TraceOptions, where: string): TracePlan {
  const settings = readOptions(options, schema, where);
  return { ...estimatorPlan(settings, where), method: settings.method };
}

function plannedTrace(operator: AnyOperator, plan: TracePlan): SolverSteps<Estimate> {
  const steps = { hutchinson: hutchinsonSteps, 'hutch++': hutchPlusPlusSteps, xtrace: xtraceSteps };
  return steps[plan.method](new EstimateRun(operator, plan));
}

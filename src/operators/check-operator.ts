import type { Tensor1D } from '@tensorflow/tfjs-core';
import { dispose, dot, mul, sub, tidy } from '@tensorflow/tfjs-core';
import { anyInteger, byDefault, readOptions } from '../options.js';
import { euclideanNorm } from '../rows.js';
import { guardScope } from '../tfjs/scope-guard.js';
import { checkDifference, differenceTolerance, randomUnit, toleranceFor } from './check-difference.js';
import { HessianOperator } from './hessian.js';
import type { LinearOperator } from './linear-operator.js';
import { productOf, requireOperator } from './linear-operator.js';
import { knownMagnitude } from './magnitude.js';
import { guardParameters } from './parameter-guard.js';
import { errorBeyondRounding, ratio, readScalars, relativeDistance } from './relative-error.js';

/** How far a relative error may go before it is a finding, in units that float32 products reach with room. */
const tolerances = {
  /** Rounding of two products and two inner products of length n. */
  symmetry: 1e-3,
  linearity: 1e-3,
  /** The same kernels on the same numbers. */
  determinism: 0,
} as const;

/** What {@link checkOperator} found. Errors are relative; see the function for their formulas. */
export interface OperatorReport {
  readonly symmetry: number;
  readonly linearity: number;
  readonly determinism: number;
  /** Null for an operator that is no Hessian of an objective. */
  readonly centralDifference: number | null;
  /**
   * How far the two steps differ that the difference was judged at, relative to the product: what is known of its own
   * error. Null where `centralDifference` is.
   */
  readonly stepDisagreement: number | null;
  /** What could not be judged and why, in words. No findings: the operator may be right. */
  readonly notes: readonly string[];
  /** Each error beyond its tolerance, in words: which of loss, gradient or product is off, and what it means. */
  readonly findings: readonly string[];
  /** Whether there are no findings. */
  readonly passed: boolean;
}

/** Options of {@link checkOperator}. */
export interface CheckOptions {
  /** Seed of the random vectors. Default 0. */
  readonly seed?: number;
}

/**
 * Checks on random unit vectors u, v that an operator A is what solvers take it for:
 *
 * - symmetry:          |uᵀAv − vᵀAu| / √(‖Au‖ ‖Av‖)
 * - linearity:         ‖A(2u − v) − 2Au + Av‖ / (2‖Au‖ + ‖Av‖)
 * - determinism:       ‖Av − (Av again)‖ / ‖Av‖; for a {@link HessianOperator} again from the loss on, and of loss and
 *   gradient too. Of other operators the same tape is multiplied again: what their model or loss changes from one call to
 *   the next does not show
 * - centralDifference: ‖Hv − (∇L(θ + hv) − ∇L(θ − hv))/2h‖ / ‖Hv‖ (for a {@link HessianOperator})
 *
 * An error that is no more than the rounding of what the products are summed from, 1e-6 of the operator's `magnitude`,
 * is no finding, however small the products.
 *
 * The differences are taken at several steps, one-sided ones too, and judged at the two that agree best, along the best of
 * up to three directions: a step that crosses a kink of the loss (ReLU, max pooling) measures the kink, and agrees with
 * none. An error is a finding where it is more than 5 % and more than three times what the two steps disagree by. Where
 * they disagree by much along all directions a note says so. The gradient is TensorFlow.js's own where it is right, else
 * that of this package: of its rules the difference then tries the second derivatives alone.
 *
 * @param operator stays the caller's
 * @param options `seed` of the random vectors, default 0
 * @returns a plain report; nothing to dispose
 * @throws CurvatureArgumentError for what is no operator, within a `tf.tidy`, or for parameters that are moved meanwhile;
 *   what the products throw passes through
 *
 * Cost: four products, and for a Hessian one linearization and four to thirty gradients more.
 * Source: after curvlinops' determinism checks (Dangel et al. 2025, "Position: Curvature Matrices Should Be
 * Democratized via Linear Operators").
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { passed, findings } = await checkOperator(hessian);
 */
export async function checkOperator(
  operator: LinearOperator,
  options: CheckOptions = {},
): Promise<OperatorReport> {
  requireOperator(operator, 'checkOperator');
  const { size } = operator;
  const { seed } = readOptions(options, { seed: byDefault(anyInteger, 0) }, 'checkOperator');
  const requireScope = guardScope('checkOperator');
  const requireStill = guardParameters(operator, 'checkOperator');
  const owned: Tensor1D[] = [];
  const own = (x: Tensor1D): Tensor1D => {
    owned.push(x);
    return x;
  };
  try {
    const u = own(randomUnit(size, 2 * seed + 1));
    const v = own(randomUnit(size, 2 * seed + 2));
    const w = own(tidy(() => sub(mul(u, 2), v) as Tensor1D));
    const au = own(productOf(operator, u));
    const av = own(productOf(operator, v));
    const aw = own(productOf(operator, w));
    const [uAv, vAu, normU, normV, deviation] = await readScalars(() => [
      dot(u, av),
      dot(v, au),
      ...[au, av, sub(aw, sub(mul(au, 2), av))].map((x) => euclideanNorm([x])),
    ]);
    requireScope();
    requireStill();
    const repeated = await checkDeterminism(operator, v, av);
    requireStill();
    const relative = (name: 'symmetry' | 'linearity', error: number, norm: number, lengths: number) =>
      errorBeyondRounding(
        error,
        norm,
        tolerances[name],
        async () => lengths * (await knownMagnitude(operator)),
      );
    const errors = {
      symmetry: await relative('symmetry', Math.abs(uAv! - vAu!), Math.sqrt(normU! * normV!), 1),
      // Vectors of lengths 2, 1 and √5.
      linearity: await relative('linearity', deviation!, 2 * normU! + normV!, 3 + Math.sqrt(5)),
      determinism: Math.max(...Object.values(repeated)),
      centralDifference: null,
      stepDisagreement: null,
      ...(operator instanceof HessianOperator && (await checkDifference(operator, v, seed))),
    };
    requireStill();
    const findings = describeFindings(errors, repeated);
    const notes = describeNotes(errors.stepDisagreement);
    return { ...errors, findings, notes, passed: findings.length === 0 };
  } finally {
    dispose(owned);
  }
}

/** Relative change of the product when it is computed again, for a Hessian from scratch and of loss and gradient too. */
async function checkDeterminism(
  operator: LinearOperator,
  v: Tensor1D,
  before: Tensor1D,
): Promise<Record<string, number>> {
  if (!(operator instanceof HessianOperator)) {
    const again = (): Tensor1D => productOf(operator, v);
    return { product: await relativeDistance(() => before, again) };
  }
  const again = new HessianOperator(operator.objective, operator.options);
  try {
    const [lossBefore, lossAfter] = await readScalars(() => [operator.lossTensor(), again.lossTensor()]);
    return {
      loss: ratio(Math.abs(lossAfter! - lossBefore!), Math.abs(lossBefore!)),
      gradient: await relativeDistance(
        () => operator.gradient(),
        () => again.gradient(),
      ),
      product: await relativeDistance(
        () => before,
        () => again.matvec(v),
      ),
    };
  } finally {
    again.dispose();
  }
}

function describeFindings(
  errors: Omit<OperatorReport, 'notes' | 'findings' | 'passed'>,
  repeated: Record<string, number>,
): string[] {
  const findings: string[] = [];
  // Written so that NaN is a finding.
  const within = (error: number, tolerance: number): boolean => error <= tolerance;
  const note = (what: string, error: number): number =>
    findings.push(`${what} (relative error ${error.toExponential(1)})`);
  if (!within(errors.symmetry, tolerances.symmetry))
    note('uᵀAv and vᵀAu differ: not symmetric', errors.symmetry);
  if (!within(errors.linearity, tolerances.linearity))
    note('A(2u − v) and 2Au − Av differ: not linear', errors.linearity);
  for (const [what, error] of Object.entries(repeated)) {
    if (!within(error, tolerances.determinism))
      note(`the ${what} changes from one evaluation to the next`, error);
  }
  const { centralDifference, stepDisagreement } = errors;
  if (centralDifference != null && !within(centralDifference, toleranceFor(stepDisagreement!))) {
    note('the product and a difference of the gradient at steps that agree differ', centralDifference);
  }
  return findings;
}

function describeNotes(stepDisagreement: number | null): string[] {
  if (stepDisagreement == null || toleranceFor(stepDisagreement) === differenceTolerance) return [];
  const percent = (100 * stepDisagreement).toPrecision(2);
  return [
    `differences of the gradient at two steps agree to ${percent} % of the product at best: the loss has kinks closer ` +
      'than float32 tells apart, or the product is small beside the gradient. An error below three times that shows nothing',
  ];
}

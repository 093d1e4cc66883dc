import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { dispose, div, dot, mul, norm, randomNormal, stack, sub, tidy } from '@tensorflow/tfjs-core';
import { readOnce } from '../read-once.js';
import type { OptionNames } from '../errors.js';
import { requireArgument, requireOptions } from '../errors.js';
import { guardScope } from '../scope-guard.js';
import { HessianOperator } from './hessian.js';
import type { LinearOperator } from './linear-operator.js';
import { productOf, requireOperator } from './linear-operator.js';
import { knownMagnitude, ZERO_SHARE } from './magnitude.js';

/** How far a relative error may go before it is a finding, in units that float32 products reach with room. */
const tolerances = {
  /** Rounding of two products and two inner products of length n. */
  symmetry: 1e-3,
  linearity: 1e-3,
  /** The same kernels on the same numbers. */
  determinism: 0,
  /** Central differences in float32 keep about three digits, fewer near kinks. */
  centralDifference: 5e-2,
} as const;

/** What {@link checkOperator} found. Errors are relative; see the function for their formulas. */
export interface OperatorReport {
  readonly symmetry: number;
  readonly linearity: number;
  readonly determinism: number;
  /** Null for an operator that is no Hessian of an objective. */
  readonly centralDifference: number | null;
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

const checkOptionNames: OptionNames<CheckOptions> = { seed: 'value' };

/**
 * Checks on random unit vectors u, v that an operator A is what solvers take it for:
 *
 * - symmetry:          |uᵀAv − vᵀAu| / √(‖Au‖ ‖Av‖)
 * - linearity:         ‖A(2u − v) − 2Au + Av‖ / (2‖Au‖ + ‖Av‖)
 * - determinism:       ‖Av − (Av again, from scratch)‖ / ‖Av‖, and for a Hessian loss and gradient too
 * - centralDifference: ‖Hv − (∇L(θ + hv) − ∇L(θ − hv))/2h‖ / ‖Hv‖ (for a {@link HessianOperator})
 *
 * An error that is no more than the rounding of what the products are summed from, 1e-6 of the operator's `magnitude`,
 * is no finding, however small the products.
 *
 * @returns a plain report; nothing to dispose. The operator stays the caller's
 * Cost: four products, and for a Hessian one linearization and two gradients more.
 * After curvlinops' determinism checks (Dangel et al. 2025, "Position: Curvature Matrices Should Be
 * Democratized via Linear Operators").
 */
export async function checkOperator(
  operator: LinearOperator,
  options: CheckOptions = {},
): Promise<OperatorReport> {
  requireOperator(operator, 'checkOperator');
  requireOptions(options, checkOptionNames, 'checkOperator');
  const { size } = operator;
  const { seed = 0 } = options;
  requireArgument(Number.isSafeInteger(seed), 'checkOperator', 'an integer seed', seed);
  const requireScope = guardScope('checkOperator');
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
    const [uAv, vAu, normU, normV, deviation] = await read(() => [
      dot(u, av),
      dot(v, au),
      norm(au),
      norm(av),
      norm(sub(aw, sub(mul(au, 2), av))),
    ]);
    requireScope();
    const repeated = await checkDeterminism(operator, v, av);
    const relative = (error: number, norm: number, lengths: number): Promise<number> =>
      errorBeyondRounding(
        error,
        norm,
        tolerances.symmetry,
        async () => lengths * (await knownMagnitude(operator)),
      );
    const errors = {
      symmetry: await relative(Math.abs(uAv! - vAu!), Math.sqrt(normU! * normV!), 1),
      // Vectors of lengths 2, 1 and √5.
      linearity: await relative(deviation!, 2 * normU! + normV!, 3 + Math.sqrt(5)),
      determinism: Math.max(...Object.values(repeated)),
      centralDifference: operator instanceof HessianOperator ? await checkDifference(operator, v, av) : null,
    };
    const findings = describeFindings(errors, repeated);
    return { ...errors, findings, passed: findings.length === 0 };
  } finally {
    dispose(owned);
  }
}

/** Relative change of loss, gradient and product when they are computed again from scratch. */
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
    const [lossBefore, lossAfter] = await read(() => [operator.lossTensor(), again.lossTensor()]);
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

async function checkDifference(operator: HessianOperator, v: Tensor1D, hv: Tensor1D): Promise<number> {
  const differences = new HessianOperator(operator.objective, { method: 'finiteDifference' });
  try {
    const { distance, length } = await distanceOf(
      () => hv,
      () => differences.matvec(v),
    );
    return await errorBeyondRounding(distance, length, tolerances.centralDifference, async () => {
      return (await knownMagnitude(operator)) + (await knownMagnitude(differences));
    });
  } finally {
    differences.dispose();
  }
}

function describeFindings(
  errors: Pick<OperatorReport, 'symmetry' | 'linearity' | 'determinism' | 'centralDifference'>,
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
  const { centralDifference } = errors;
  if (centralDifference != null && !within(centralDifference, tolerances.centralDifference)) {
    note('the product and a central difference of the gradient differ', centralDifference);
  }
  return findings;
}

/**
 * error / norm where that is within the tolerance. Where it is not, and all of it may be rounding of the terms of
 * products, the error in units of those: an operator that is zero to rounding has no other.
 *
 * @param magnitude of the terms; asked for where it may tell
 */
async function errorBeyondRounding(
  error: number,
  norm: number,
  tolerance: number,
  magnitude: () => Promise<number>,
): Promise<number> {
  if (error <= tolerance * norm) return ratio(error, norm);
  return ratio(error, Math.max(norm, (ZERO_SHARE / tolerance) * (await magnitude())));
}

/** ‖a − b‖ / ‖a‖ of two vectors; what is made for the purpose is disposed. */
async function relativeDistance(a: () => Tensor1D, b: () => Tensor1D): Promise<number> {
  const { distance, length } = await distanceOf(a, b);
  return ratio(distance, length);
}

/** ‖a − b‖ and ‖a‖ of two vectors; what is made for the purpose is disposed. */
async function distanceOf(
  a: () => Tensor1D,
  b: () => Tensor1D,
): Promise<{ distance: number; length: number }> {
  const [distance, length] = await read(() => {
    const from = a();
    return [norm(sub(from, b())), norm(from)];
  });
  return { distance: distance!, length: length! };
}

/** The values of some scalars, for which nothing stays on the device. */
async function read(scalars: () => Tensor[]): Promise<number[]> {
  return Array.from(await readOnce(tidy(() => stack(scalars()))));
}

function ratio(numerator: number, denominator: number): number {
  return numerator === 0 ? 0 : numerator / denominator;
}

function randomUnit(size: number, seed: number): Tensor1D {
  return tidy(() => {
    const x = randomNormal([size], 0, 1, 'float32', seed);
    return div(x, norm(x)) as Tensor1D;
  });
}

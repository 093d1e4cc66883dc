import { CurvatureArgumentError } from '../errors.js';
import type { AnyOperator } from '../operators/async-operator.js';
import type { WithMagnitude } from '../operators/magnitude.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { ProductBudget } from './product-budget.js';
import { zeroWithin } from './zero-threshold.js';

/**
 * Beyond this relative asymmetry pairs and solutions mean nothing; central differences in float32 stay well below.
 */
const LARGEST_ASYMMETRY = 0.05;

/** What a solver throws for an operator that is not symmetric. */
export class AsymmetryError extends CurvatureArgumentError {}

/** What was measured of the symmetry of an operator. */
export interface MeasuredSymmetry {
  readonly operator: WithMagnitude;
  /** Largest |uᵀAv - vᵀAu| seen among unit vectors. */
  readonly asymmetry: number;
  /** Largest ‖Av‖ seen. */
  readonly norm: number;
  /** What asking for the rounding of the products is taken off. */
  readonly budget: ProductBudget;
}

/**
 * Throws an {@link AsymmetryError} that names `where` for an operator whose products contradict each other by more than
 * the rounding of what they are made of. Where the budget does not allow to ask how much that is, nothing is said.
 *
 * @param zero what is known to be zero to rounding
 * @returns the same, asked for if it was needed
 */
export function requireSymmetric(
  measured: MeasuredSymmetry,
  zero: number,
  where: string,
): SolverSteps<number> {
  const expected = 'a symmetric operator that gives the same product each time';
  return requireConsistent(measured, zero, where, expected, '|uᵀAv - vᵀAu|');
}

/** {@link requireSymmetric} for products of which something else is expected. @param formula what the asymmetry is */
export function* requireConsistent(
  { operator, asymmetry, norm, budget }: MeasuredSymmetry,
  zero: number,
  where: string,
  expected: string,
  formula: string,
): SolverSteps<number> {
  if (asymmetry <= Math.max(LARGEST_ASYMMETRY * norm, zero)) return zero;
  const threshold = yield* zeroWithin(budget, operator);
  if (threshold == null) return zero;
  if (asymmetry <= threshold) return threshold;
  const received = `one with ${formula} = ${asymmetry.toExponential(1)} at ‖Av‖ = ${norm.toExponential(1)}`;
  throw new AsymmetryError(where, expected, received);
}

/** Watches the products of a run, and refuses an operator as soon as they contradict each other. */
export class SymmetryWatch {
  /** Largest |uᵀAv - vᵀAu| seen among unit vectors. */
  asymmetry = 0;
  /** Largest ‖Av‖ seen of a unit vector. */
  norm = 0;
  /** What is known to be zero to rounding. */
  private zero = 0;

  constructor(
    private readonly operator: AnyOperator,
    private readonly where: string,
    private readonly budget: ProductBudget = new ProductBudget(),
  ) {}

  /**
   * Takes up what a product has shown; what is not finite is left to others.
   *
   * @param asymmetry |uᵀAv - vᵀAu| of unit vectors
   * @param norm ‖Av‖ of a unit vector
   * @throws AsymmetryError, see {@link requireSymmetric}
   */
  *observe(asymmetry: number, norm: number): SolverSteps<void> {
    if (!Number.isFinite(asymmetry) || !Number.isFinite(norm)) return;
    this.asymmetry = Math.max(this.asymmetry, asymmetry);
    this.norm = Math.max(this.norm, norm);
    this.zero = yield* requireSymmetric(this.measured, this.zero, this.where);
  }

  private get measured(): MeasuredSymmetry {
    const { operator, asymmetry, norm, budget } = this;
    return { operator, asymmetry, norm, budget };
  }
}

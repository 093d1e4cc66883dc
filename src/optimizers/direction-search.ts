import type { Tensor2D } from '@tensorflow/tfjs-core';
import { keep } from '@tensorflow/tfjs-core';
import type { Linearization } from '../autodiff/linearize.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { magnitudeOfTerms } from '../operators/magnitude.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { leastKrylovDim } from '../solvers/lanczos-options.js';
import { repeatedSearch } from '../solvers/repeated-search.js';
import { AsymmetryError } from '../solvers/require-symmetric.js';
import type { EigenResult, EigenStatus } from '../solvers/result.js';
import { hasAllPairs } from '../solvers/result.js';
import type { NSGDSettings } from './nsgd-options.js';
import { iterateSubspace } from './subspace-iteration.js';

/**
 * Where the directions of an optimizer come from and how good they are. `'none'`: there are none. `'given'`: from
 * outside. `'converged'`, `'maxIterations'`, `'stagnated'`, `'invariantSubspace'`: found, as the solver says. `'tracked'`:
 * corrected by a step of subspace iteration. `'maxIterations'` is usual and no fault: a search is given
 * max(20, 3k + 2) products, and directions that have not come to `tol` by then are used as far as they have; raise `tol`,
 * lower `k`, or let the next search start from these. `'nonFinite'`: the last search met a loss or products that are not
 * finite; the directions from before, if any, stay. `'asymmetric'`: products contradicted each other by more than
 * rounding in the sweep explains, and the directions from before, if any, stay. The Hessian is zero but for what
 * rounding left of the loss, as that of a saturated `sum(softmax(w))`; or a custom gradient is not the derivative of
 * its function, which `checkOperator` shows.
 */
export type DirectionStatus = 'none' | 'given' | 'tracked' | 'asymmetric' | EigenStatus;

/** The outcome of a search. */
export interface FoundDirections {
  readonly status: DirectionStatus;
  /** V [k, n], kept, owned by the caller; null if the search came to nothing. */
  readonly rows: Tensor2D | null;
  readonly eigenvalues: Float64Array | null;
}

/**
 * The k sharpest directions of a linearized loss, by Lanczos without restart: at most max(20, 3k + 2) products,
 * and what they have found by then is taken.
 *
 * @param present directions to start from, rows [·, n]; null to start from a random vector
 * @param step varies the random vector
 */
export function* searchDirections(
  linearization: Linearization,
  present: Tensor2D | null,
  { k, which, tol, seed }: Pick<NSGDSettings, 'which' | 'tol' | 'seed'> & { readonly k: number },
  step: number,
  where: string,
): SolverSteps<FoundDirections> {
  const operator = hessianAt(linearization);
  const krylovDim = leastKrylovDim(k, operator.size);
  let found: EigenResult;
  try {
    const search = { k, which, tol, krylovDim, maxRestarts: 0, seed: seed + step };
    found = yield* repeatedSearch(operator, present, search, where);
  } catch (error) {
    // A step of a training run goes on: the loss has been called, and is not called again to measure its rounding.
    if (error instanceof AsymmetryError) return { status: 'asymmetric', rows: null, eigenvalues: null };
    throw error;
  }
  const { status, eigenvalues, eigenvectors } = found;
  if (!hasAllPairs(found)) {
    found.dispose();
    return { status, rows: null, eigenvalues: null };
  }
  return { status, rows: keep(eigenvectors), eigenvalues };
}

/** One step of subspace iteration from the present directions. */
export function* followDirections(
  linearization: Linearization,
  present: Tensor2D,
): SolverSteps<FoundDirections> {
  const found = yield* iterateSubspace(hessianAt(linearization), present);
  if (found == null) return { status: 'nonFinite', rows: null, eigenvalues: null };
  return { status: 'tracked', ...found };
}

/** The Hessian at the point of a linearization, as an operator that leaves the linearization to its owner. */
function hessianAt(linearization: Linearization): LinearOperator {
  const { size } = linearization.parameters;
  return {
    size,
    matvec: (v) => linearization.hvp(v),
    magnitude: () => magnitudeOfTerms(size, linearization),
    dispose: () => undefined,
  };
}

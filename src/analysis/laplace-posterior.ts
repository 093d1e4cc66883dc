import type { Tensor2D } from '@tensorflow/tfjs-core';
import { add, matMul, mul, reshape, sub, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { NEGLIGIBLE } from '../float32.js';
import type { SplitObjective } from '../objectives/objective.js';
import { dataLoss } from '../objectives/objective.js';
import { GaussNewtonOperator } from '../operators/gauss-newton.js';
import { HessianOperator } from '../operators/hessian.js';
import { disposeBlock } from '../operators/kronecker/blocks.js';
import { buildBlocks } from '../operators/kronecker/build-blocks.js';
import { logDeterminantOf } from '../operators/kronecker/closed-forms.js';
import { inverseOperator, invertBlock } from '../operators/kronecker/damped-inverse.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { productsOf } from '../operators/linear-operator.js';
import { materializeSteps } from '../operators/materialize.js';
import { requireNotNegative } from '../operators/negative-weights.js';
import { lanczosSteps } from '../solvers/lanczos.js';
import type { EigenStatus } from '../solvers/result.js';
import { roundingOf, symmetricEigen } from '../symmetric-eigen.js';
import type { SolverSteps } from '../tfjs/drive.js';

/** How A, the curvature of the loss of the examples, is had. */
export interface CurvatureChoice {
  readonly structure: 'full' | 'kronecker' | 'lowRank';
  readonly curvature: 'gaussNewton' | 'hessian';
  /** Pairs of `lowRank`, and how well they are found. */
  readonly k: number;
  readonly tol: number;
  readonly seed: number;
}

/** A + δI of a curvature A, and its inverse. */
export interface DampedCurvature {
  /** How A was found; of Kronecker factors, what the determinant has told. */
  readonly status: EigenStatus;
  /** Products with A spent. */
  readonly numMatvecs: number;
  /** log det (A + δI); NaN where that is not positive definite. */
  logDeterminant(delta: number): SolverSteps<number>;
  /** (A + δI)⁻¹, owned by the caller. */
  inverse(delta: number): SolverSteps<Covariance>;
  dispose(): void;
}

/** A covariance matrix Σ, by what it does to rows. */
export interface Covariance {
  /** J Σ Jᵀ, a new tensor [m, m], for rows J [m, n] that stay the caller's. */
  between(rows: Tensor2D): Tensor2D;
  dispose(): void;
}

/** Opens the curvature of the examples of an objective at its present parameters. The caller disposes it. */
export function* openCurvature(
  objective: SplitObjective,
  choice: CurvatureChoice,
  where: string,
): SolverSteps<DampedCurvature> {
  if (choice.structure === 'kronecker') return kronecker(objective, where);
  const isHessian = choice.curvature === 'hessian';
  if (!isHessian) for (const { split } of objective.terms) requireNotNegative(split, where);
  const operator = isHessian ? new HessianOperator(dataLoss(objective)) : new GaussNewtonOperator(objective);
  try {
    if (choice.structure === 'full') return yield* full(operator, isHessian);
    return yield* lowRank(operator, choice, where);
  } finally {
    operator.dispose();
  }
}

/** What a semidefinite matrix has below 0 by more than this share of the largest eigenvalue is not rounding. */
const ROUNDING = 1e-4;

/** All eigenpairs, in double precision on the host. @param isSigned whether an eigenvalue may be negative */
function* full(operator: LinearOperator, isSigned: boolean): SolverSteps<DampedCurvature> {
  const n = operator.size;
  const matrix = yield* materializeSteps(operator);
  const entries = yield reshape(matrix, [n * n]);
  matrix.dispose();
  const { values, vectors } = symmetricEigen(n, (i, j) => entries[i * n + j]!, 'LA');
  const rows = new Float32Array(n * n);
  vectors.forEach((vector, i) => rows.set(vector, i * n));
  const rounding = roundingOf(n, entries);
  // Below 0 beyond all rounding lie examples of negative weight.
  const least = isSigned ? -rounding : -Math.max(rounding, ROUNDING * Math.abs(values[0]!));
  const eigenvalues = values.map((value) => (value >= least && value <= rounding ? 0 : value));
  const status = eigenvalues.every(Number.isFinite) ? 'converged' : 'nonFinite';
  return spectral(eigenvalues, tensor2d(rows, [n, n]), status, n);
}

/** The k largest eigenpairs, and 0 for the others. */
function* lowRank(
  operator: LinearOperator,
  { k, tol, seed }: CurvatureChoice,
  where: string,
): SolverSteps<DampedCurvature> {
  const found = yield* lanczosSteps(operator, { k: Math.min(k, operator.size), tol, seed }, where);
  // Lanczos in float32 tells no smaller one from 0.
  const rounding = NEGLIGIBLE * Math.abs(found.eigenvalues[0]!);
  const eigenvalues = found.eigenvalues.map((value) => (Math.abs(value) <= rounding ? 0 : value));
  return spectral(eigenvalues, found.eigenvectors, found.status, found.numMatvecs);
}

/** V Λ Vᵀ with orthonormal rows V, which are taken over. */
function spectral(
  eigenvalues: Float64Array,
  vectors: Tensor2D,
  status: EigenStatus,
  numMatvecs: number,
): DampedCurvature {
  const [k, n] = vectors.shape;
  return {
    status,
    numMatvecs,
    logDeterminant: (delta) => {
      const outside = (n - k) * Math.log(delta);
      return known(eigenvalues.reduce((total, value) => total + Math.log(value + delta), outside));
    },
    inverse: (delta) => {
      const weights = tensor1d(Float32Array.from(eigenvalues, (value) => 1 / (value + delta)));
      return known({
        between: (rows) =>
          tidy(() => {
            const along = matMul(rows, vectors, false, true);
            const inside: Tensor2D = matMul(mul(along, weights), along, false, true);
            if (k === n) return inside;
            const rest: Tensor2D = sub(rows, matMul(along, vectors));
            return add(inside, mul(matMul(rest, rest, false, true), 1 / delta)) as Tensor2D;
          }),
        dispose: () => weights.dispose(),
      });
    },
    dispose: () => vectors.dispose(),
  };
}

/** Steps to what is known without reading anything. */
function* known<T>(value: T): SolverSteps<T> {
  yield* [];
  return value;
}

/** The Gauss-Newton matrix by Kronecker factors. */
function kronecker(objective: SplitObjective, where: string): DampedCurvature {
  const options = { type: 'exact', samples: 1, seed: 0, widest: Infinity } as const;
  const blocks = buildBlocks(objective, options, 'expand', where);
  let status: EigenStatus = 'converged';
  return {
    get status() {
      return status;
    },
    numMatvecs: 0,
    *logDeterminant(delta) {
      let sum = 0;
      for (const block of blocks) sum += yield* logDeterminantOf(block, delta);
      // No block has an eigenvalue below 0.
      if (Number.isNaN(sum)) status = 'nonFinite';
      return sum;
    },
    *inverse(delta) {
      const inverses = [];
      for (const block of blocks) inverses.push(yield* invertBlock(block, delta, 'exact'));
      const operator = inverseOperator(inverses, objective.parameters);
      return {
        between: (rows) => tidy(() => matMul(productsOf(operator, rows), rows, false, true) as Tensor2D),
        dispose: () => operator.dispose(),
      };
    },
    dispose: () => blocks.forEach(disposeBlock),
  };
}

import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone, mul, tensor1d, zeros } from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { userFunction } from '../run-scope.js';
import type { OptionNames } from '../errors.js';
import { requireArgument, requireOptions } from '../errors.js';
import type { AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { guardParameters } from '../operators/parameter-guard.js';
import { SeededRandom } from '../random.js';
import { KrylovBasis } from './basis.js';
import { candidateOf, vectorOf } from './candidate.js';
import type { SolverSteps } from './drive.js';
import { driveAsync, driveOptionNames } from './drive.js';
import { FLOAT32_EPSILON } from './lanczos-factorization.js';
import { NormalizedOperator } from './normalized-operator.js';
import { orthogonalize } from './orthogonalize.js';
import { projectProduct } from './projected-product.js';
import type { EigenProgress } from './lanczos-options.js';
import type { EigenResult, EigenStatus } from './result.js';
import { eigenResult } from './result.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';
import { zeroThreshold } from './zero-threshold.js';

/** Options of {@link powerIteration}. */
export interface PowerIterationOptions {
  /** Number of pairs, 1 to n. Default 1. */
  readonly k?: number;
  /** A pair has converged when ‖Av - λv‖ ≤ max(tol·|λ|, 10·2⁻²³·‖A‖). Default 1e-3. */
  readonly tol?: number;
  /** Products for each pair at most. Default 1000. */
  readonly maxIterations?: number;
  /** Seed of the start vectors. Default 0. */
  readonly seed?: number;
  /** Called after every product. */
  readonly onProgress?: (progress: EigenProgress) => void;
}

/** A vector that takes more products than this is asked whether it may be one of an operator that is zero to rounding. */
const LATE = 10;

const powerIterationOptionNames: OptionNames<PowerIterationOptions> = {
  k: 'value',
  tol: 'value',
  maxIterations: 'value',
  seed: 'value',
  onProgress: 'function',
};

/**
 * The k eigenpairs largest in magnitude, one after the other: v <- Av / ‖Av‖, kept orthogonal to the vectors already
 * found. Slow (the error falls by |λ₂/λ₁| a product) and never to be preferred to `lanczos`, but simple: for
 * comparison, and where only a few vectors fit into memory.
 *
 * A vector has converged when its residual outside the span of those before it is within the tolerance; inside, it
 * holds what they lack. For k > 1 a Rayleigh–Ritz step over all of them sorts that out in the end, and one product more
 * of each measures it: the λ returned is vᵀAv of the v returned, and the residual is that of this pair.
 *
 * Cost: `numMatvecs` products. Memory: k + 5 vectors of length n.
 *
 * @param operator symmetric; stays the caller's. It may answer later: see {@link AsyncLinearOperator}
 * @param options see {@link PowerIterationOptions}; `signal` stops the run between two products
 * @returns the pairs, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range. What `operator.matvec` throws passes through. In each
 *   case nothing stays on the device
 *
 * Source: Golub & Van Loan 2013, §8.2.
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { eigenvalues, dispose } = await powerIteration(hessian, { k: 2 });
 */
export async function powerIteration(
  operator: LinearOperator | AsyncLinearOperator,
  options: PowerIterationOptions & { readonly signal?: AbortSignal } = {},
): Promise<EigenResult> {
  requireOptions(options, { ...powerIterationOptionNames, ...driveOptionNames }, 'powerIteration');
  requireAnyOperator(operator, 'powerIteration');
  return driveAsync(
    powerIterationSteps(operator, options),
    options,
    'powerIteration',
    guardParameters(operator, 'powerIteration'),
  );
}

/** {@link powerIteration} as steps, for a driver. */
export function* powerIterationSteps(
  operator: LinearOperator | AsyncLinearOperator,
  options: PowerIterationOptions = {},
): SolverSteps<EigenResult> {
  const where = 'powerIteration';
  const { k = 1, tol = 1e-3, maxIterations = 1000, seed = 0 } = options;
  const onProgress = userFunction(options.onProgress ?? (() => {}));
  requireAnyOperator(operator, where);
  const n = operator.size;
  requireArgument(Number.isInteger(k) && k >= 1 && k <= n, where, `an integer k from 1 to ${n}`, k);
  requireArgument(Number.isFinite(tol) && tol > 0 && tol < 1, where, 'tol > 0 and < 1', tol);
  const isCount = Number.isInteger(maxIterations) && maxIterations >= 1;
  requireArgument(isCount, where, 'an integer maxIterations >= 1', maxIterations);
  const random = new SeededRandom(seed, where);
  const products = new NormalizedOperator(operator);
  const found = new KrylovBasis(n);
  const pairs: DeflatedPair[] = [];
  let numMatvecs = 0;
  let norm = 0;
  let zero: number | null = null;
  let status: EigenStatus = 'converged';
  const isWithin = (share: number): ((pair: DeflatedPair) => boolean) => {
    return ({ value, residualNorm }) =>
      Math.max(Math.abs(value), residualNorm) <= (zero ?? 0) ||
      residualNorm <= Math.max(share * tol * Math.abs(value), 10 * FLOAT32_EPSILON * norm);
  };
  // A combination of k vectors has at most √k times their largest residual.
  const isFound = isWithin(1 / Math.sqrt(k));
  try {
    while (found.rows < k && status !== 'nonFinite') {
      let vector = yield* orthonormal(found, tensor1d(random.fillNormal(new Float32Array(n))));
      try {
        for (let iteration = 1; ; iteration++) {
          // Rounding alone converges to nothing.
          if (iteration === LATE) zero ??= yield* zeroThreshold(operator);
          const pair = yield* deflatedPair(products, found, vector);
          numMatvecs++;
          norm = Math.max(norm, pair.imageNorm);
          const isFinite = Number.isFinite(pair.imageNorm);
          const isLast = isFound(pair) || !isFinite || iteration === maxIterations;
          if (isFinite) pairs[found.rows] = pair;
          release(isLast ? pair.next : vector);
          if (!isLast) vector = pair.next;
          onProgress({
            numMatvecs,
            numConverged: pairs.filter(isFound).length,
            ritzValues: Float64Array.from(pairs, ({ value }) => value),
            residualNorms: Float64Array.from(pairs, ({ residualNorm }) => residualNorm),
          });
          if (!isLast) continue;
          if (!isFinite) status = 'nonFinite';
          else if (!isFound(pair)) status = 'maxIterations';
          break;
        }
        if (status !== 'nonFinite') found.append(candidateOf(mul(vector, 1)), 1);
      } finally {
        release(vector);
      }
    }
    if (status !== 'nonFinite' && k > 1) {
      found.rotate(ritzVectors(pairs));
      zero ??= pairs.every(isFound) ? null : yield* zeroThreshold(operator);
      const nothing = new KrylovBasis(n);
      for (let i = 0; i < k; i++) {
        const vector = found.row(i);
        try {
          pairs[i] = yield* deflatedPair(products, nothing, vector);
          release(pairs[i]!.next);
          numMatvecs++;
        } finally {
          release(vector);
        }
      }
      status = pairs.every(isWithin(1)) ? 'converged' : 'maxIterations';
    }
    return eigenResult({
      eigenvalues: Float64Array.from({ length: k }, (_, i) => pairs[i]?.value ?? NaN),
      eigenvectors: status === 'nonFinite' ? zeros([k, n]) : found.release(),
      residualNorms: Float64Array.from({ length: k }, (_, i) => pairs[i]?.residualNorm ?? NaN),
      status,
      numConverged: pairs.filter(isWithin(1)).length,
      numMatvecs,
      asymmetry: NaN,
    });
  } finally {
    found.dispose();
  }
}

/** A vector v orthogonal to those found, P the projection on them, and its image. */
interface DeflatedPair {
  /** λ = vᵀAv. */
  readonly value: number;
  /** ‖(1 - P)Av - λv‖. */
  readonly residualNorm: number;
  /** ‖Av‖. */
  readonly imageNorm: number;
  /** Av along the vectors found. */
  readonly coefficients: Float64Array;
  /** (1 - P)Av at unit length, owned by the caller. */
  readonly next: Tensor1D;
}

function* deflatedPair(
  products: NormalizedOperator,
  found: KrylovBasis,
  vector: Tensor1D,
): SolverSteps<DeflatedPair> {
  const { candidate, coefficients, remainder, norm, scale } = yield* projectProduct(products, found, () =>
    clone(vector),
  );
  const rest = vectorOf(candidate, 1);
  try {
    const [value] = yield innerProducts([vector, rest]);
    const residual = plusMultiple(rest, vector, -value!);
    const square = innerProducts([residual, residual]);
    release(residual);
    return {
      value: scale * value!,
      residualNorm: scale * Math.sqrt((yield square)[0]!),
      imageNorm: norm,
      coefficients,
      next: mul(rest, inverse(remainder / scale)),
    };
  } finally {
    release(rest);
  }
}

/** The eigenvectors of VAVᵀ for the vectors V found, largest eigenvalue in magnitude first, as weights of their rows. */
function ritzVectors(pairs: readonly DeflatedPair[]): number[][] {
  const matrix = Matrix.zeros(pairs.length, pairs.length);
  pairs.forEach(({ value, coefficients }, i) => {
    matrix.set(i, i, value);
    coefficients.forEach((coefficient, j) => {
      matrix.set(i, j, coefficient);
      matrix.set(j, i, coefficient);
    });
  });
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  return realEigenvalues
    .map((value, p) => ({ size: Math.abs(value), weights: eigenvectorMatrix.getColumn(p) }))
    .sort((a, b) => b.size - a.size)
    .map(({ weights }) => weights);
}

/** The part of a vector, which is disposed, orthogonal to the rows found, at unit length. */
function* orthonormal(found: KrylovBasis, vector: Tensor1D): SolverSteps<Tensor1D> {
  const candidate = candidateOf(vector);
  const { remainder } = yield* orthogonalize(found, candidate);
  return vectorOf(candidate, inverse(remainder));
}

function inverse(norm: number): number {
  return norm > 0 ? 1 / norm : 0;
}

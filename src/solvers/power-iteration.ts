import type { Tensor1D } from '@tensorflow/tfjs-core';
import { mul, tensor1d, zeros } from '@tensorflow/tfjs-core';
import type { OptionNames } from '../errors.js';
import { requireArgument, requireOptions } from '../errors.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { requireOperator } from '../operators/linear-operator.js';
import { requireVector } from '../parameters.js';
import { SeededRandom } from '../random.js';
import { KrylovBasis } from './basis.js';
import { candidateOf, vectorOf } from './candidate.js';
import type { SolverSteps } from './drive.js';
import { driveAsync, driveOptionNames } from './drive.js';
import { FLOAT32_EPSILON } from './lanczos-factorization.js';
import { orthogonalize } from './orthogonalize.js';
import type { EigenProgress } from './lanczos-options.js';
import type { EigenResult, EigenStatus } from './result.js';
import { eigenResult } from './result.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

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

const powerIterationOptionNames: OptionNames<PowerIterationOptions> = {
  k: 'value',
  tol: 'value',
  maxIterations: 'value',
  seed: 'value',
  onProgress: 'function',
};

/**
 * The k eigenpairs largest in magnitude, one after the other: v <- Av / ‖Av‖, kept orthogonal to the pairs already
 * found. Slow (the error falls by |λ₂/λ₁| a product) and never to be preferred to `lanczos`, but simple: for
 * comparison, and where only a few vectors fit into memory.
 *
 * The λ returned is vᵀAv of the v returned, and the residual is that of this pair.
 *
 * Cost: `numMatvecs` products. Memory: k + 5 vectors of length n.
 *
 * @param operator symmetric; stays the caller's
 * @param options see {@link PowerIterationOptions}; `signal` stops the run between two products
 * @returns the pairs in the order in which they were found, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range. What `operator.matvec` throws passes through. In each
 *   case nothing stays on the device
 *
 * Source: Golub & Van Loan 2013, §8.2.
 *
 * @example
 * const { eigenvalues, dispose } = await powerIteration(operator, { k: 2 });
 */
export async function powerIteration(
  operator: LinearOperator,
  options: PowerIterationOptions & { readonly signal?: AbortSignal } = {},
): Promise<EigenResult> {
  requireOptions(options, { ...powerIterationOptionNames, ...driveOptionNames }, 'powerIteration');
  return driveAsync(powerIterationSteps(operator, options), options);
}

/** {@link powerIteration} as steps, for a driver. */
export function* powerIterationSteps(
  operator: LinearOperator,
  options: PowerIterationOptions = {},
): SolverSteps<EigenResult> {
  const where = 'powerIteration';
  const { k = 1, tol = 1e-3, maxIterations = 1000, seed = 0, onProgress } = options;
  requireOperator(operator, where);
  const n = operator.size;
  requireArgument(Number.isInteger(k) && k >= 1 && k <= n, where, `an integer k from 1 to ${n}`, k);
  requireArgument(Number.isFinite(tol) && tol > 0, where, 'tol > 0', tol);
  const isCount = Number.isInteger(maxIterations) && maxIterations >= 1;
  requireArgument(isCount, where, 'an integer maxIterations >= 1', maxIterations);
  const random = new SeededRandom(seed);
  const found = new KrylovBasis(n);
  const eigenvalues = new Float64Array(k).fill(NaN);
  const residualNorms = new Float64Array(k).fill(NaN);
  let numMatvecs = 0;
  let numConverged = 0;
  let norm = 0;
  let status: EigenStatus = 'converged';
  try {
    for (let i = 0; i < k; i++) {
      let vector = yield* orthonormal(found, tensor1d(random.fillNormal(new Float32Array(n))));
      try {
        for (let iteration = 1; ; iteration++) {
          const image = operator.matvec(vector);
          numMatvecs++;
          const pair = yield* rayleigh(vector, image, n);
          norm = Math.max(norm, pair.imageNorm);
          const isFinite = Number.isFinite(pair.imageNorm);
          if (isFinite) {
            eigenvalues[i] = pair.value;
            residualNorms[i] = pair.residualNorm;
          }
          const threshold = Math.max(tol * Math.abs(pair.value), 10 * FLOAT32_EPSILON * norm);
          const isConverged = pair.residualNorm <= threshold;
          if (isConverged) numConverged++;
          const isLast = isConverged || !isFinite || iteration === maxIterations;
          if (isLast) {
            image.dispose();
          } else {
            vector.dispose();
            vector = yield* orthonormal(found, image);
          }
          onProgress?.({
            numMatvecs,
            numConverged,
            ritzValues: eigenvalues.slice(0, i + 1),
            residualNorms: residualNorms.slice(0, i + 1),
          });
          if (isLast) {
            if (!isFinite) status = 'nonFinite';
            else if (!isConverged) status = 'maxIterations';
            break;
          }
        }
        found.append(candidateOf(mul(vector, 1)), 1);
      } finally {
        vector.dispose();
      }
      if (status === 'nonFinite') break;
    }
    if (found.rows < k) {
      found.dispose();
      const eigenvectors: EigenResult['eigenvectors'] = zeros([k, n]);
      return eigenResult({
        eigenvalues,
        eigenvectors,
        residualNorms,
        status,
        numConverged,
        numMatvecs,
        asymmetry: NaN,
      });
    }
    // The rows of the basis lie in blocks: combined with the identity they become one tensor.
    found.rotate(Array.from({ length: k }, (_, i) => Array.from({ length: k }, (_, j) => (i === j ? 1 : 0))));
    const eigenvectors = found.release();
    return eigenResult({
      eigenvalues,
      eigenvectors,
      residualNorms,
      status,
      numConverged,
      numMatvecs,
      asymmetry: NaN,
    });
  } finally {
    found.dispose();
  }
}

/** λ = vᵀAv, ‖Av - λv‖ and ‖Av‖; both vectors stay, unless the run is stopped: then the image is released. */
function* rayleigh(
  vector: Tensor1D,
  image: Tensor1D,
  n: number,
): SolverSteps<{ value: number; residualNorm: number; imageNorm: number }> {
  let isDone = false;
  try {
    requireVector(image, n, 'LinearOperator.matvec');
    const [value, square] = yield innerProducts([vector, image], [image, image]);
    const residual = plusMultiple(image, vector, -value!);
    const products = innerProducts([residual, residual]);
    release(residual);
    const residualNorm = Math.sqrt((yield products)[0]!);
    isDone = true;
    return { value: value!, residualNorm, imageNorm: Math.sqrt(square!) };
  } finally {
    if (!isDone) release(image);
  }
}

/** The part of a vector, which is disposed, orthogonal to the rows found, at unit length. */
function* orthonormal(found: KrylovBasis, vector: Tensor1D): SolverSteps<Tensor1D> {
  const candidate = candidateOf(vector);
  const { remainder } = yield* orthogonalize(found, candidate);
  return vectorOf(candidate, remainder > 0 ? 1 / remainder : 0);
}

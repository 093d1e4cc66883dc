import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone, mul } from '@tensorflow/tfjs-core';
import type { KrylovBasis } from './basis.js';
import { candidateOf, vectorOf } from './candidate.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { NormalizedOperator } from './normalized-operator.js';
import { orthogonalize } from './orthogonalize.js';
import { symmetricEigen } from '../symmetric-eigen.js';
import { projectProduct } from './projected-product.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/** A vector v orthogonal to those found, P the projection on them, and its image. */
export interface DeflatedPair {
  /** λ = vᵀAv. */
  readonly value: number;
  /** ‖(1 - P)Av - λv‖. */
  readonly residualNorm: number;
  /** ‖Av‖. */
  readonly imageNorm: number;
  /** Av along the vectors found. */
  readonly coefficients: Float64Array;
  /** ‖(1 - P)Av‖. */
  readonly length: number;
  /** |uᵀAv - vᵀAu|, u the vector that led to v; 0 where there was none. */
  readonly asymmetry: number;
  /** (1 - P)Av at unit length, owned by the caller. */
  readonly next: Tensor1D;
}

/** A vector u that has been multiplied, and ‖(1 - P)Au‖. */
export interface Predecessor {
  readonly vector: Tensor1D;
  readonly length: number;
}

/**
 * Multiplies a vector.
 *
 * @param vector v, orthogonal to those found, of unit length; stays the caller's
 * @param before u, with v = (1 - P)Au at unit length: so vᵀAu = ‖(1 - P)Au‖, and by symmetry uᵀAv as well
 */
export function* deflatedPair(
  products: NormalizedOperator,
  found: KrylovBasis,
  vector: Tensor1D,
  before: Predecessor | null = null,
): SolverSteps<DeflatedPair> {
  const { candidate, coefficients, remainder, norm, scale } = yield* projectProduct(products, found, () =>
    clone(vector),
  );
  const rest = vectorOf(candidate, remainder / scale);
  try {
    const [value, coupling] = yield innerProducts([vector, rest], [before?.vector ?? vector, rest]);
    const residual = plusMultiple(rest, vector, -value!);
    const square = innerProducts([residual, residual]);
    release(residual);
    return {
      value: scale * value!,
      residualNorm: scale * Math.sqrt((yield square)[0]!),
      imageNorm: norm,
      coefficients,
      length: remainder,
      asymmetry: before == null ? 0 : Math.abs(scale * coupling! - before.length),
      next: mul(rest, inverse(remainder / scale)),
    };
  } finally {
    release(rest);
  }
}

/** The eigenvectors of VAVᵀ for the vectors V found, largest eigenvalue in magnitude first, as weights of their rows. */
export function ritzVectors(pairs: readonly DeflatedPair[]): readonly Float64Array[] {
  const entry = (i: number, j: number): number =>
    i === j ? pairs[i]!.value : pairs[Math.max(i, j)]!.coefficients[Math.min(i, j)]!;
  return symmetricEigen(pairs.length, entry, 'LM').vectors;
}

/** The part of a vector, which is disposed, orthogonal to the rows found, at unit length. */
export function* orthonormal(found: KrylovBasis, vector: Tensor1D): SolverSteps<Tensor1D> {
  const candidate = candidateOf(vector);
  yield* orthogonalize(found, candidate);
  return vectorOf(candidate);
}

function inverse(norm: number): number {
  return norm > 0 ? 1 / norm : 0;
}

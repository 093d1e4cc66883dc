import type { Tensor1D } from '@tensorflow/tfjs-core';
import { KrylovBasis } from '../solvers/basis.js';
import type { Candidate } from '../solvers/candidate.js';
import { candidateOf, discard, vectorOf } from '../solvers/candidate.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { FLOAT32_EPSILON, NEGLIGIBLE } from '../float32.js';
import type { Projection } from '../solvers/orthogonalize.js';
import { orthogonalize } from '../solvers/orthogonalize.js';
import type { NormalizedOperator } from '../solvers/normalized-operator.js';

/** An orthonormal basis Q of the range of AΩ for random Ω, grown vector by vector. */
export class RangeBasis {
  /** Q, one row for each independent product. */
  readonly basis: KrylovBasis;
  /** What is left of the product that had nothing new in it, rounding included: about ‖A - QQᵀA‖_F at most. */
  rest = NaN;

  constructor(readonly products: NormalizedOperator) {
    this.basis = new KrylovBasis(products.size);
  }

  /**
   * Multiplies a probe and adds what is new in the product as a row.
   *
   * @param probe shape [n]; disposed here
   * @returns the coefficients of the product along all rows, the new one included; 'exhausted' where nothing is
   *   new: the rows span the range
   */
  *grow(probe: Tensor1D): SolverSteps<Float64Array | 'exhausted' | 'nonFinite'> {
    const { coefficients, remainder, candidate } = yield* this.image(probe);
    const norm = Math.hypot(...coefficients, remainder);
    const isNew = remainder > NEGLIGIBLE * norm && this.basis.rows < this.products.size;
    if (!isNew || !Number.isFinite(norm)) {
      discard(candidate);
      this.rest = Math.max(remainder, FLOAT32_EPSILON * norm);
      return Number.isFinite(norm) ? 'exhausted' : 'nonFinite';
    }
    this.basis.append(candidate);
    return Float64Array.of(...coefficients, remainder);
  }

  /** The coefficients of A q_i along all rows. */
  *column(i: number): SolverSteps<Float64Array> {
    const { coefficients, candidate } = yield* this.image(this.basis.row(i));
    discard(candidate);
    return coefficients;
  }

  /** The coefficients of a vector, which is disposed, along all rows. */
  *along(vector: Tensor1D): SolverSteps<Float64Array> {
    const candidate = candidateOf(vector);
    const { coefficients } = yield* orthogonalize(this.basis, candidate);
    discard(candidate);
    return coefficients;
  }

  /** The part of a vector, which is disposed, orthogonal to the rows; the caller disposes it. */
  *complement(vector: Tensor1D): SolverSteps<Tensor1D> {
    if (this.basis.rows === 0) return vector;
    const candidate = candidateOf(vector);
    const { remainder } = yield* orthogonalize(this.basis, candidate);
    return vectorOf(candidate, remainder);
  }

  /** Releases the rows. */
  dispose(): void {
    this.basis.dispose();
  }

  private *image(vector: Tensor1D): SolverSteps<Projection & { readonly candidate: Candidate }> {
    const candidate = candidateOf(yield* this.products.consume(vector));
    const measures = yield* orthogonalize(this.basis, candidate);
    return { ...measures, candidate };
  }
}

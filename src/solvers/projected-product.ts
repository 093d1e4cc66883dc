import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { KrylovBasis } from './basis.js';
import type { Candidate } from './candidate.js';
import { candidateOf, discard } from './candidate.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { NormalizedOperator } from './normalized-operator.js';
import { orthogonalize } from './orthogonalize.js';

/** A product Av, parted into what lies along some rows and what is left. Numbers are those of A, in double precision. */
export interface ProjectedProduct {
  /** Along each row. */
  readonly coefficients: Float64Array;
  /** ‖w‖₂ of what is left, w. */
  readonly remainder: number;
  /** ‖Av‖₂. */
  readonly norm: number;
  /** w at unit length, zero where nothing is left; owned by the caller. */
  readonly candidate: Candidate;
  readonly scale: number;
}

/**
 * Multiplies a vector and orthogonalises the product against the rows of a basis.
 *
 * The scale was chosen by an earlier product. One that has outgrown it by 1e19, as where the run began with a vector that is
 * almost in the null space, is taken again at a scale of its own: that is a product more, if the budget has it.
 *
 * @param take gives the vector, which is disposed once it is multiplied, and gives it again where it is asked again
 * @param coupled see {@link orthogonalize}
 */
export function* projectProduct(
  products: NormalizedOperator,
  basis: KrylovBasis,
  take: () => Tensor1D,
  coupled?: number,
): SolverSteps<ProjectedProduct> {
  for (;;) {
    const candidate = candidateOf(yield* products.consume(take()));
    const { scale } = products;
    const projection = yield* orthogonalize(basis, candidate, coupled);
    const coefficients = projection.coefficients.map((h) => scale * h);
    const remainder = scale * projection.remainder;
    const norm = Math.hypot(...coefficients, remainder);
    if (Number.isFinite(norm) || !products.budget.allows() || !products.forgetScale()) {
      return { coefficients, remainder, norm, candidate, scale };
    }
    discard(candidate);
  }
}

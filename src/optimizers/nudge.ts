import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  addN,
  clone,
  isFinite,
  matMul,
  mul,
  reshape,
  sub,
  tidy,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';

/**
 * Orthonormal directions V [k, n] cut into columns: for each variable its block [k, size of the variable], or null
 * where all directions are zero. The subspace is one for all variables; only the arithmetic goes variable by
 * variable, which saves joining and cutting vectors of length n in every step.
 */
export type DirectionBlocks = readonly (Tensor2D | null)[];

/**
 * The coordinates of a vector along the directions: α = V x = Σ_v V_v x_v.
 *
 * A coordinate that is not a finite number is returned as 0, so that a vector with NaN in some entries (a loss
 * that blew up) is left as it is by the projection instead of spreading the NaN over all entries.
 *
 * @param directions V by variable, not all null
 * @param parts x by variable
 * @returns α [k], a new tensor owned by the caller. Cost: one matrix–vector product over all rows
 */
export function coordinates(directions: DirectionBlocks, parts: readonly Tensor[]): Tensor1D {
  return tidy(() => {
    const products = directions.flatMap((block, i) =>
      block == null ? [] : [matMul(block, reshape(parts[i]!, [parts[i]!.size, 1]))],
    );
    const alphas = reshape(addN(products), [-1]) as Tensor1D;
    return where(isFinite(alphas), alphas, zerosLike(alphas));
  });
}

/**
 * The vector with given coordinates along the directions: Vᵀα, by variable.
 *
 * @param directions V by variable
 * @param alphas coordinates α [k]
 * @param like tensors whose shapes the result takes
 * @returns for each variable V_vᵀα as a new tensor owned by the caller, or null where it is zero. Cost: one
 *   matrix–vector product over all rows
 */
export function combination(
  directions: DirectionBlocks,
  alphas: Tensor1D,
  like: readonly Tensor[],
): (Tensor | null)[] {
  const row: Tensor2D = reshape(alphas, [1, alphas.size]);
  const parts = directions.map(
    (block, i) => block && tidy((): Tensor => reshape(matMul(row, block), like[i]!.shape)),
  );
  row.dispose();
  return parts;
}

/**
 * Scales the part of a vector that lies along the directions by γ and leaves the rest: x − (1 − γ) VᵀV x.
 *
 * γ = 1 changes nothing, γ = 0 removes the part, γ > 1 lengthens it. Applied to a step of gradient descent with
 * the sharpest directions of the loss this is the nudge of Jastrzębski et al. 2019, arXiv 1807.05031, section 4.
 *
 * @param directions V by variable
 * @param parts x by variable; they stay the caller's
 * @param gamma γ
 * @returns new tensors shaped like the parts, owned by the caller. Cost: two matrix–vector products over all rows
 */
export function nudge(directions: DirectionBlocks, parts: readonly Tensor[], gamma: number): Tensor[] {
  return tidy(() => {
    const excess = combination(directions, mul(coordinates(directions, parts), 1 - gamma), parts);
    return parts.map((part, i) => {
      const along = excess[i];
      return along == null ? clone(part) : sub(part, along);
    });
  });
}

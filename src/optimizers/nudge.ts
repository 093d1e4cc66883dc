import type { Tensor } from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import type { Blocks } from '../tfjs/kernels/block-products.js';
import { blockDots, blockSums } from '../tfjs/kernels/block-products.js';

/**
 * Orthonormal directions V [k, n] cut into columns: for each variable its block [k, size of the variable], or null
 * where all directions are zero. The subspace is one for all variables; only the arithmetic goes variable by
 * variable, which saves joining and cutting vectors of length n in every step.
 */
export type DirectionBlocks = Blocks;

/**
 * Scales the part of a vector that lies along the directions by γ and leaves the rest: x − (1 − γ) VᵀV x.
 *
 * γ = 1 changes nothing, γ = 0 removes the part, γ > 1 lengthens it. Applied to a step of gradient descent with
 * the sharpest directions of the loss this is the nudge of Jastrzębski et al. 2019, arXiv 1807.05031, section 4.
 *
 * A coordinate V x that is not a finite number counts as 0, so that a vector with NaN in some entries (a loss that blew
 * up) is left as it is instead of spreading the NaN over all entries.
 *
 * @param directions V by variable, not all null
 * @param parts x by variable; they stay the caller's
 * @param gamma γ
 * @returns new tensors shaped like the parts, owned by the caller. Cost: two matrix–vector products over all rows
 */
export function nudge(directions: DirectionBlocks, parts: readonly Tensor[], gamma: number): Tensor[] {
  return tidy(() => {
    const along = { scale: gamma - 1, blocks: directions, alphas: blockDots(directions, parts) };
    return blockSums({ factor: 1, parts }, null, along);
  });
}

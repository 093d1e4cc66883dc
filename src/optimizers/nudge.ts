import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { abs, lessEqual, matMul, mul, reshape, sub, tidy, where, zerosLike } from '@tensorflow/tfjs-core';

/** The largest finite float32. */
const largestFloat32 = 3.4028234663852886e38;

/**
 * The coordinates of a vector along the directions: α = V x.
 *
 * A coordinate that is not a finite number is returned as 0, so that a vector with NaN in some entries (a loss
 * that blew up) is left as it is by the projection instead of spreading the NaN over all entries.
 *
 * @param directions orthonormal rows V [k, n]
 * @param vector x [n]
 * @returns α [k], a new tensor owned by the caller. Cost: one matrix–vector product over all rows
 */
export function coordinates(directions: Tensor2D, vector: Tensor1D): Tensor1D {
  const [k, n] = directions.shape;
  return tidy(() => {
    const alphas = reshape(matMul(directions, reshape(vector, [n, 1])), [k]) as Tensor1D;
    return where(lessEqual(abs(alphas), largestFloat32), alphas, zerosLike(alphas));
  });
}

/**
 * The vector with given coordinates along the directions: Vᵀα.
 *
 * @param directions orthonormal rows V [k, n]
 * @param alphas coordinates α [k]
 * @returns Vᵀα [n], a new tensor owned by the caller. Cost: one matrix–vector product over all rows
 */
export function combination(directions: Tensor2D, alphas: Tensor1D): Tensor1D {
  const [k, n] = directions.shape;
  return tidy(() => reshape(matMul(reshape(alphas, [1, k]), directions), [n]) as Tensor1D);
}

/**
 * Scales the part of a vector that lies along the directions by γ and leaves the rest: x − (1 − γ) VᵀV x.
 *
 * γ = 1 changes nothing, γ = 0 removes the part, γ > 1 lengthens it. Applied to a step of gradient descent with
 * the sharpest directions of the loss this is the nudge of Jastrzębski et al. 2019, arXiv 1807.05031, section 4.
 *
 * @param directions orthonormal rows V [k, n]
 * @param vector x [n]; stays the caller's
 * @param gamma γ
 * @returns a new tensor [n] owned by the caller. Cost: two matrix–vector products over all rows
 */
export function nudge(directions: Tensor2D, vector: Tensor1D, gamma: number): Tensor1D {
  return tidy(() => {
    const excess = mul(coordinates(directions, vector), 1 - gamma) as Tensor1D;
    return sub(vector, combination(directions, excess)) as Tensor1D;
  });
}

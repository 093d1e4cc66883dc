import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { matMul, mul, reshape, sub, tidy } from '@tensorflow/tfjs-core';

/** ⟨e_i, x⟩ for orthonormal rows e_i [k, n] and x [n]: a new vector [k], owned by the caller. */
export function coordinates(rows: Tensor2D, vector: Tensor1D): Tensor1D {
  return tidy(() => reshape(matMul(rows, reshape(vector, [-1, 1])), [-1]) as Tensor1D);
}

/** Σ α_i e_i for α [k]: a new vector [n], owned by the caller. */
export function combination(rows: Tensor2D, alphas: Tensor1D): Tensor1D {
  return tidy(() => reshape(matMul(reshape(alphas, [1, -1]), rows), [-1]) as Tensor1D);
}

/** x with its part in the span of the rows times `factor`: a new vector [n], owned by the caller. */
export function scaleAlong(rows: Tensor2D, vector: Tensor1D, factor: number): Tensor1D {
  return tidy(() => {
    const excess = mul(coordinates(rows, vector), 1 - factor) as Tensor1D;
    return sub(vector, combination(rows, excess)) as Tensor1D;
  });
}

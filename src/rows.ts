import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  abs,
  addN,
  clipByValue,
  div,
  divNoNan,
  eye,
  keep,
  matMul,
  max,
  mul,
  reshape,
  slice,
  sqrt,
  square,
  stack,
  sub,
  sum,
  tidy,
} from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, requireArgument, requireThat } from './errors.js';
import { LARGEST_FLOAT32 } from './float32.js';
import type { SolverSteps } from './tfjs/drive.js';

/**
 * How far V Vᵀ may be from the identity, entry by entry, for the rows of V to count as orthonormal: float32 rows of a
 * solver are within 1e-5, an error of 1e-3 changes what is projected on them by as much, and rows of another file, or
 * cut at another place, are far off.
 */
export const ORTHONORMALITY_TOLERANCE = 1e-3;

/** One vector [n], or several as rows [m, n]. */
export type Vectors = Tensor1D | Tensor2D;

/** Throws unless `tensor` is a live float32 tensor of a shape that `fits`; the error names `where`. */
export function requireTensor(
  tensor: Tensor,
  fits: (shape: readonly number[]) => boolean,
  where: string,
  expected: string,
  remedy: string | null = null,
): void {
  requireArgument(tensor != null && Array.isArray(tensor.shape), where, expected, tensor, remedy);
  requireThat(!tensor.isDisposed, where, expected, 'a disposed tensor');
  requireArgument(tensor.dtype === 'float32' && fits(tensor.shape), where, expected, tensor, remedy);
}

/**
 * Throws unless `rows` is a live float32 tensor of shape [m, size], m ≥ 1; the error names `where`.
 * That the rows are orthonormal is not checked: see {@link checkOrthonormal}.
 */
export function requireRows(
  rows: Tensor2D,
  size: number,
  where: string,
  expected = `orthonormal float32 rows of shape [m, ${size}]`,
): void {
  requireTensor(rows, (shape) => shape.length === 2 && shape[0]! > 0 && shape[1] === size, where, expected);
}

/**
 * Checks that the rows of V are orthonormal, |V Vᵀ − I| ≤ 1e-3 entry by entry.
 *
 * @throws CurvatureArgumentError that names `where`, from the driver of the steps, if they are not
 */
export function* checkOrthonormal(rows: Tensor2D, where: string): SolverSteps<void> {
  const error = tidy(() => {
    const gram = matMul(rows, rows, false, true);
    return keep(reshape(max(abs(sub(gram, eye(rows.shape[0])))), [1]));
  });
  const [largest] = yield error;
  if (largest! <= ORTHONORMALITY_TOLERANCE) return;
  throw new CurvatureArgumentError(
    where,
    'orthonormal rows, |V Vᵀ − I| ≤ 1e-3',
    `rows with |V Vᵀ − I| = ${largest!.toPrecision(3)}`,
  );
}

/** The smallest number that every device tells from 0. */
const LEAST_SCALE = 2 ** -126;

/**
 * The Euclidean norm of tensors taken together as one vector, as the product of two numbers. Neither leaves the range of
 * float32 where the tensors do not, as squares would: ‖x‖₂ = m · ‖x/m‖₂ with m = max |x_i|, cut to a finite m > 0, so
 * that zeros have the norm 0 and an infinite entry an infinite one.
 *
 * @returns m and ‖x/m‖₂, new scalars, owned by the caller
 */
export function factoredNorm(parts: readonly Tensor[]): [scale: Scalar, rest: Scalar] {
  return tidy(() => {
    const filled = parts.filter(({ size }) => size > 0);
    const largest: Scalar = max(stack(filled.map((part) => max(abs(part)))));
    const scale = clipByValue(largest, LEAST_SCALE, LARGEST_FLOAT32);
    const squares = filled.map((part): Tensor => sum(square(div(part, scale))));
    return [scale, sqrt(addN(squares)) as Scalar];
  });
}

/** {@link factoredNorm} multiplied out: a new scalar, owned by the caller. */
export function euclideanNorm(parts: readonly Tensor[]): Scalar {
  return tidy(() => mul(...factoredNorm(parts)));
}

/** x / ‖x‖ whatever its size, 0 for x = 0: a new tensor, owned by the caller. */
export function unitVector<T extends Tensor>(x: T): T {
  return tidy(() => {
    const [scale, rest] = factoredNorm([x]);
    return divNoNan(div(x, scale), rest) as T;
  });
}

/** Row i of [m, n] as a new vector [n], owned by the caller. */
export function rowOf(rows: Tensor2D, i: number): Tensor1D {
  return tidy(() => reshape(slice(rows, [i, 0], [1, -1]), [-1]) as Tensor1D);
}

/** ⟨e_i, x⟩ for rows e_i [m, n] and x [n], or each row x of [p, n]: a new tensor [m] or [p, m], the caller's. */
export function coordinates<T extends Vectors>(rows: Tensor2D, x: T): T {
  const [m, n] = rows.shape;
  const shape = x.rank === 1 ? [m] : [x.shape[0], m];
  return tidy(() => reshape(matMul(reshape(x, [-1, n]), rows, false, true), shape) as Tensor as T);
}

/** Σ α_i e_i for α [m], or each row α of [p, m]: a new tensor [n] or [p, n], owned by the caller. */
export function combination<T extends Vectors>(rows: Tensor2D, alphas: T): T {
  const [m, n] = rows.shape;
  const shape = alphas.rank === 1 ? [n] : [alphas.shape[0], n];
  return tidy(() => reshape(matMul(reshape(alphas, [-1, m]), rows), shape) as Tensor as T);
}

/** x with its part in the span of orthonormal rows times `factor`: a new tensor of its shape, owned by the caller. */
export function scaleAlong<T extends Vectors>(rows: Tensor2D, x: T, factor: number): T {
  return tidy(() => {
    const along = coordinates(rows, x);
    return sub(x, combination(rows, factor === 0 ? along : (mul(along, 1 - factor) as T)));
  });
}

import type { Tensor2D } from '@tensorflow/tfjs-core';
import { concat, gather, matMul, mul, slice, sub, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { release } from './vector-arithmetic.js';

/** Vectors as rows with their products: S, AS and BS, each [m, n]. */
export interface MultipliedRows {
  readonly rows: Tensor2D;
  readonly images: Tensor2D;
  /** BS; a clone of S for B = I. */
  readonly duals: Tensor2D;
}

/** C·S for coefficients C, one list a new row. The caller releases them. */
export function combined(
  coefficients: readonly ArrayLike<number>[],
  { rows, images, duals }: MultipliedRows,
): MultipliedRows {
  const shape: [number, number] = [coefficients.length, rows.shape[0]];
  const flat = coefficients.flatMap((row) => Array.from(row));
  return made(() => {
    const weights = tensor2d(flat, shape);
    const times = (tensor: Tensor2D): Tensor2D => matMul(weights, tensor);
    return { rows: times(rows), images: times(images), duals: times(duals) };
  });
}

/** AS − ΘBS for values θ, one for each row. The caller disposes it. */
export function residualOf({ images, duals }: MultipliedRows, values: ArrayLike<number>): Tensor2D {
  return tidy((): Tensor2D => sub(images, mul(tensor2d(Array.from(values), [values.length, 1]), duals)));
}

/** Some rows under others, which are released. The caller releases the result. */
export function joined(...parts: readonly MultipliedRows[]): MultipliedRows {
  if (parts.length === 1) return parts[0]!;
  const under = (name: keyof MultipliedRows): Tensor2D => concat(parts.map((part) => part[name]));
  const result = made(() => ({ rows: under('rows'), images: under('images'), duals: under('duals') }));
  for (const part of parts) releaseRows(part);
  return result;
}

/** W less its part in the span of B-orthonormal rows: W − (W BSᵀ) S, taken twice. The caller disposes it. */
export function withoutSpan(w: Tensor2D, { rows, duals }: MultipliedRows): Tensor2D {
  const pass = (from: Tensor2D): Tensor2D => sub(from, matMul(matMul(from, duals, false, true), rows));
  return tidy(() => pass(pass(w)));
}

/** Some of the rows, as rows of their own. The caller releases them. */
export function multipliedRows(of: MultipliedRows, from: number, count: number): MultipliedRows {
  const part = (tensor: Tensor2D): Tensor2D => slice(tensor, [from, 0], [count, -1]);
  return made(() => ({ rows: part(of.rows), images: part(of.images), duals: part(of.duals) }));
}

/** The rows of some indices, in their order, as rows of their own. The caller releases them. */
export function pickedRows(of: MultipliedRows, indices: readonly number[]): MultipliedRows {
  return made(() => {
    const at = tensor1d([...indices], 'int32');
    const part = (tensor: Tensor2D): Tensor2D => gather(tensor, at);
    return { rows: part(of.rows), images: part(of.images), duals: part(of.duals) };
  });
}

/** Releases rows and products. */
export function releaseRows(rows: MultipliedRows | null): void {
  if (rows != null) release(rows.rows, rows.images, rows.duals);
}

/** The tensors that `make` returns, of all that it makes. They belong to whoever runs: what fails leaves none of them. */
function made(make: () => MultipliedRows): MultipliedRows {
  let result!: MultipliedRows;
  tidy(() => {
    result = make();
    return Object.values(result) as Tensor2D[];
  });
  return result;
}

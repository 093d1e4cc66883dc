import * as tf from '@tensorflow/tfjs-core';
import { linearize } from '../../src/autodiff/linearize.js';

/** A function at a point where pieces of it meet, with its derivatives there as a formula gives them. */
export interface KinkCase {
  readonly name: string;
  /** The variables' values; the derivatives count them in this order, flattened. */
  readonly at: readonly tf.TensorLike[];
  readonly loss: (...variables: tf.Tensor[]) => tf.Tensor;
  readonly gradient: readonly number[];
  /** The whole matrix, or its diagonal where it has nothing else. */
  readonly hessian: readonly (number | readonly number[])[];
}

/** Gradient and Hessian of a case on the present backend, a column a product. */
export async function derivativesOf({
  at,
  loss,
}: KinkCase): Promise<{ gradient: number[]; hessian: number[][] }> {
  const variables = at.map((values) => {
    const initial = tf.tensor(values, undefined, 'float32');
    const variable = tf.variable(initial);
    initial.dispose();
    return variable;
  });
  const linearization = linearize(() => loss(...variables), variables);
  const gradient = Array.from(await linearization.gradient.data());
  const hessian: number[][] = [];
  for (const column of gradient.keys()) {
    const unit = tf.tensor1d(gradient.map((_, i) => (i === column ? 1 : 0)));
    const product = linearization.hvp(unit);
    hessian.push(Array.from(await product.data()));
    tf.dispose([unit, product]);
  }
  linearization.dispose();
  tf.dispose(variables);
  return { gradient, hessian };
}

/** The matrix that a case gives whole or by its diagonal. */
export function matrixOf({ hessian }: KinkCase): number[][] {
  return hessian.map((row, i) =>
    typeof row === 'number' ? hessian.map((_, j) => (i === j ? row : 0)) : [...row],
  );
}

/** The largest difference of two lists; infinite where one has NaN. */
export function largestDifference(a: readonly number[], b: readonly number[]): number {
  const differences = a.map((value, i) => Math.abs(value - b[i]!));
  return differences.every((difference) => difference >= 0) ? Math.max(...differences) : Infinity;
}

/** The first two derivatives of a function of each entry, at all points at once. */
export async function derivativesAlong(
  f: (x: tf.Tensor) => tf.Tensor,
  points: readonly number[],
): Promise<{ gradient: number[]; curvature: number[] }> {
  const initial = tf.tensor1d([...points]);
  const variable = tf.variable(initial);
  const ones = tf.onesLike(initial);
  const linearization = linearize(() => tf.sum(f(variable)), [variable]);
  const product = linearization.hvp(ones);
  const result = {
    gradient: Array.from(await linearization.gradient.data()),
    curvature: Array.from(await product.data()),
  };
  linearization.dispose();
  tf.dispose([initial, variable, ones, product]);
  return result;
}

/** The smallest normal float32 number: what is below may come out as 0. */
const smallestNormal = 2 ** -126;

/** The largest error of a number relative to the wanted one; infinite where one is NaN. */
export function largestRelativeError(values: readonly number[], wanted: readonly number[]): number {
  const errors = values.map(
    (value, i) => Math.abs(value - wanted[i]!) / Math.max(Math.abs(wanted[i]!), smallestNormal),
  );
  return errors.every((error) => error >= 0) ? Math.max(...errors) : Infinity;
}

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

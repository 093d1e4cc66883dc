import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { lossObjective } from '../src/objectives/objective.js';
import { HessianOperator } from '../src/operators/hessian.js';
import { NSGD } from '../src/optimizers/nsgd.js';
import type { NSGDOptions } from '../src/optimizers/nsgd-options.js';
import { lanczos } from '../src/solvers/lanczos.js';
import { MnistNet } from './mnist-net.js';

/** Orthonormal rows [k, n]: random, in the first 200 columns, which costs a step as much as any. */
export function randomDirections(k: number, n: number): Tensor2D {
  return tf.tidy(() => {
    const [columns] = tf.linalg.qr(tf.randomNormal([200, k], 0, 1, 'float32', 1));
    const padding: [number, number][] = [
      [0, 0],
      [0, n - 200],
    ];
    return tf.pad<Tensor2D>(tf.transpose(columns as Tensor2D), padding);
  });
}

/**
 * Trains the MNIST net and compares, every `every` steps, the directions of the optimizer with the top five of
 * the loss they were last sought on (the same minibatch, at the present weights).
 *
 * @returns the mean cosine of the principal angles, and how often directions were sought
 */
export async function trackingQuality(
  options: NSGDOptions,
  steps: number,
  every: number,
): Promise<{ cosine: number; searches: number }> {
  const net = new MnistNet();
  const optimizer = new NSGD({ k: 5, ...options });
  const { variables } = net;
  const cosines: number[] = [];
  let [searches, searched, last] = [0, 0, ''];
  for (let step = 0; step < steps; step++) {
    optimizer.minimize(net.batchLoss(step), false, variables);
    const found = String(optimizer.eigenvalues);
    if (found !== last) [searches, searched, last] = [searches + 1, step, found];
    if (step % every === every - 1) {
      cosines.push(await subspaceCosine(optimizer.directions!, net.batchLoss(searched), variables));
    }
  }
  optimizer.dispose();
  net.model.dispose();
  tf.dispose(net.data);
  return { cosine: mean(cosines), searches };
}

/** Mean cosine of the principal angles between the rows and the sharpest directions of a loss, as many as rows. */
async function subspaceCosine(rows: Tensor2D, loss: () => Scalar, variables: Variable[]): Promise<number> {
  const hessian = new HessianOperator(lossObjective(loss, variables));
  const exact = await lanczos(hessian, { k: rows.shape[0], tol: 1e-2 });
  const inner = tf.tidy(() => tf.matMul<Tensor2D>(rows, exact.eigenvectors, false, true).arraySync());
  exact.dispose();
  hessian.dispose();
  return mean(new SingularValueDecomposition(new Matrix(inner)).diagonal);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

import * as tf from '@tensorflow/tfjs-core';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import { laplace } from '../../../src/analysis/laplace.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import { useBackend } from '../../wasm-backend.js';
import { normal } from './kfac-case.js';

/** Linear regression: K-FAC is exact, and all is known by the small matrix XXᵀ in double precision. */
function regression(examples: number, features: number, scale: number) {
  const xs = tf.tidy(() => tf.mul(tf.randomUniform([examples, features], 0, 1, 'float32', 1), scale));
  const w = tf.tidy(() => tf.variable(tf.zeros([features, 1])));
  const ys = normal([examples, 1], 3);
  const objective = lossObjective(
    {
      outputs: () => tf.matMul(xs, w),
      loss: (z) => tf.mean(tf.squaredDifference(z!, ys)),
      likelihood: 'gaussian',
    },
    [w],
  );
  const x = new Matrix(xs.arraySync() as number[][]);
  return { objective, x, gram: x.mmul(x.transpose()), dispose: () => tf.dispose([xs, w, ys]) };
}

/** log det of a symmetric matrix. */
function logDeterminant(matrix: Matrix): number {
  const { lowerTriangularMatrix: l } = new CholeskyDecomposition(matrix);
  return 2 * l.diagonal().reduce((sum, x) => sum + Math.log(x), 0);
}

describe('a damping that is small beside the curvature', () => {
  beforeAll(() => useBackend('cpu'));

  it.each(['exact', 'factored'] as const)('leaves the inverse of a singular block one: %s', async (split) => {
    const { objective, dispose } = regression(8, 60, 1);
    const kfac = new KFACOperator(objective, { type: 'exact' });
    for (const damping of [1e-2, 1e-4, 1e-6]) {
      const inverse = await kfac.inverse({ damping, split });
      // A vector of the range, and one of the null space.
      const image = kfac.matvec(tf.ones([kfac.size]));
      const back = inverse.matvec(image);
      const again = kfac.matvec(back);
      const [length, error] = tf.tidy(() => [
        tf.norm(image).dataSync()[0]!,
        tf.norm(tf.sub(tf.add(again, tf.mul(back, damping)), image)).dataSync()[0]!,
      ]);
      // Factors that are damped by themselves are so by √δ, not by δ.
      expect(error! / length!).toBeLessThan(split === 'exact' ? 1e-4 : 2 * Math.sqrt(damping));
      expect(tf.tidy(() => tf.sum(tf.mul(image, back)).dataSync()[0])).toBeGreaterThan(0);
      for (const held of [inverse, image, back, again]) held.dispose();
    }
    kfac.dispose();
    dispose();
  });

  it.each(['full', 'kronecker', 'lowRank'] as const)(
    'keeps rounding out of the evidence and out of variances: laplace, %s',
    async (structure) => {
      const [examples, features] = [12, 40];
      const { objective, x, gram, dispose } = regression(examples, features, 255);
      for (const delta of [1e-2, 1e-4]) {
        // Of N times the mean loss the curvature is 2/N · N XᵀX / 2 for the noise 1: see `laplace`.
        const { evidences, predictions } = await laplace(objective, {
          structure,
          priorPrecision: delta,
          k: examples,
          test: objective,
        });
        const expected =
          logDeterminant(Matrix.add(gram, Matrix.eye(examples).mul(delta))) +
          (features - examples) * Math.log(delta);
        expect(evidences[0]!.logDeterminant).toBeCloseTo(expected, 2);
        // At the training inputs the data have told all: xᵀ(XᵀX + δI)⁻¹x is 1 but for δ.
        for (const { variance } of predictions.slice(0, x.rows)) {
          expect(Math.abs((variance as number[]).flat()[0]! - 1)).toBeLessThan(1e-2);
        }
      }
      dispose();
    },
  );

  it('is not met by what rounding leaves of a zero eigenvalue, of a factor that is a matrix', async () => {
    const [examples, features] = [25, 40];
    const { objective, gram, dispose } = regression(examples, features, 255);
    const kfac = new KFACOperator(objective);
    for (const damping of [1, 1e-2, 1e-4]) {
      const curvature = Matrix.mul(gram, 2 / examples);
      const expected =
        logDeterminant(Matrix.add(curvature, Matrix.eye(examples).mul(damping))) +
        (features - examples) * Math.log(damping);
      expect(await kfac.logDeterminant({ damping })).toBeCloseTo(expected, 2);
    }
    kfac.dispose();
    dispose();
  });
});

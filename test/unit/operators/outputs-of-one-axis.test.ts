import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { laplace } from '../../../src/analysis/laplace.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { gaussNewtonDiagonal } from '../../../src/operators/gauss-newton-diagonal.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import { variableOf } from '../../closed-form.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';
import { matrixOf } from './kfac-case.js';

// Some sums of products in float32.
const rounding = 5e-6;

const x = [
  [1, 0.5],
  [0.25, -2],
  [-1, 1],
  [2, 0.75],
];
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const weights = [0.3, -0.7];
const p = x.map(([a, b]) => sigmoid(weights[0]! * a! + weights[1]! * b!));

/** Of a linear model z = Xw with outputs [N] the Hessian Σ h_i x_i x_iᵀ / N. */
const cases = [
  {
    likelihood: 'gaussian',
    loss: (z: Tensor) => tf.mean(tf.square(z)),
    curvature: p.map(() => 2),
  },
  {
    likelihood: 'bernoulli',
    loss: (z: Tensor) => tf.mean(tf.sub(tf.softplus(z), tf.mul(z, tf.tensor1d([1, 0, 0, 1])))),
    curvature: p.map((one) => one * (1 - one)),
  },
] as const;

describe.each(cases)('outputs of shape [N] as [N, 1]: $likelihood', ({ likelihood, loss, curvature }) => {
  beforeEach(() => useBackend('cpu'));

  /** Σ h_i x_i x_iᵀ / N, h by example. */
  const meanOf = (h: readonly number[]): number[][] =>
    [0, 1].map((i) =>
      [0, 1].map((j) => x.reduce((sum, row, e) => sum + (h[e]! * row[i]! * row[j]!) / x.length, 0)),
    );
  const hessian = meanOf(curvature);
  // A ⊗ B with the means of x xᵀ and of h.
  const meanCurvature = curvature.reduce((sum, h) => sum + h, 0) / x.length;
  const factored = meanOf(x.map(() => meanCurvature));
  const objectiveOf = (inputs: tf.Tensor2D, w: tf.Variable) => {
    const outputs = () => tf.reshape(tf.matMul(inputs, tf.reshape(w, [2, 1])), [-1]);
    return lossObjective({ outputs, loss, likelihood }, [w]);
  };

  it('gives the diagonal, the factors and the sampled Fisher matrix of the closed form', () => {
    const [inputs, w] = [tf.tensor2d(x), variableOf(weights)];
    const objective = objectiveOf(inputs, w);
    const diagonal = gaussNewtonDiagonal(objective);
    const expected = [hessian[0]![0]!, hessian[1]![1]!];
    expect(relativeError(Array.from(diagonal.dataSync()), expected)).toBeLessThan(rounding);
    const kfac = new KFACOperator(objective);
    expect(relativeError(matrixOf(kfac).flat(), factored.flat())).toBeLessThan(rounding);
    // The standard error of 4000 draws is 2 %.
    const fisher = new FisherOperator(objective, { type: 'monteCarlo', samples: 4000, seed: 3 });
    expect(relativeError(matrixOf(fisher).flat(), hessian.flat())).toBeLessThan(0.1);
    for (const held of [inputs, w, diagonal, kfac, fisher]) held.dispose();
  });

  it.each(['full', 'kronecker'] as const)('gives the variance of laplace by %s', async (structure) => {
    const [inputs, w] = [tf.tensor2d(x), variableOf(weights)];
    const objective = objectiveOf(inputs, w);
    const { predictions } = await laplace(objective, { structure, test: objective });
    // P = I + f A, f = N for cross-entropy and N/2 for squares with deviation 1; the variance is xᵀ P⁻¹ x.
    const f = likelihood === 'gaussian' ? x.length / 2 : x.length;
    const [[a, b], [, d]] = (structure === 'full' ? hessian : factored).map((row, i) =>
      row.map((entry, j) => f * entry + Number(i === j)),
    ) as [[number, number], [number, number]];
    const variances = x.map(([u, v]) => (d * u! * u! - 2 * b * u! * v! + a * v! * v!) / (a * d - b * b));
    const received = predictions.map(({ variance }) => variance[0]!);
    expect(relativeError(received, variances)).toBeLessThan(rounding);
    tf.dispose([inputs, w]);
  });
});

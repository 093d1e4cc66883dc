import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, expect, it } from 'vitest';
import { classStructure } from '../../../src/analysis/class-structure.js';
import { laplace } from '../../../src/analysis/laplace.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { gaussNewtonDiagonal } from '../../../src/operators/gauss-newton-diagonal.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

beforeEach(() => useBackend('cpu'));

it('the likelihood of a loss of one’s own is that of each of its outputs', async () => {
  const x = [-2, -1, 0.5, 1, 3];
  const xs = tf.tensor2d(x, [5, 1]);
  const [v, w] = [variableOf([0.7]), variableOf([-0.4])];
  const tensors = tf.memory().numTensors;
  const times = (factor: Tensor): Tensor => tf.matMul(xs, tf.reshape(factor, [1, 1]));
  const objective = lossObjective(
    {
      outputs: () => [times(v), times(w)],
      loss: (a, b) => tf.add(tf.mean(tf.square(a!)), tf.mul(3, tf.mean(tf.square(b!)))),
      likelihood: 'gaussian',
    },
    [v, w],
  );
  // The loss is m v² + 3 m w² with m the mean of x².
  const m = x.reduce((sum, xi) => sum + xi ** 2, 0) / x.length;
  const expectNear = (found: Tensor, relative: number): void => {
    const [first, second] = found.dataSync();
    expect(Math.abs(first! / (2 * m) - 1)).toBeLessThan(relative);
    expect(Math.abs(second! / (6 * m) - 1)).toBeLessThan(relative);
    found.dispose();
  };
  const expectDiagonal = (operator: LinearOperator, relative: number): void => {
    expectNear(
      tf.tidy(() => operator.matvec(tf.ones([2]))),
      relative,
    );
    operator.dispose();
  };
  // Before anything else has computed the outputs.
  expectDiagonal(new KFACOperator(objective), 1e-5);
  expectNear(gaussNewtonDiagonal(objective), 1e-5);
  // 1000 squares of normal numbers: the standard deviation of their mean is √(2/1000) = 0.045.
  expectDiagonal(new FisherOperator(objective, { type: 'monteCarlo', samples: 200, seed: 1 }), 0.18);
  expectDiagonal(new KFACOperator(objective, { type: 'monteCarlo', samples: 200, seed: 2 }), 0.18);
  for (const measured of [laplace, classStructure] as const)
    await expect(measured(objective)).rejects.toThrow(/one output.*received.*(2 outputs|gaussian, gaussian)/);
  expect(tf.memory().numTensors).toBe(tensors);
  tf.dispose([xs, v, w]);
});

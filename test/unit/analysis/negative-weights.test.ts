import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { classStructure } from '../../../src/analysis/class-structure.js';
import { laplace } from '../../../src/analysis/laplace.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

describe('weights of examples below 0', () => {
  beforeEach(() => useBackend('cpu'));

  it('are refused where gradients are averaged by them', async () => {
    const [w, sampleWeight, ys] = [
      variableOf([1, 2, 0.5]),
      tf.tensor1d([1, -0.5]),
      tf.tensor2d([1, 0, 0, 0, 1, 0], [2, 3]),
    ];
    const objective = lossObjective(
      {
        outputs: () => tf.mul(tf.ones([2, 1]), tf.reshape(w, [1, 3])),
        loss: (z) => tf.neg(tf.mean(tf.mul(sampleWeight, tf.sum(tf.mul(ys, tf.logSoftmax(z)), 1)))),
        sampleWeight,
        likelihood: 'categorical',
      },
      [w],
    );
    const { numTensors } = tf.memory();
    const expected = (name: string) => new RegExp(`^${name}: expected sample and class weights >= 0`);
    await expect(classStructure(objective)).rejects.toThrow(expected('classStructure'));
    for (const structure of ['full', 'lowRank', 'kronecker'] as const) {
      await expect(laplace(objective, { structure, k: 2 })).rejects.toThrow(expected('laplace'));
    }
    expect(tf.memory().numTensors).toBe(numTensors);
    tf.dispose([w, sampleWeight, ys]);
  });

  it('leave laplace a precision that is not positive, if that is what they make', async () => {
    const [theta, signs] = [variableOf([0.5]), tf.tensor2d([1, -3], [2, 1])];
    // L = (z² - 3z²)/2 with z = θ: A = -2. The weights are 2 in the mean, so that f = 1/2: P = δ - 1, and the variance 1/P.
    const objective = lossObjective(
      {
        outputs: () => tf.mul(tf.ones([2, 1]), theta),
        loss: (z) => tf.mean(tf.mul(signs, tf.square(z))),
        likelihood: 'gaussian',
      },
      [theta],
    );
    const small = await laplace(objective, { priorPrecision: 0.5, test: objective });
    expect(small.evidences[0]!.logEvidence).toBeNaN();
    expect(small.predictions).toEqual([]);
    const large = await laplace(objective, { priorPrecision: 3, test: objective });
    expect(large.predictions[0]!.variance[0]).toBeCloseTo(1 / 2, 5);
    tf.dispose([theta, signs]);
  });
});

import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { influence } from '../../../src/analysis/influence.js';
import { laplace } from '../../../src/analysis/laplace.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { gaussNewtonDiagonal } from '../../../src/operators/gauss-newton-diagonal.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';
import { normal } from './kfac-case.js';

beforeAll(() => useBackend('cpu'));

it.each<[string, (z: Tensor) => Tensor[], string]>([
  ['a scalar', (z) => [tf.sum(z)], '\\[\\]'],
  ['different numbers of examples', (z) => [z, tf.slice(z, [0, 0], [2, -1])], '\\[4,2\\], \\[2,2\\]'],
  ['one example beside four', (z) => [z, tf.slice(z, [0, 0], [1, -1])], '\\[4,2\\], \\[1,2\\]'],
])('outputs with %s are refused, and nothing is left', async (_, outputsOf, shapes) => {
  const [xs, w] = [normal([4, 2], 3), variableOf([1, 2, 3, 4])];
  const objective = lossObjective(
    {
      outputs: () => outputsOf(tf.matMul(xs, tf.reshape(w, [2, 2]))),
      loss: (...z) => tf.addN(z.map((one) => tf.mean(tf.square(one)))),
      likelihood: 'gaussian',
    },
    [w],
  );
  const ones = tf.ones([4]) as tf.Tensor1D;
  const tensors = tf.memory().numTensors;
  const message = new RegExp(
    `expected outputs of which the first axis counts the same examples, received ${shapes}$`,
  );
  expect(() => gaussNewtonDiagonal(objective)).toThrow(message);
  expect(() => new KFACOperator(objective)).toThrow(message);
  expect(() => {
    const fisher = new FisherOperator(objective, { type: 'empirical' });
    try {
      fisher.matvec(ones).dispose();
    } finally {
      fisher.dispose();
    }
  }).toThrow(message);
  await expect(influence(objective, { test: objective, damping: 1 })).rejects.toThrow(message);
  if (shapes === '\\[\\]')
    await expect(laplace(objective, { structure: 'kronecker' })).rejects.toThrow(message);
  expect(tf.memory().numTensors).toBe(tensors);
  tf.dispose([xs, w, ones]);
});

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, afterEach, expect, it } from 'vitest';
import { NSGD } from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

let variable: tf.Variable;
const loss = (): tf.Scalar => tf.sum(tf.mul(tf.exp(variable), tf.square(variable)));
const options = { learningRate: 0.01, k: 2, momentum: 0.9 };

beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  variable = tf.variable(tf.tensor1d([1, -2, 0.5]), true, 'nsgd-state/w');
});
afterEach(() => variable.dispose());

it('loads its own weights and trains on as without', async () => {
  const train = async (reload: boolean): Promise<number[]> => {
    variable.assign(tf.tensor1d([1, -2, 0.5]));
    const optimizer = new NSGD(options);
    for (let i = 0; i < 4; i++) {
      optimizer.minimize(loss, false, [variable]);
      if (reload) await optimizer.setWeights(await optimizer.getWeights());
      expect(optimizer.directions?.shape).toEqual([2, 3]);
    }
    optimizer.dispose();
    return Array.from(variable.dataSync());
  };
  expect(await train(true)).toEqual(await train(false));
});

it('copies weights that are disposed right after the call', async () => {
  const [saved, again] = [new NSGD(options), new NSGD(options)];
  saved.minimize(loss, false, [variable]);
  const loading = again.setWeights(await saved.getWeights());
  saved.dispose();
  await loading;
  expect(again.directions?.shape).toEqual([2, 3]);
  again.dispose();
});

it('throws by name, and keeps nothing, if it is disposed in its own loss', () => {
  const before = tf.memory().numTensors;
  for (const refreshEvery of [0, 1]) {
    const optimizer = new NSGD({ ...options, refreshEvery });
    const deadly = (): tf.Scalar => {
      optimizer.dispose();
      return loss();
    };
    expect(() => optimizer.minimize(deadly, false, [variable])).toThrow(
      'NSGD.minimize: expected a live optimizer, received a disposed one',
    );
    expect(tf.memory().numTensors).toBe(before);
  }
});

it('throws by name, and keeps nothing, if it is disposed in a schedule', () => {
  const before = tf.memory().numTensors;
  const theta = Array.from(variable.dataSync());
  const optimizer: NSGD = new NSGD({
    ...options,
    learningRate: () => {
      optimizer.dispose();
      return 0.1;
    },
  });
  expect(() => optimizer.minimize(loss, false, [variable])).toThrow(
    'NSGD.applyGradients: expected a live optimizer, received a disposed one',
  );
  expect(tf.memory().numTensors).toBe(before);
  expect(Array.from(variable.dataSync())).toEqual(theta);
});

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { NSGD } from '../../../src/index.js';
import type { NamedTensor } from '../../../src/optimizers/named-tensor.js';
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

describe('setWeights refuses', () => {
  const iter = (value: number): NamedTensor => ({ name: 'iter', tensor: tf.scalar(value) });
  const directions = (rows: number[][]): NamedTensor => ({
    name: 'nsgd/directions',
    tensor: tf.tensor2d(rows),
  });

  it.each<[string, () => NamedTensor[], RegExp]>([
    ['steps that are NaN', () => [iter(NaN)], /one whole number from 0 as 'iter', received \[NaN\]/],
    ['negative steps', () => [iter(-1)], /one whole number from 0 as 'iter', received \[-1\]/],
    ['steps in words', () => [{ name: 'iter', tensor: tf.tensor(['1']) }], /numbers as 'iter'/],
    ['rows that are not orthonormal', () => [iter(1), directions([[1, 1, 0]])], /orthonormal rows/],
    ['one name twice', () => [iter(1), iter(2)], /each name once/],
  ])('%s', async (_, make, message) => {
    const optimizer = new NSGD(options);
    optimizer.minimize(loss, false, [variable]);
    const before = optimizer.directions;
    const weights = make();
    const error = await optimizer.setWeights(weights).catch((reason: unknown) => reason as Error);
    expect((error as Error).message).toMatch(/^NSGD.setWeights: expected /);
    expect((error as Error).message).toMatch(message);
    expect(optimizer.directions).toBe(before);
    tf.dispose(weights.map(({ tensor }) => tensor));
    optimizer.dispose();
  });
});

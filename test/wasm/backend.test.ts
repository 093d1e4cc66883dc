import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { useBackend } from '../wasm-backend.js';

test('both backends start in Node and compute on their own data', async () => {
  await useBackend('wasm');
  expect(tf.getBackend()).toBe('wasm');
  const y = tf.add(tf.tensor1d([1, 2]), tf.tensor1d([3, 5]));
  expect([...y.dataSync()]).toEqual([4, 7]);
  await useBackend('cpu');
  expect(tf.getBackend()).toBe('cpu');
  expect([...tf.mul(tf.tensor1d([1, 2]), tf.tensor1d([3, 5])).dataSync()]).toEqual([3, 10]);
});

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { distanceTravelled } from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

it('a distance to variables that were disposed is refused, though their values are held', async () => {
  const before = tf.memory().numTensors;
  const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const travelled = distanceTravelled([variable]);
  variable.dispose();
  await expect(travelled.measure(1)).rejects.toThrow(/^distanceTravelled.measure: expected .*disposed/);
  expect(travelled.records).toEqual([]);
  travelled.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

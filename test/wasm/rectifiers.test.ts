import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { expectSame, sample } from './compare.js';

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

test.each([1, 3, 4, 15, 16, 17, 35])('relu and step of %s numbers agree with cpu', async (n) => {
  await expectSame(() => {
    const x = sample([n], n);
    return [tf.relu(x), tf.step(x), tf.step(x, -0.25)];
  }, 1);
});

test('NaN stays NaN, and zeros of either sign are neither positive nor negative', async () => {
  const special = [NaN, 0, -0, Infinity, -Infinity, 1e-45, -1e-45];
  await expectSame(() => [tf.relu(tf.tensor1d(special)), tf.step(tf.tensor1d(special), 7)], 1);
  await useBackend('wasm');
  expect([...tf.relu(tf.tensor1d(special)).dataSync()].slice(0, 4)).toEqual([NaN, 0, 0, Infinity]);
});

test('integers stay with the stock kernel', async () => {
  await useBackend('wasm');
  expect([...tf.relu(tf.tensor1d([-2, 0, 3], 'int32')).dataSync()]).toEqual([0, 0, 3]);
});

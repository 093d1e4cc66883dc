import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, expect, it } from 'vitest';
import { prepareData } from '../../../examples/paper/prepared-data.js';
import { RunError } from '../../../examples/paper/run-error.js';
import { useBackend } from '../../wasm-backend.js';

beforeEach(() => useBackend('cpu'));

it('removes the mean image of the training part and divides by one standard deviation', () => {
  const { train, validation, test, shape } = prepareData(
    'mnist',
    null,
    { train: 60, validation: 20, test: 10 },
    0,
  );
  expect([train.xs.shape, validation.xs.shape, test.xs.shape]).toEqual(
    [60, 20, 10].map((count) => [count, ...shape]),
  );
  const largestMean = tf.tidy(() => tf.max(tf.abs(tf.mean(train.xs, 0))).dataSync()[0]!);
  const variance = tf.tidy(() => tf.mean(tf.square(train.xs)).dataSync()[0]!);
  expect(largestMean).toBeLessThan(1e-5);
  expect(variance).toBeCloseTo(1, 4);
  // The others are scaled by the training part: near, but not by themselves.
  const other = tf.tidy(() => tf.mean(tf.square(validation.xs)).dataSync()[0]!);
  expect(other).not.toBeCloseTo(1, 4);
  expect(other).toBeGreaterThan(0.5);
  expect(other).toBeLessThan(2);
  tf.dispose([train.xs, train.ys, validation.xs, validation.ys, test.xs, test.ys]);
});

it('replaces training labels only, where asked to', async () => {
  const plan = { train: 300, validation: 50, test: 50 };
  const [plain, noisy] = [0, 1].map((noise) => prepareData('mnist', null, plan, noise));
  const labels = async (part: 'train' | 'validation' | 'test', data: typeof plain) =>
    Array.from(await tf.tidy(() => tf.argMax(data![part].ys, 1)).data());
  for (const part of ['validation', 'test'] as const) {
    expect(await labels(part, noisy)).toEqual(await labels(part, plain));
  }
  const [before, after] = [await labels('train', plain), await labels('train', noisy)];
  const kept = before.filter((label, i) => label === after[i]).length;
  // A tenth by chance: 30 ± 5.
  expect(kept).toBeGreaterThan(10);
  expect(kept).toBeLessThan(52);
});

it('says so where there is less data than a plan asks for', () => {
  const prepare = () => prepareData('mnist', null, { train: 60_000, validation: 1, test: 1 }, 0);
  expect(prepare).toThrow(RunError);
  expect(prepare).toThrow(/too little data.*from 1 to 60000, received 60001/);
});

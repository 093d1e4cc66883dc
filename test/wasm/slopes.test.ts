import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

function slopes(kernel: string, x: number[]): number[] {
  const slope: tf.Tensor = tf.tidy(() => tf.engine().runKernel(kernel, { x: tf.tensor1d(x) }));
  const values = Array.from(slope.dataSync());
  slope.dispose();
  return values;
}

// An odd number of points: the last ones are computed one by one.
const points = Array.from({ length: 401 }, (_, i) => (i - 200) * 0.21);

describe.each<[string, (x: number) => number]>([
  ['tfjs-curvature/SigmoidSlope', (x) => 1 / (2 * Math.cosh(x / 2)) ** 2],
  ['tfjs-curvature/TanhSlope', (x) => 1 / Math.cosh(x) ** 2],
])('%s', (kernel, truth) => {
  test('is right to float32 rounding of the argument, from the middle to where float32 ends', () => {
    slopes(kernel, points).forEach((slope, i) => {
      const wanted = truth(Math.fround(points[i]!));
      // An exponential of error 2 units, a sum, a square and a quotient.
      expect(Math.abs(slope - wanted) / Math.max(wanted, 2 ** -126), `at ${points[i]}`).toBeLessThan(1e-6);
    });
  });

  test('is 0 far out, and no number at none', () => {
    expect(slopes(kernel, [Infinity, -Infinity, 1e30, -200, 200])).toEqual([0, 0, 0, 0, 0]);
    expect(slopes(kernel, [NaN])).toEqual([NaN]);
    expect(slopes(kernel, [0])).toEqual([truth(0)]);
    expect(slopes(kernel, [])).toEqual([]);
  });
});

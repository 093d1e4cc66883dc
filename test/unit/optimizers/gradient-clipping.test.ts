import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clipGradients } from '../../../src/optimizers/gradient-clipping.js';
import { euclideanNorm } from '../../../src/rows.js';
import { useBackend } from '../../wasm-backend.js';

const eps = 2 ** -23;

describe.each(['cpu', 'wasm'] as const)('the norm of a gradient on %s', (backend) => {
  beforeEach(async () => {
    await useBackend(backend);
    tf.engine().startScope();
  });
  afterEach(() => tf.engine().endScope());

  const clip = (parts: number[][], limit: number): number[][] =>
    clipGradients(
      parts.map((part) => tf.tensor1d(part)),
      limit,
      null,
    ).map((part) => Array.from(part.dataSync()));
  const norm = (parts: number[][]): number =>
    euclideanNorm(parts.map((part) => tf.tensor1d(part))).dataSync()[0]!;

  it.each<[number[][], number]>([
    // 3-4-5 triangles, whose squares leave float32 at both ends.
    [[[3e20], [4e20]], 5e20],
    [[[3e-25, 0], [], [-4e-25]], 5e-25],
    [[[3e38, 1]], 3e38],
    [[[0, 0], [0]], 0],
  ])('of %j is %s', (parts, expected) => {
    expect(Math.abs(norm(parts) - expected)).toBeLessThanOrEqual(4 * eps * expected);
  });

  it('is infinite, or NaN, where an entry is', () => {
    expect(norm([[1, Infinity]])).toBe(Infinity);
    expect(norm([[1], [NaN, 2]])).toBeNaN();
  });

  it.each<[string, number[][], number, number[][]]>([
    ['large', [[1e20], [1]], 1, [[1], [1e-20]]],
    ['so large that its norm leaves float32', [[3e38, -3e38, 3e38, 3e38]], 1, [[0.5, -0.5, 0.5, 0.5]]],
    ['tiny', [[3e-25, 4e-25]], 1e-25, [[0.6e-25, 0.8e-25]]],
  ])('cuts one that is %s to the limit', (_, parts, limit, expected) => {
    const clipped = clip(parts, limit).flat();
    expected.flat().forEach((value, i) => {
      expect(Math.abs(clipped[i]! / value - 1)).toBeLessThan(8 * eps);
    });
  });

  it.each<[string, number[]]>([
    ['of zeros', [0, 0]],
    ['tiny', [1e-25, -7e-25]],
    ['of usual numbers', [0.1, 0.7, -1 / 3]],
  ])('leaves one within the limit as it is, bit for bit: %s', (_, values) => {
    expect(clip([values], 1)).toEqual([values.map(Math.fround)]);
  });
});

import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { grad } from '../../../../src/index.js';
import { useBackend } from '../../../wasm-backend.js';

describe.each(['cpu', 'wasm'] as const)('slopes on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  const slope = (f: (x: Tensor) => Tensor, x: number): number =>
    tf.tidy(() => grad((t) => tf.sum(f(t)))(tf.tensor1d([x])).dataSync()[0]!);

  it.each([-30, -20, -5, 0, 3])('expm1 has eˣ at %d to all digits', (x) => {
    expect(slope(tf.expm1, x) / Math.exp(x)).toBeCloseTo(1, 5);
    expect(slope((t) => grad((s) => tf.sum(tf.expm1(s)))(t), x) / Math.exp(x)).toBeCloseTo(1, 5);
  });

  it.each([10, 15, 20])('log(1 − e⁻ᵃ) at a = %d keeps the digits that expm1 is taken for', (a) => {
    const f = (t: Tensor): Tensor => tf.log(tf.neg(tf.expm1(tf.neg(t))));
    expect(slope(f, a) / (Math.exp(-a) / -Math.expm1(-a))).toBeCloseTo(1, 4);
  });

  it.each([Infinity, -Infinity])('atan2 levels off at %d', (x) => {
    const one = (t: Tensor): Tensor => tf.onesLike(t);
    expect(slope((t) => tf.atan2(t, one(t)), x)).toBeCloseTo(0, 30);
    expect(slope((t) => tf.atan2(one(t), t), x)).toBeCloseTo(0, 30);
    expect(slope((t) => tf.atan2(t, tf.fill([1], x)), 1)).toBeCloseTo(0, 30);
    expect(slope((t) => tf.atan2(tf.fill([1], x), t), 1)).toBeCloseTo(0, 30);
  });

  it('atan2 of what is NaN has no slope', () => {
    expect(slope((t) => tf.atan2(t, tf.onesLike(t)), NaN)).toBeNaN();
  });

  it.each([
    ['cumsum', -1, [9, 8, 5, 7, 5, 1]],
    ['cumsum', -2, [3, 7, 6, 2, 4, 1]],
    ['cumsum', 1, [9, 8, 5, 7, 5, 1]],
  ] as const)('%s along axis %d', (name, axis, wanted) => {
    const numbers = tf.tidy(() => {
      const weights = tf.tensor2d([1, 3, 5, 2, 4, 1], [2, 3]);
      const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
      return Array.from(grad((t) => tf.sum(tf.mul(weights, tf[name](t, axis))))(x).dataSync());
    });
    expect(numbers).toEqual(wanted);
  });

  it('cumprod along an axis counted from the end is that along the same axis', () => {
    const numbers = [-1, 1].map((axis) =>
      tf.tidy(() => {
        const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
        return Array.from(grad((t) => tf.sum(tf.cumprod(t, axis)))(x).dataSync());
      }),
    );
    // Rows 1 + x₂ + x₂x₃, x₁ + x₁x₃, x₁x₂.
    expect(numbers[0]).toEqual([9, 4, 2, 36, 28, 20]);
    expect(numbers[1]).toEqual(numbers[0]);
  });
});

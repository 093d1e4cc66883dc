import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { grads } from '../../../../src/autodiff/transforms/grad.js';
import { derivativesAlong, largestRelativeError } from '../../../kinks/case.js';
import { useBackend } from '../../../wasm-backend.js';

const nearOne = [0.9999, 0.999999, -0.9999, 0.5].map(Math.fround);
const farOut = [1e20, 1e10, 1.0001, 2].map(Math.fround);

interface InverseCase {
  readonly f: (x: tf.Tensor) => tf.Tensor;
  readonly points: readonly number[];
  readonly slope: (x: number) => number;
  readonly curvature: (x: number) => number;
}

const cases: Record<string, InverseCase> = {
  asin: {
    f: tf.asin,
    points: nearOne,
    slope: (x) => (1 - x * x) ** -0.5,
    curvature: (x) => x * (1 - x * x) ** -1.5,
  },
  acos: {
    f: tf.acos,
    points: nearOne,
    slope: (x) => -((1 - x * x) ** -0.5),
    curvature: (x) => -x * (1 - x * x) ** -1.5,
  },
  atanh: {
    f: tf.atanh,
    points: nearOne,
    slope: (x) => 1 / (1 - x * x),
    curvature: (x) => (2 * x) / (1 - x * x) ** 2,
  },
  acosh: {
    f: tf.acosh,
    points: farOut,
    slope: (x) => (x * x - 1) ** -0.5,
    curvature: (x) => -x * (x * x - 1) ** -1.5,
  },
};

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(Object.entries(cases))(
    'derivatives of %s keep their digits at the ends of its domain',
    async (_, { f, points, slope, curvature }) => {
      const found = await derivativesAlong(f, points);
      // Some ten roundings.
      expect(largestRelativeError(found.gradient, points.map(slope))).toBeLessThan(1e-6);
      expect(largestRelativeError(found.curvature, points.map(curvature))).toBeLessThan(1e-6);
    },
  );

  it.each([1e-25, 1e-10, 1, 1e10, 1e25])(
    'the gradient of atan2 is that of an angle at the distance %s',
    (r) => {
      // ∂ = (cos φ, −sin φ)/r at a = r sin φ, b = r cos φ.
      const angles = [0.1, 2, -3];
      const at = (f: (x: number) => number) => tf.tensor1d(angles.map((angle) => r * f(angle)));
      const [a, b] = grads((x: tf.Tensor, y: tf.Tensor) => tf.atan2(x, y))([at(Math.sin), at(Math.cos)]);
      const want = [Math.cos, (angle: number) => -Math.sin(angle)].map((f) =>
        angles.map((angle) => f(angle) / r),
      );
      [a!, b!].forEach((found, i) => {
        expect(largestRelativeError(Array.from(found.dataSync()), want[i]!)).toBeLessThan(1e-6);
      });
    },
  );
});

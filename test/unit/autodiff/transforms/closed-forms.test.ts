import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { grad } from '../../../../src/index.js';
import { useBackend } from '../../../wasm-backend.js';

/** c[0] + c[1] t + c[2] t² + … */
const polynomial =
  (...c: number[]) =>
  (t: number): number =>
    c.reduceRight((sum, each) => sum * t + each, 0);

/** p, p′, …, p⁽⁵⁾ of t = tanh x or another function with dt/dx = a polynomial in t. */
function chain(start: number[], slope: number[]): ((t: number) => number)[] {
  const product = (a: number[], b: number[]): number[] => {
    const c = new Array<number>(a.length + b.length - 1).fill(0);
    a.forEach((x, i) => {
      b.forEach((y, j) => {
        c[i + j]! += x * y;
      });
    });
    return c;
  };
  const all = [start];
  for (let order = 1; order <= 5; order++) {
    const derivative = all
      .at(-1)!
      .slice(1)
      .map((c, i) => c * (i + 1));
    all.push(derivative.length === 0 ? [0] : product(derivative, slope));
  }
  return all.map((coefficients) => polynomial(...coefficients));
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
/** dⁿ/dxⁿ x^p */
const power = (p: number, n: number, x: number): number =>
  Array.from({ length: n }, (_, i) => p - i).reduce((a, b) => a * b, 1) *
  (p - n >= 0 || x !== 0 ? x ** (p - n) : 0);
const cycle = (n: number, values: number[]): number => values[n % values.length]!;

interface Elementary {
  readonly op: (x: Tensor) => Tensor;
  /** The derivative of order n at x. */
  readonly derivative: (n: number, x: number) => number;
  readonly at: number[];
}

const tanhs = chain([0, 1], [1, 0, -1]);
const sigmoids = chain([0, 1], [0, 1, -1]);
const tans = chain([0, 1], [1, 0, 1]);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const everywhere = [-1.3, -0.4, 0.2, 0.9];
const positive = [0.4, 0.9, 1.7];

const functions: Record<string, Elementary> = {
  exp: { op: tf.exp, derivative: (_, x) => Math.exp(x), at: everywhere },
  expm1: { op: tf.expm1, derivative: (n, x) => (n === 0 ? Math.expm1(x) : Math.exp(x)), at: everywhere },
  log: {
    op: tf.log,
    derivative: (n, x) => (n === 0 ? Math.log(x) : (-1) ** (n - 1) * factorial(n - 1) * x ** -n),
    at: positive,
  },
  log1p: {
    op: tf.log1p,
    derivative: (n, x) => (n === 0 ? Math.log1p(x) : (-1) ** (n - 1) * factorial(n - 1) * (1 + x) ** -n),
    at: positive,
  },
  sqrt: { op: tf.sqrt, derivative: (n, x) => power(0.5, n, x), at: positive },
  rsqrt: { op: tf.rsqrt, derivative: (n, x) => power(-0.5, n, x), at: positive },
  square: { op: tf.square, derivative: (n, x) => power(2, n, x), at: everywhere },
  reciprocal: { op: tf.reciprocal, derivative: (n, x) => power(-1, n, x), at: positive },
  'pow 3.5': { op: (x) => tf.pow(x, 3.5), derivative: (n, x) => power(3.5, n, x), at: positive },
  'pow 2': { op: (x) => tf.pow(x, 2), derivative: (n, x) => power(2, n, x), at: positive },
  'x·x·x': { op: (x) => tf.mul(x, tf.mul(x, x)), derivative: (n, x) => power(3, n, x), at: everywhere },
  sin: {
    op: tf.sin,
    derivative: (n, x) => cycle(n, [Math.sin(x), Math.cos(x), -Math.sin(x), -Math.cos(x)]),
    at: everywhere,
  },
  cos: {
    op: tf.cos,
    derivative: (n, x) => cycle(n, [Math.cos(x), -Math.sin(x), -Math.cos(x), Math.sin(x)]),
    at: everywhere,
  },
  tan: { op: tf.tan, derivative: (n, x) => tans[n]!(Math.tan(x)), at: [-0.6, 0.2, 0.7] },
  sinh: { op: tf.sinh, derivative: (n, x) => cycle(n, [Math.sinh(x), Math.cosh(x)]), at: everywhere },
  cosh: { op: tf.cosh, derivative: (n, x) => cycle(n, [Math.cosh(x), Math.sinh(x)]), at: everywhere },
  tanh: { op: tf.tanh, derivative: (n, x) => tanhs[n]!(Math.tanh(x)), at: everywhere },
  sigmoid: { op: tf.sigmoid, derivative: (n, x) => sigmoids[n]!(sigmoid(x)), at: everywhere },
  softplus: {
    op: tf.softplus,
    derivative: (n, x) => (n === 0 ? Math.log1p(Math.exp(x)) : sigmoids[n - 1]!(sigmoid(x))),
    at: everywhere,
  },
  logSigmoid: {
    op: tf.logSigmoid,
    derivative: (n, x) => (n === 0 ? -Math.log1p(Math.exp(-x)) : -sigmoids[n - 1]!(sigmoid(-x)) * (-1) ** n),
    at: everywhere,
  },
  elu: {
    op: tf.elu,
    derivative: (n, x) => (x < 0 ? Math.exp(x) - (n === 0 ? 1 : 0) : power(1, n, x)),
    at: everywhere,
  },
  // The error function: 2/√π e^(−x²) times (−1)^(n−1) Hₙ₋₁(x).
  erf: {
    op: tf.erf,
    derivative: (n, x) => {
      const hermite = [
        polynomial(1),
        polynomial(0, 2),
        polynomial(-2, 0, 4),
        polynomial(0, -12, 0, 8),
        polynomial(12, 0, -48, 0, 16),
      ];
      return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * (-1) ** (n - 1) * hermite[n - 1]!(x);
    },
    at: everywhere,
  },
  // dⁿ/dxⁿ atan x = (n−1)! cosⁿ(θ) sin(n(θ + π/2)) with θ = atan x
  atan: {
    op: tf.atan,
    derivative: (n, x) => {
      const angle = Math.atan(x);
      return n === 0 ? angle : factorial(n - 1) * Math.cos(angle) ** n * Math.sin(n * (angle + Math.PI / 2));
    },
    at: everywhere,
  },
};

describe.each(['cpu', 'wasm'] as const)(
  'derivatives of elementary functions to order 5, on %s',
  (backend) => {
    beforeAll(() => useBackend(backend));

    it.each(Object.entries(functions))('%s', (_, { op, derivative, at }) => {
      const before = tf.memory().numTensors;
      let f = op;
      for (let order = 1; order <= 5; order++) {
        f = grad(f);
        const x = tf.tensor1d(at);
        const result = f(x);
        const got = Array.from(result.dataSync());
        tf.dispose([x, result]);
        const want = at.map((each) => derivative(order, each));
        // Each order multiplies the terms that cancel by its number: rounding of 6e-8 grows to 2e-5 of the largest.
        const scale = Math.max(...want.map(Math.abs), 1e-3);
        got.forEach((value, i) => {
          expect(
            Math.abs(value - want[i]!) / scale,
            `order ${order} at ${at[i]}: ${value} for ${want[i]}`,
          ).toBeLessThan(1e-4);
        });
      }
      expect(tf.memory().numTensors).toBe(before);
    });
  },
);

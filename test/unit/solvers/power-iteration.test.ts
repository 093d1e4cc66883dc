import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { powerIteration } from '../../../src/solvers/power-iteration.js';
import { operatorWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { useBackend } from '../../wasm-backend.js';

describe('powerIteration', () => {
  beforeAll(() => useBackend('cpu'));

  it('returns the λ that belongs to the vector returned, with its residual', async () => {
    const operator = operatorWithSpectrum([5, -3, 1, 0.5, 0.1]);
    const tensors = tf.memory().numTensors;
    const result = await powerIteration(operator, { k: 2, tol: 0.05 });
    for (let i = 0; i < 2; i++) {
      const { value, residual } = tf.tidy(() => {
        const v = tf.reshape(tf.slice(result.eigenvectors, [i, 0], [1, 5]), [5]) as tf.Tensor1D;
        const image = operator.matvec(v);
        const value = tf.sum(tf.mul(v, image)).dataSync()[0]!;
        return { value, residual: tf.norm(tf.sub(image, tf.mul(v, value))).dataSync()[0]! };
      });
      expect(result.eigenvalues[i]).toBeCloseTo(value, 5);
      expect(result.residualNorms[i]).toBeCloseTo(residual, 5);
    }
    result.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    operator.dispose();
  });

  it('says so where it cannot decide: two eigenvalues of one magnitude', async () => {
    const operator = operatorWithSpectrum([2, -2, 0.1]);
    const result = await powerIteration(operator, { maxIterations: 30 });
    expect(result).toMatchObject({ status: 'maxIterations', numConverged: 0, numMatvecs: 30 });
    result.dispose();
    operator.dispose();
  });

  it('leaves nothing behind on failure, and reports what is not finite', async () => {
    const operator = operatorWithSpectrum([5, 4.9, 1]);
    const tensors = tf.memory().numTensors;
    let count = 0;
    const failing: LinearOperator = {
      size: 3,
      matvec(v) {
        if (++count === 6) throw new Error('device lost');
        return operator.matvec(v);
      },
      dispose: () => {},
    };
    await expect(powerIteration(failing, { k: 2, tol: 1e-6 })).rejects.toThrow('device lost');
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(powerIteration(operator, { signal })).rejects.toThrow('enough');
    const onProgress = (): void => {
      throw new Error('no more');
    };
    await expect(powerIteration(operator, { k: 2, onProgress })).rejects.toThrow('no more');
    const broken: LinearOperator = { size: 3, matvec: () => tf.fill([3], NaN), dispose: () => {} };
    const result = await powerIteration(broken, { k: 2 });
    expect(result.status).toBe('nonFinite');
    result.dispose();
    await expect(powerIteration(operator, { k: 4 })).rejects.toThrow('an integer k from 1 to 3');
    expect(tf.memory().numTensors).toBe(tensors);
    operator.dispose();
  });
});

it('powerIteration keeps what it has found before the products cease to be finite, and nothing else', async () => {
  const whole = operatorWithSpectrum([3, 1, 0.5, 0.2, 0.1]);
  let products = 0;
  const failing: LinearOperator = {
    ...{ size: 5, dispose: () => {} },
    matvec: (v) => (++products > 12 ? tf.fill([5], NaN) : whole.matvec(v)),
  };
  const result = await powerIteration(failing, { k: 2, tol: 1e-2 });
  expect(result.status).toBe('nonFinite');
  expect(result.numConverged).toBe(1);
  expect(result.eigenvalues[0]).toBeCloseTo(3, 3);
  expect(result.eigenvalues[1]).toBeNaN();
  const lengths = tf.tidy(() => Array.from(tf.norm(result.eigenvectors, 2, 1).dataSync()));
  expect(lengths[0]).toBeCloseTo(1, 5);
  expect(lengths[1]).toBe(0);
  result.dispose();
  whole.dispose();
});

it('powerIteration refuses a tolerance that any vector meets', async () => {
  const operator = operatorWithSpectrum([2, 1]);
  await expect(powerIteration(operator, { tol: 1 })).rejects.toThrow(/powerIteration.*tol > 0 and < 1/);
  operator.dispose();
});

describe('powerIteration on products that contradict each other', () => {
  beforeAll(() => useBackend('cpu'));
  const size = 200;
  const spectrum = Float32Array.from({ length: size }, (_, i) => (i === 0 ? 10 : 9 * Math.exp(-i / 40)));
  /** Products of a diagonal matrix, to which something is added. */
  const operatorWith = (more: (image: tf.Tensor1D, products: number) => tf.Tensor): LinearOperator => {
    let products = 0;
    return {
      size,
      matvec: (v) => tf.tidy(() => more(tf.mul(v, spectrum), products++) as tf.Tensor1D),
      dispose: () => {},
    };
  };
  const noise = (share: number) => (image: tf.Tensor1D, products: number) => {
    const error = tf.randomNormal([size], 0, 1, 'float32', products + 1);
    return tf.add(image, tf.mul(error, tf.mul(tf.norm(image), share / Math.sqrt(size))));
  };

  it.each([
    // The residual cannot fall below the noise, 1e-2 of ‖Av‖ for a tolerance of 1e-3.
    { what: 'noise of 1e-2', more: noise(1e-2), options: {}, status: 'stagnated', most: 200 },
    {
      what: 'noise of 1e-2, two pairs',
      more: noise(1e-2),
      options: { k: 2 },
      status: 'stagnated',
      most: 400,
    },
    { what: 'noise below the tolerance', more: noise(1e-4), options: {}, status: 'converged', most: 100 },
    {
      what: 'a drift of 1e-2 with each product',
      more: (image: tf.Tensor1D, t: number) => tf.mul(image, 1 + 1e-2 * t),
      options: { tol: 2e-3 },
      status: 'stagnated',
      most: 100,
    },
    {
      what: 'a drift below the tolerance',
      more: (image: tf.Tensor1D, t: number) => tf.mul(image, 1 + 1e-4 * t),
      options: {},
      status: 'converged',
      most: 100,
    },
    {
      what: 'none, for too few products',
      more: (image: tf.Tensor1D) => image,
      options: { maxIterations: 30 },
      status: 'maxIterations',
      most: 30,
    },
  ])('$what: $status', async ({ more, options, status, most }) => {
    const { numTensors } = tf.memory();
    const result = await powerIteration(operatorWith(more), options);
    expect(result.status).toBe(status);
    expect(result.numMatvecs).toBeLessThanOrEqual(most);
    expect(result.numConverged === result.eigenvalues.length).toBe(status === 'converged');
    result.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('does not take slow convergence for noise', async () => {
    // Far from the end by 0.999 a product; the residual first grows, as the start lies in the bulk.
    const values = Float32Array.from({ length: size }, (_, i) => 1 - i / 1000);
    const slow: LinearOperator = { size, matvec: (v) => tf.mul(v, values), dispose: () => {} };
    const result = await powerIteration(slow, { maxIterations: 1000 });
    expect(['converged', 'maxIterations']).toContain(result.status);
    expect(result.asymmetry).toBeLessThan(1e-5);
    result.dispose();
  });

  it.each([
    ['not symmetric', (image: tf.Tensor1D) => tf.add(image, tf.reverse(tf.cumsum(image)))],
    ['dropped out at random', noise(2)],
    ['doubled on the way', (image: tf.Tensor1D, t: number) => tf.mul(image, t > 5 ? 2 : 1)],
  ] as const)('says so of an operator that is %s', async (_, more) => {
    const { numTensors } = tf.memory();
    await expect(powerIteration(operatorWith(more))).rejects.toThrow(
      /^powerIteration: expected a symmetric operator/,
    );
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

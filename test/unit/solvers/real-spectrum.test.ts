import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lossObjective } from '../../../src/objectives/objective.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import type { EigenResult } from '../../../src/solvers/result.js';
import { lanczos } from '../../../src/solvers/lanczos.js';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import type { SpectrumCase } from '../../spectrum-case.js';
import { mnistMlp, simpleCnn } from '../../spectrum-case.js';
import { useBackend } from '../../wasm-backend.js';

/** Largest relative error of the eigenvalues against the double-precision ones. */
function errorOf({ eigenvalues }: EigenResult, expected: readonly number[]): number {
  return Math.max(...eigenvalues.map((value, i) => Math.abs(value / expected[i]! - 1)));
}

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

describe('lanczos on the Hessian of the MNIST net, 235 146 parameters', () => {
  let net: SpectrumCase;
  let hessian: HessianOperator;
  beforeAll(() => {
    net = mnistMlp();
    hessian = new HessianOperator(lossObjective(net.loss, net.variables));
  });
  afterAll(() => {
    hessian.dispose();
    net.dispose();
  });

  it('finds the five largest to 1e-5 in 27 products, the same with every seed', async () => {
    for (const seed of [0, 1]) {
      const result = await lanczos(hessian, { k: 5, seed });
      expect(result.status).toBe('converged');
      expect(result.numMatvecs).toBeLessThanOrEqual(1.35 * 20);
      expect(errorOf(result, net.expected.largest)).toBeLessThan(1e-6);
      expect(result.asymmetry).toBeLessThan(1e-5);
      result.dispose();
    }
  });

  it('finds the ten largest to 1e-3 in 43 products', async () => {
    const result = await lanczos(hessian, { k: 10, tol: 1e-2 });
    expect(result.numMatvecs).toBeLessThanOrEqual(1.35 * 32);
    expect(errorOf(result, net.expected.largest)).toBeLessThan(1e-3);
    result.dispose();
  });

  it('finds the three most negative to 1e-3 in 200 products, though two of them nearly coincide', async () => {
    const result = await lanczos(hessian, { k: 3, which: 'SA', tol: 3e-3 });
    expect(result.status).toBe('converged');
    expect(result.numMatvecs).toBeLessThanOrEqual(200);
    expect(errorOf(result, net.expected.smallest)).toBeLessThan(1e-3);
    result.dispose();
  });

  it('follows the pairs from the vectors of a step before in a third of the products, and checks them in two thirds', async () => {
    const before = await lanczos(hessian, { k: 5, tol: 1e-2 });
    const step = hessian.gradient();
    const { parameters } = hessian;
    const start = parameters.read();
    const moved = tf.tidy(() => tf.sub(start, tf.mul(step, 0.01)) as tf.Tensor1D);
    parameters.write(moved);
    const cold = await lanczos(hessian, { k: 5, tol: 1e-2, seed: 1 });
    const options = { k: 5, tol: 1e-2, startVectors: before.eigenvectors };
    const followed = await lanczos(hessian, { ...options, confirm: 0 });
    const confirmed = await lanczos(hessian, options);
    for (const [warm, share] of [
      [followed, 1 / 3],
      [confirmed, 2 / 3],
    ] as const) {
      expect(warm.status).toBe('converged');
      expect(warm.numMatvecs).toBeLessThanOrEqual(cold.numMatvecs * share);
      expect(errorOf(warm, [...cold.eigenvalues])).toBeLessThan(1e-3);
    }
    parameters.write(start);
    for (const result of [before, cold, followed, confirmed]) result.dispose();
    for (const tensor of [step, start, moved]) tensor.dispose();
  });

  it('takes no more products from the vectors of long before than from a random one', async () => {
    const before = await lanczos(hessian, { k: 10 });
    const { parameters } = hessian;
    const start = parameters.read();
    for (let step = 0; step < 10; step++) {
      const gradient = hessian.gradient();
      const present = parameters.read();
      const next = tf.tidy(() => tf.sub(present, tf.mul(gradient, 0.05)) as tf.Tensor1D);
      parameters.write(next);
      for (const tensor of [gradient, present, next]) tensor.dispose();
    }
    const cold = await lanczos(hessian, { k: 10, seed: 1 });
    const warm = await lanczos(hessian, { k: 10, startVectors: before.eigenvectors });
    expect(warm.status).toBe('converged');
    expect(warm.numMatvecs).toBeLessThanOrEqual(cold.numMatvecs);
    expect(errorOf(warm, [...cold.eigenvalues])).toBeLessThan(1e-4);
    parameters.write(start);
    for (const result of [before, cold, warm]) result.dispose();
    start.dispose();
  });
});

describe('lanczos on the Hessian of the paper’s SimpleCNN, 361 898 parameters', () => {
  it('finds the five largest to 1e-5', async () => {
    const net = simpleCnn();
    const hessian = new HessianOperator(lossObjective(net.loss, net.variables));
    const result = await lanczos(hessian, { k: 5 });
    expect(result.status).toBe('converged');
    expect(errorOf(result, net.expected.largest)).toBeLessThan(1e-5);
    result.dispose();
    hessian.dispose();
    net.dispose();
  });
});

import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { beforeEach, describe, expect, it } from 'vitest';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { materialize } from '../../../src/operators/materialize.js';
import { interiorEigenpairs } from '../../../src/solvers/interior-eigenpairs.js';
import type { EigenResult } from '../../../src/solvers/result.js';
import { loadEigenResult, saveEigenResult } from '../../../src/solvers/result.js';
import { operatorWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { later } from '../../contract/later.js';
import { counted } from '../../contract/counted.js';
import { useBackend } from '../../wasm-backend.js';

/** The k values nearest to σ, the nearest first. */
function nearest(values: readonly number[], sigma: number, k: number): number[] {
  return [...values].sort((a, b) => Math.abs(a - sigma) - Math.abs(b - sigma)).slice(0, k);
}

/** Orthonormal rows, and ‖Av − λv‖ as the result says, to the rounding of products: 3e-6 ‖A‖. */
async function expectTrue(operator: LinearOperator, found: EigenResult, norm: number): Promise<void> {
  const [k] = found.eigenvectors.shape;
  const rows = new Matrix((await found.eigenvectors.array()) as number[][]);
  rows
    .mmul(rows.transpose())
    .to2DArray()
    .forEach((row, i) => row.forEach((x, j) => expect(x).toBeCloseTo(Number(i === j), 4)));
  const dense = await materialize(operator);
  const images = rows.mmul(new Matrix((await dense.array()) as number[][]));
  dense.dispose();
  for (let i = 0; i < k; i++) {
    const rest = images.getRow(i).map((x, j) => x - found.eigenvalues[i]! * rows.get(i, j));
    expect(Math.abs(Math.hypot(...rest) - found.residualNorms[i]!)).toBeLessThan(3e-6 * norm);
  }
}

describe('interiorEigenpairs', () => {
  beforeEach(() => useBackend('cpu'));

  // 50 eigenvalues of both signs, the nearest to 0 at a two-hundredth of the norm.
  const both = Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? 10 : -7) * 0.9 ** i);

  it.each([0, 3.3, -0.5])('finds the four nearest to %s of a spectrum of both signs', async (near) => {
    const plain = operatorWithSpectrum(both);
    const operator = counted(plain);
    const tensors = tf.memory().numTensors;
    const found = await interiorEigenpairs(operator, { near, k: 4, tol: 1e-3 });
    expect(found.status).toBe('converged');
    expect(operator.products).toBe(found.numMatvecs);
    nearest(both, near, 4).forEach((value, i) => {
      const distance = Math.abs(value - near);
      expect(Math.abs(found.eigenvalues[i]! - value)).toBeLessThan(1e-3 * distance + 1e-5);
      expect(found.residualNorms[i]).toBeLessThan(1e-3 * distance + 1.2e-5);
    });
    await expectTrue(plain, found, 10);
    found.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    plain.dispose();
  });

  it('finds eigenvalues that are there several times, one vector for each', async () => {
    const copies = Array.from(
      { length: 90 },
      (_, i) => (i % 2 === 0 ? 1 : -1) * (0.5 + Math.floor(i / 6) / 3),
    );
    const operator = operatorWithSpectrum(copies);
    // 0.5 and −0.5 are there three times each.
    const found = await interiorEigenpairs(operator, { k: 6, tol: 1e-3 });
    expect(found.status).toBe('converged');
    expect([...found.eigenvalues].sort((a, b) => a - b).map((x) => Number(x.toFixed(4)))).toEqual([
      -0.5, -0.5, -0.5, 0.5, 0.5, 0.5,
    ]);
    await expectTrue(operator, found, 6);
    for (const held of [found, operator]) held.dispose();
  });

  it('finds the null vectors of a singular operator, and what comes after them', async () => {
    const values = [
      0,
      0,
      0.2,
      -0.3,
      ...Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? -1 : 1) * (1 + i / 10)),
    ];
    const operator = operatorWithSpectrum(values);
    const found = await interiorEigenpairs(operator, { k: 4, tol: 1e-3 });
    expect(found.status).toBe('converged');
    [0, 0, 0.2, -0.3].forEach((value, i) => expect(found.eigenvalues[i]).toBeCloseTo(value, 5));
    await expectTrue(operator, found, 7);
    for (const held of [found, operator]) held.dispose();
  });

  it('takes a shift that is an eigenvalue', async () => {
    const values = Array.from({ length: 50 }, (_, i) => i - 20);
    const operator = operatorWithSpectrum(values);
    const found = await interiorEigenpairs(operator, { near: 7, k: 3, tol: 1e-3 });
    expect(found.status).toBe('converged');
    expect(found.eigenvalues[0]).toBeCloseTo(7, 4);
    expect([found.eigenvalues[1]!, found.eigenvalues[2]!].map(Math.round).sort()).toEqual([6, 8]);
    await expectTrue(operator, found, 30);
    for (const held of [found, operator]) held.dispose();
  });

  it('finds the middle of the spectrum of a net as a dense solver does', async () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({
          units: 5,
          inputShape: [4],
          activation: 'tanh',
          kernelInitializer: tfl.initializers.glorotNormal({ seed: 1 }),
        }),
        tfl.layers.dense({
          units: 3,
          activation: 'softmax',
          kernelInitializer: tfl.initializers.glorotNormal({ seed: 2 }),
        }),
      ],
    });
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const xs = tf.randomNormal([30, 4], 0, 1, 'float32', 3);
    const ys = tf.tensor2d(Array.from({ length: 30 }, (_, i) => [0, 1, 2].map((c) => Number(i % 3 === c))));
    const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
    const dense = await materialize(hessian);
    const rows = new Matrix((await dense.array()) as number[][]);
    const { realEigenvalues } = new EigenvalueDecomposition(rows.clone().add(rows.transpose()).div(2), {
      assumeSymmetric: true,
    });
    const found = await interiorEigenpairs(hessian, { near: 0.05, k: 3 });
    expect(found.status).toBe('converged');
    nearest(realEigenvalues, 0.05, 3).forEach((value, i) =>
      expect(found.eigenvalues[i]).toBeCloseTo(value, 5),
    );
    for (const held of [found, dense, hessian, model]) held.dispose();
    tf.dispose([xs, ys]);
  });

  it('keeps to numbers of any size, and to products that come later', async () => {
    for (const size of [1e-12, 1e12]) {
      const values = Array.from({ length: 40 }, (_, i) => size * (i - 12.3));
      const operator = operatorWithSpectrum(values);
      const found = await interiorEigenpairs(later(operator), { k: 2, tol: 1e-3 });
      expect(found.status).toBe('converged');
      nearest(values, 0, 2).forEach((value, i) => expect(found.eigenvalues[i]! / value).toBeCloseTo(1, 3));
      for (const held of [found, operator]) held.dispose();
    }
  });

  it('goes on from vectors given, for less where they hold the wanted ones and those after them', async () => {
    const operator = operatorWithSpectrum(both);
    const before = await interiorEigenpairs(operator, { near: 1, k: 5 });
    const cold = await interiorEigenpairs(operator, { near: 1, k: 3 });
    const warm = await interiorEigenpairs(operator, { near: 1, k: 3, startVectors: before.eigenvectors });
    expect(warm.status).toBe('converged');
    nearest(both, 1, 3).forEach((value, i) => expect(warm.eigenvalues[i]).toBeCloseTo(value, 3));
    expect(warm.numMatvecs).toBeLessThan(cold.numMatvecs / 2);
    for (const held of [before, cold, warm, operator]) held.dispose();
  });

  it('finds all copies of an eigenvalue that its start vectors have nothing of', async () => {
    const [copies, size] = [3, 100];
    const values = Array.from({ length: size }, (_, i) => (i < copies ? 1 : 3 + i / 2));
    const diagonal = tf.tensor1d(values);
    const matvec = (v: tf.Tensor1D): tf.Tensor1D => tf.mul(v, diagonal);
    const operator = { size, matvec, dispose: () => {} };
    const startVectors = tf.tidy(() => tf.slice(tf.eye(size), [60, 0], [5, size]));
    for (let seed = 0; seed < 12; seed++) {
      const found = await interiorEigenpairs(operator, { near: 0.9, k: copies, seed, startVectors });
      expect(found.status).toBe('converged');
      for (const value of found.eigenvalues) expect(value).toBeCloseTo(1, 3);
      found.dispose();
    }
    tf.dispose([diagonal, startVectors]);
  });

  it('says what it lacks where the iterations allowed do not do', async () => {
    const values = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 1 : -1) * 1e-3 * 1e4 ** (i / 199));
    const operator = operatorWithSpectrum(values);
    const found = await interiorEigenpairs(operator, { k: 3, tol: 1e-3, maxIterations: 2 });
    expect(found.status).toBe('maxIterations');
    expect(found.numConverged).toBeLessThan(3);
    await expectTrue(operator, found, 10);
    for (const held of [found, operator]) held.dispose();
  });

  it('may have found all pairs while it still looks for others: such a result is saved and loaded', async () => {
    const operator = operatorWithSpectrum(Array.from({ length: 30 }, (_, i) => i - 10.3));
    for (const maxIterations of [3, 4, 5, 6]) {
      const found = await interiorEigenpairs(operator, { maxIterations });
      const loaded = loadEigenResult(await saveEigenResult(found));
      if (maxIterations === 5) expect(found).toMatchObject({ status: 'maxIterations', numConverged: 1 });
      expect(loaded).toMatchObject({ status: found.status, numConverged: found.numConverged });
      found.dispose();
      loaded.dispose();
    }
    operator.dispose();
  });

  it('refuses what does not fit', async () => {
    const operator = operatorWithSpectrum(both.slice(0, 10));
    const wide = tf.ones([3]) as tf.Tensor1D;
    const tensors = tf.memory().numTensors;
    const refused: [Parameters<typeof interiorEigenpairs>[1], RegExp][] = [
      [{ near: NaN }, /^interiorEigenpairs: expected a number near/],
      [{ k: 11 }, /integer k from 1 to 10/],
      [{ k: 3, maxMatvecs: 2 }, /maxMatvecs >= 3/],
      [
        { startVectors: wide },
        /^interiorEigenpairs: expected startVectors, float32, of shape \[10\] or \[m, 10\]/,
      ],
    ];
    for (const [options, message] of refused)
      await expect(interiorEigenpairs(operator, options)).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(tensors);
    for (const held of [operator, wide]) held.dispose();
  });

  it('refuses an operator that is not symmetric, and says where a product is not finite', async () => {
    const matrix = tf.tensor2d([
      [1, 5, 0],
      [0, 2, 5],
      [0, 0, 3],
    ]);
    const skewed: LinearOperator = {
      size: 3,
      matvec: (v) => tf.tidy(() => tf.reshape(tf.matMul(matrix, tf.reshape(v, [3, 1])), [3]) as tf.Tensor1D),
      dispose: () => {},
    };
    await expect(interiorEigenpairs(skewed)).rejects.toThrow(
      /^interiorEigenpairs: expected a symmetric operator/,
    );
    for (const last of [0, 3, 12]) {
      let products = 0;
      const plain = operatorWithSpectrum(both);
      const broken: LinearOperator = {
        size: both.length,
        matvec: (v) => (products++ < last ? plain.matvec(v) : tf.mul(v, NaN)),
        dispose: () => {},
      };
      const found = await interiorEigenpairs(broken);
      expect(found.status).toBe('nonFinite');
      expect(found.eigenvalues[0]).toBeNaN();
      for (const held of [found, plain]) held.dispose();
    }
    matrix.dispose();
  });
});

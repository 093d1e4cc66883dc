import type { Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { scaled } from '../../../src/operators/scaled.js';
import { solve } from '../../../src/solvers/conjugate-gradient.js';
import { interiorEigenpairs } from '../../../src/solvers/interior-eigenpairs.js';
import { lobpcg } from '../../../src/solvers/lobpcg.js';
import { driveSync } from '../../../src/tfjs/drive.js';
import { lanczos } from '../../../src/solvers/lanczos.js';
import { minres } from '../../../src/solvers/minres.js';
import { NormalizedOperator } from '../../../src/solvers/normalized-operator.js';
import { powerIteration } from '../../../src/solvers/power-iteration.js';
import { useBackend } from '../../wasm-backend.js';

const halves = Array.from({ length: 12 }, (_, i) => 2 ** -i);
const ramp = [1, 2, 3, 4, 5, 7, 9, 50].map((x) => x / 50);

/** A diagonal operator of the given norm. */
function operatorOf(values: number[], norm: number): LinearOperator {
  const diagonal = tf.tensor1d(values.map((x) => norm * x));
  return { size: values.length, matvec: (v) => tf.mul(v, diagonal), dispose: () => diagonal.dispose() };
}

describe.each(['cpu', 'wasm'] as const)('the range of float32 on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each([1e-37, 1e-30, 1e-18, 1, 1e18, 1e30, 1e37])(
    'is no bound to eigenpairs of an operator of norm %d',
    async (norm) => {
      const operator = operatorOf(halves, norm);
      for (const method of [lanczos, powerIteration]) {
        const { eigenvalues, eigenvectors, status, dispose } = await method(operator, { k: 2 });
        expect(status).toBe('converged');
        eigenvalues.forEach((value, i) => expect(value / norm).toBeCloseTo(halves[i]!, 5));
        const gram = tf.tidy(() => tf.matMul(eigenvectors, eigenvectors, false, true).dataSync());
        [1, 0, 0, 1].forEach((expected, i) => expect(gram[i]).toBeCloseTo(expected, 5));
        dispose();
      }
      operator.dispose();
    },
  );

  it.each([1e-37, 1e37])('is no bound to start vectors, of length %d', async (length) => {
    const operator = operatorOf(halves, 1);
    const startVectors = tf.tidy(() => tf.mul(tf.ones([halves.length]), length) as Tensor1D);
    const { eigenvalues, status, dispose } = await lanczos(operator, { k: 2, startVectors });
    expect(status).toBe('converged');
    eigenvalues.forEach((value, i) => expect(value).toBeCloseTo(halves[i]!, 5));
    dispose();
    tf.dispose(startVectors);
    operator.dispose();
  });

  it('leaves products as they are where there is no need of scaling, and reads one number more', () => {
    const operator = operatorOf(halves, 3);
    const products = new NormalizedOperator(operator);
    const v: Tensor1D = tf.ones([halves.length]);
    const tensors = tf.memory().numTensors;
    const zero: Tensor1D = tf.zeros([halves.length]);
    for (const [vector, expected] of [
      [zero, 0],
      [v, 3],
    ] as const) {
      const product = driveSync(products.multiply(vector));
      expect(products.scale).toBe(1);
      expect(product.dataSync()[0]).toBe(expected);
      product.dispose();
    }
    zero.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    v.dispose();
    operator.dispose();
  });

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('is no bound to a solution by %s', async (_, method) => {
    // The last with a damping that is all of the system.
    for (const [norm, size, damping] of [
      [1e-37, 1e-37, 0],
      [1e-30, 1, 0],
      [1e-18, 1, 0],
      [1e18, 1, 0],
      [1e30, 1, 0],
      [1e37, 1e37, 0],
      [1e-37, 1, 1e-3],
    ] as const) {
      const operator = operatorOf(ramp, norm);
      const b: Tensor1D = tf.fill([ramp.length], size);
      for (const initial of [undefined, tf.fill([ramp.length], (0.5 * size) / norm) as Tensor1D]) {
        if (damping > 0 && initial != null) continue;
        const { x, status, dispose } = await method(operator, b, { tol: 1e-5, damping, initial });
        expect(status).toBe('converged');
        // κ = 50: the relative error is at most κ times the relative residual, 1e-5.
        x.dataSync().forEach((value, i) =>
          expect(Math.abs((value * (norm * ramp[i]! + damping)) / size - 1)).toBeLessThan(1e-3),
        );
        dispose();
        initial?.dispose();
      }
      b.dispose();
      operator.dispose();
    }
  });

  it.each([1e-15, 1e-19, 1e-25, 1e-37])(
    'is no bound to what follows on a first product of length %d',
    async (tiny) => {
      // The first vector lies in the null space but for a little, which its product makes the next one.
      const matrix = halves.map((_, i) => halves.map((_, j) => (i === j ? 0 : i * j === 0 ? tiny : 1)));
      matrix.forEach((row, i) => (row[i] = i === 0 ? 0 : 12 + i));
      const rows = tf.tensor2d(matrix);
      const operator: LinearOperator = {
        size: halves.length,
        matvec: (v) => tf.tidy(() => tf.dot(rows, v) as Tensor1D),
        dispose: () => rows.dispose(),
      };
      const startVectors = tf.tensor1d(halves.map((_, i) => (i === 0 ? 1 : 0)));
      const { eigenvalues, residualNorms, status, dispose } = await lanczos(operator, { k: 2, startVectors });
      expect(status).toBe('converged');
      const { realEigenvalues } = new EigenvalueDecomposition(new Matrix(matrix), { assumeSymmetric: true });
      const wanted = [...realEigenvalues].sort((a, b) => b - a);
      eigenvalues.forEach((value, i) => expect(Math.abs(value / wanted[i]! - 1)).toBeLessThan(1e-5));
      residualNorms.forEach((norm, i) => expect(norm).toBeLessThan(1e-3 * wanted[i]!));
      dispose();
      startVectors.dispose();
      operator.dispose();
    },
  );

  it.each([
    ['lanczos', lanczos],
    ['powerIteration', powerIteration],
    ['lobpcg', lobpcg],
    ['interiorEigenpairs', interiorEigenpairs],
  ] as const)('is no bound to what %s takes for asymmetry', async (_, method) => {
    let seed = 0;
    // Noise below 1e-6 of the magnitude, which is zero to rounding.
    const noise: LinearOperator = {
      size: 12,
      magnitude: () => 1,
      matvec: () => tf.randomNormal([12], 0, 1e-8, 'float32', ++seed),
      dispose: () => {},
    };
    const { residualNorms, dispose } = await method(noise);
    expect(residualNorms[0]).toBeLessThan(1e-6);
    dispose();
    // An asymmetry of the size of ‖A‖: the zero of 1e3 says nothing against it.
    const matrix: tf.Tensor2D = tf.randomNormal([12, 12], 0, 1e8, 'float32', 3);
    const asymmetric: LinearOperator = {
      size: 12,
      magnitude: () => 1e9,
      matvec: (v) => tf.dot(matrix, v) as Tensor1D,
      dispose: () => {},
    };
    // The numbers in the message are those of A, some 1e8.
    await expect(method(asymmetric)).rejects.toThrow(/a symmetric operator.* = \d\.\de\+[78] at .*e\+8$/);
    matrix.dispose();
  });

  it.each([1e-30, 1e30])('is left and entered again by scaled: norm %d', async (norm) => {
    const operator = operatorOf(halves, norm);
    const { eigenvalues, status, dispose } = await lanczos(scaled(operator, 1 / norm), { k: 2 });
    expect(status).toBe('converged');
    eigenvalues.forEach((value, i) => expect(value).toBeCloseTo(halves[i]!, 5));
    dispose();
    operator.dispose();
  });
});

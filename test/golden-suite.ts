import type { Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Linearization } from '../src/autodiff/linearize.js';
import { linearize } from '../src/autodiff/linearize.js';
import type { GoldenCase, GoldenFile } from './golden-case.js';
import { loadGolden, relativeError } from './golden-case.js';
import { goldenFiles } from './golden-files.js';
import { useBackend } from './wasm-backend.js';

/**
 * float32 rounding over these nets is 1e-7 to 6e-6 of the result; a wrong term in a derivative starts at 1e-3.
 */
const tolerance = 2e-5;

/**
 * Holds every double-precision reference case on one backend.
 *
 * @param prepare makes the backend ready beyond starting it, and returns how to take that back
 */
export function describeGolden(
  backend: 'cpu' | 'wasm',
  setting = '',
  prepare: () => Promise<() => void> = () => Promise.resolve(() => {}),
): void {
  describe(`double-precision references on ${backend} ${setting}`.trim(), () => {
    let takeBack = (): void => {};
    beforeAll(async () => {
      await useBackend(backend);
      takeBack = await prepare();
    });
    afterAll(() => takeBack());

    const files = goldenFiles();
    it('are all there', () => {
      expect(files).toHaveLength(81);
    });

    it.each(files.map((file) => [file.name, file] as const))('%s', async (_, file) => {
      const golden = await loadGolden(file);
      const before = tf.memory();
      const linearization = linearize(golden.loss, golden.variables);
      requireFirstOrder(linearization, file);
      requireProduct(linearization, golden, file);
      requireHessian(linearization, file);
      linearization.dispose();
      const after = tf.memory();
      expect(after.numTensors, 'tensors').toBe(before.numTensors);
      expect(after.numBytes, 'bytes').toBe(before.numBytes);
      golden.dispose();
    });
  });
}

function requireFirstOrder(linearization: Linearization, { expected }: GoldenFile): void {
  expect(relativeError(linearization.loss.dataSync(), [expected.loss]), 'loss').toBeLessThan(tolerance);
  expect(relativeError(linearization.gradient.dataSync(), expected.grad.flat()), 'gradient').toBeLessThan(
    tolerance,
  );
}

function requireProduct(linearization: Linearization, { v }: GoldenCase, { expected }: GoldenFile): void {
  const product = linearization.hvp(v);
  expect(relativeError(product.dataSync(), expected.hv.flat()), 'Hv').toBeLessThan(tolerance);
  product.dispose();
}

/** The Hessian column by column: symmetric, with the eigenvalues of the reference. */
function requireHessian(linearization: Linearization, { expected }: GoldenFile): void {
  const n = linearization.gradient.size;
  const columns = Array.from({ length: n }, (_, j) => {
    const unit = new Float32Array(n);
    unit[j] = 1;
    const v: Tensor1D = tf.tensor1d(unit);
    const column = linearization.hvp(v);
    const values = Array.from(column.dataSync());
    tf.dispose([v, column]);
    return values;
  });
  const largest = Math.max(...expected.eigenvalues.map(Math.abs));
  const hessian = new Matrix(columns);
  const asymmetry = Matrix.sub(hessian, hessian.transpose()).abs().max();
  expect(asymmetry, 'uᵀHv = vᵀHu').toBeLessThan(1e-5 * largest);
  const symmetric = Matrix.add(hessian, hessian.transpose()).mul(0.5);
  const eigenvalues = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true }).realEigenvalues;
  const sorted = [...eigenvalues].sort((a, b) => a - b);
  sorted.forEach((eigenvalue, i) => {
    expect(Math.abs(eigenvalue - expected.eigenvalues[i]!), `eigenvalue ${i}`).toBeLessThan(1e-5 * largest);
  });
}

import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinearOperator } from '../../src/index.js';
import {
  checkOperator,
  CurvatureArgumentError,
  FisherOperator,
  GaussNewtonOperator,
  HessianOperator,
  lanczos,
  lossObjective,
} from '../../src/index.js';
import type { ClosedForm } from '../closed-form.js';
import { logisticRegression, variableOf } from '../closed-form.js';
import { operatorWithSpectrum } from '../contract/prescribed-spectrum.js';
import { relativeError } from '../golden-case.js';
import { backend, isDevice, useBackend } from './backend.js';
import { synchronousReads } from './synchronous-reads.js';

// The operators of this file have a handful of rows, so float32 leaves 1e-6; 1e-5 is what a backend is held to.
const tolerance = 1e-5;

const inputs = [
  [1, 0.5, -1],
  [0.25, -2, 1],
  [-1, 1, 0.5],
  [2, 0, 1],
  [0.5, 0.5, 0.5],
];
const regression = (): ClosedForm => logisticRegression(inputs, [1, 0, 1, 1, 0], [0.3, -0.2, 0.7]);

/** Runs `f` and requires that no tensor is left and, on a GPU, that none was read synchronously. */
async function tidily(f: () => Promise<void>): Promise<void> {
  const { numTensors } = tf.memory();
  expect(await synchronousReads(f), 'synchronous reads').toEqual([]);
  expect(tf.memory().numTensors, 'tensors').toBe(numTensors);
}

async function values(tensor: tf.Tensor): Promise<number[]> {
  const read = Array.from(await tensor.data());
  tensor.dispose();
  return read;
}

/** ‖Av − λv‖₂ of the first pair. */
async function residual(operator: LinearOperator, vectors: Tensor2D, value: number): Promise<number> {
  return (
    await values(
      tf.tidy(() => {
        const v = tf.reshape(tf.slice(vectors, [0, 0], [1, -1]), [-1]) as Tensor1D;
        return tf.norm(tf.sub(operator.matvec(v), tf.mul(v, value)));
      }),
    )
  )[0]!;
}

describe(`on ${backend}`, () => {
  beforeAll(() => useBackend());

  it.each([
    ['spread out', [10, 7, 4, 1, 0.5, 0.1, -2, -5]],
    ['repeated', [3, 3, 3, 1, 1, 0, 0, -1]],
  ])('lanczos finds eigenvalues that are %s', (_, spectrum) =>
    tidily(async () => {
      const operator = operatorWithSpectrum(spectrum);
      const found = await lanczos(operator, { k: 3, tol: 1e-4, seed: 3 });
      expect(found.status).toBe('converged');
      expect(relativeError(found.eigenvalues, spectrum.slice(0, 3))).toBeLessThan(tolerance);
      expect(await residual(operator, found.eigenvectors, found.eigenvalues[0]!)).toBeLessThan(
        1e-3 * spectrum[0]!,
      );
      found.dispose();
      operator.dispose();
    }),
  );

  it('the Hessian of a logistic regression is its closed form', async () => {
    const { loss, variable, hessian, gradient, value, dispose } = regression();
    await tidily(async () => {
      const operator = new HessianOperator(lossObjective(loss, [variable]));
      const v = tf.tensor1d([1, -2, 0.5]);
      const expected = hessian.map((row) => row[0]! - 2 * row[1]! + 0.5 * row[2]!);
      expect(relativeError(await values(operator.matvec(v)), expected)).toBeLessThan(tolerance);
      expect(relativeError(await values(operator.gradient()), gradient)).toBeLessThan(tolerance);
      expect(relativeError(await values(operator.lossTensor()), [value])).toBeLessThan(tolerance);
      const trace = hessian.reduce((sum, row, i) => sum + row[i]!, 0);
      const { eigenvalues, dispose: release } = await lanczos(operator, { k: 3 });
      expect(relativeError([eigenvalues.reduce((sum, x) => sum + x)], [trace])).toBeLessThan(tolerance);
      release();
      tf.dispose(v);
      operator.dispose();
    });
    dispose();
  });

  it('Gauss-Newton, Fisher and Hessian agree where they have to', async () => {
    const { variable, hessian, dispose } = regression();
    const [x, y] = [tf.tensor2d(inputs), tf.tensor2d([1, 0, 1, 1, 0], [5, 1])];
    await tidily(async () => {
      const objective = lossObjective(
        {
          outputs: () => tf.matMul(x, tf.reshape(variable, [3, 1])),
          loss: (z) => tf.losses.sigmoidCrossEntropy(y, z!),
          likelihood: 'bernoulli',
        },
        [variable],
      );
      const v = tf.tensor1d([1, -2, 0.5]);
      const expected = hessian.map((row) => row[0]! - 2 * row[1]! + 0.5 * row[2]!);
      for (const operator of [
        new HessianOperator(objective),
        new GaussNewtonOperator(objective),
        new FisherOperator(objective, { type: 'exact' }),
      ]) {
        expect(relativeError(await values(operator.matvec(v)), expected)).toBeLessThan(tolerance);
        operator.dispose();
      }
      v.dispose();
    });
    tf.dispose([x, y]);
    dispose();
  });

  // On WebGPU under SwiftShader the read would lose the device.
  it.skipIf(backend === 'webgpu')('HessianOperator.loss() reads synchronously, as it says', async () => {
    const { loss, variable, value, dispose } = regression();
    const operator = new HessianOperator(lossObjective(loss, [variable]));
    const reads = await synchronousReads(async () => {
      expect(relativeError([operator.loss()], [value])).toBeLessThan(tolerance);
    });
    expect(reads).toHaveLength(isDevice ? 1 : 0);
    operator.dispose();
    dispose();
  });

  it('checkOperator finds nothing wrong', async () => {
    const { loss, variable, dispose } = regression();
    await tidily(async () => {
      const operator = new HessianOperator(lossObjective(loss, [variable]));
      expect((await checkOperator(operator)).findings).toEqual([]);
      operator.dispose();
    });
    dispose();
  });

  it('an aborted run rejects with the reason and leaves nothing behind', () =>
    tidily(async () => {
      const operator = operatorWithSpectrum([8, 7, 6, 5, 4, 3, 2, 1]);
      const controller = new AbortController();
      const run = lanczos(operator, {
        k: 3,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('enough')),
      });
      await expect(run).rejects.toThrow('enough');
      operator.dispose();
    }));

  it('a loss that is not finite is told, by an error or where reading is a burden by the status', async () => {
    const variable = variableOf([-1, 2]);
    await tidily(async () => {
      const objective = lossObjective(() => tf.sum(tf.log(variable)), [variable]);
      if (!isDevice) {
        expect(() => new HessianOperator(objective)).toThrow(CurvatureArgumentError);
        return;
      }
      const operator = new HessianOperator(objective);
      expect(Number.isFinite((await values(operator.lossTensor()))[0])).toBe(false);
      operator.dispose();
    });
    variable.dispose();
  });
});

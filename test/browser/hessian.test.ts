import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkOperator,
  CurvatureArgumentError,
  HessianOperator,
  lanczos,
  lossObjective,
} from '../../src/index.js';
import type { Regression } from '../closed-form.js';
import { logisticRegression, variableOf } from '../closed-form.js';
import { relativeError } from '../golden-case.js';
import { backend, isDevice, useBackend } from './backend.js';
import { browserBackend } from './contract-backend.js';
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
const regression = (): Regression => logisticRegression(inputs, [1, 0, 1, 1, 0], [0.3, -0.2, 0.7]);

async function values(tensor: tf.Tensor): Promise<number[]> {
  const read = Array.from(await tensor.data());
  tensor.dispose();
  return read;
}

describe(`HessianOperator on ${backend}`, () => {
  const { tidily } = browserBackend;
  beforeAll(() => useBackend());

  it('has loss, gradient and eigenvalues of the closed form, and nothing wrong with it', async () => {
    const { loss, variable, hessian, gradient, value, dispose } = regression();
    await tidily(async () => {
      const operator = new HessianOperator(lossObjective(loss, [variable]));
      expect(relativeError(await values(operator.gradient()), gradient)).toBeLessThan(tolerance);
      expect(relativeError(await values(operator.lossTensor()), [value])).toBeLessThan(tolerance);
      const trace = hessian.reduce((sum, row, i) => sum + row[i]!, 0);
      const { eigenvalues, dispose: release } = await lanczos(operator, { k: 3 });
      expect(relativeError([eigenvalues.reduce((sum, x) => sum + x)], [trace])).toBeLessThan(tolerance);
      release();
      expect((await checkOperator(operator)).findings).toEqual([]);
      operator.dispose();
    });
    dispose();
  });

  it('loss() reads synchronously, as it says, or on WebGPU says what to do', async () => {
    const { loss, variable, value, dispose } = regression();
    const operator = new HessianOperator(lossObjective(loss, [variable]));
    const reads = await synchronousReads(async () => {
      if (backend === 'webgpu') expect(() => operator.loss()).toThrow(/lossTensor/);
      else expect(relativeError([operator.loss()], [value])).toBeLessThan(tolerance);
    });
    expect(reads).toHaveLength(backend === 'webgl' ? 1 : 0);
    operator.dispose();
    dispose();
  });

  it('tells of a loss that is not finite by an error, or where reading is a burden by the status', async () => {
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

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { matrixOperator } from '../../src/operators/matrix-operator.js';
import type { LinearOperator } from '../../src/operators/linear-operator.js';
import type { ContractBackend } from './contract-backend.js';
import type { EstimatorRow } from './estimator-rows.js';
import { brokenOperators, later } from './later.js';
import { matrixWithSpectrum } from './prescribed-spectrum.js';

const eigenvalues = Array.from({ length: 24 }, (_, i) => 1 + 8 * 0.7 ** i);
const matrix = matrixWithSpectrum(eigenvalues);
/** Powers of two from 1e-36 to 1e37, beyond which entries of the matrix leave the normal numbers of float32. */
const norms = [2 ** -120, 2 ** -80, 2 ** -60, 2 ** 60, 2 ** 80, 2 ** 119];

/** What holds for every estimator: the truth within its error, at any norm, from whatever answers. */
export function testEstimatorContract(rows: readonly EstimatorRow[], { use, tidily }: ContractBackend): void {
  describe.each(rows)('estimator $name', ({ truth, isHomogeneous, run }) => {
    beforeAll(use);

    it('finds the truth within its error', () =>
      tidily(async () => {
        const operator = operatorOf(1);
        const { values, errors, status } = await run(operator);
        expect(status).toBe('converged');
        truth(matrix, eigenvalues).forEach((value, i) => {
          // Twice two standard errors, as there are several values; 1e-6 are the products'.
          expect(Math.abs(values[i]! - value)).toBeLessThanOrEqual(2 * errors[i]! + 1e-6 * Math.abs(value));
          expect(errors[i]).toBeLessThan(0.5 * Math.abs(value));
        });
        operator.dispose();
      }));

    it('says the same of an operator of any norm', () =>
      tidily(async () => {
        const operator = operatorOf(1);
        const expected = await run(operator);
        operator.dispose();
        for (const norm of norms) {
          const other = operatorOf(norm);
          const { values, errors, status } = await run(other);
          const size = isHomogeneous ? norm : 1;
          expect(status).toBe('converged');
          Array.from(expected.values).forEach((value, i) => {
            expect(Math.abs(values[i]! / size - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value));
            expect(errors[i]! / size).toBeCloseTo(expected.errors[i]!, 4);
          });
          other.dispose();
        }
      }));

    it('says the same with products that come later', () =>
      tidily(async () => {
        const operator = operatorOf(1);
        const [received, expected] = [await run(later(operator)), await run(operator)];
        expect(received.status).toBe(expected.status);
        Array.from(expected.values).forEach((value, i) => expect(received.values[i]).toBeCloseTo(value, 4));
        operator.dispose();
      }));

    it.each(brokenOperators(6))(
      'names what is wrong with products that come later: %s',
      (_, broken, message) => tidily(() => expect(run(broken)).rejects.toThrow(message)),
    );

    it('says so of products that are not finite', () =>
      tidily(async () => {
        const operator: LinearOperator = {
          size: 5,
          matvec: () => tf.fill([5], NaN) as tf.Tensor1D,
          dispose: () => {},
        };
        await expect(statusOf(run(operator))).resolves.toBe('nonFinite');
      }));

    it('stops when told, with the reason', () =>
      tidily(async () => {
        const operator = operatorOf(1);
        const controller = new AbortController();
        const onProgress = (): void => controller.abort(new Error('enough'));
        await expect(run(operator, { signal: controller.signal, onProgress })).rejects.toThrow('enough');
        await expect(run(operator, { signal: controller.signal })).rejects.toThrow('enough');
        operator.dispose();
      }));
  });
}

async function statusOf(run: Promise<{ readonly status: string }>): Promise<string> {
  return (await run).status;
}

function operatorOf(norm: number): LinearOperator {
  const a = tf.tensor2d(matrix.map((row) => row.map((x) => norm * x)));
  const operator = matrixOperator(a);
  a.dispose();
  return operator;
}

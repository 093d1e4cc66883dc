import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinearOperator } from '../../src/operators/linear-operator.js';
import { lanczos } from '../../src/solvers/lanczos.js';
import { powerIteration } from '../../src/solvers/power-iteration.js';
import type { Which } from '../../src/solvers/projected-eigenproblem.js';
import { wantedFirst } from '../../src/solvers/projected-eigenproblem.js';
import type { EigenResult } from '../../src/solvers/result.js';
import { useBackend } from '../wasm-backend.js';
import { operatorWithSpectrum } from './prescribed-spectrum.js';
import { spectra } from './spectra.js';

/** A new solver is a new row. */
const solvers: {
  name: string;
  ends: Which[];
  solve: (operator: LinearOperator, which: Which, k: number, tol: number) => Promise<EigenResult>;
  /** Spectra that the method cannot separate: eigenvalues of equal or nearly equal magnitude. */
  cannot: string[];
  mostPairs: number;
}[] = [
  {
    name: 'lanczos',
    ends: ['LA', 'SA', 'LM'],
    solve: (operator, which, k, tol) => lanczos(operator, { k, which, tol }),
    cannot: [],
    mostPairs: Infinity,
  },
  {
    name: 'powerIteration',
    ends: ['LM'],
    solve: (operator, _which, k, tol) => powerIteration(operator, { k, tol }),
    cannot: [
      'clustered',
      'linear',
      'repeated x5, arithmetic',
      'indefinite, symmetric about 0',
      'five above a line',
    ],
    mostPairs: 3,
  },
];

const tol = 1e-4;

describe.each(solvers)('$name', ({ ends, solve, cannot, mostPairs }) => {
  beforeAll(() => useBackend('cpu'));

  describe.each(spectra.filter(({ name }) => !cannot.includes(name)))('on $name', ({ values }) => {
    const n = values.length;
    const cases = ends.flatMap((which) =>
      [...new Set([1, Math.min(5, n)])].filter((k) => k <= mostPairs).map((k) => ({ which, k })),
    );
    it.each(cases)('finds all of $k at $which, to the tolerance', async ({ which, k }) => {
      const operator = operatorWithSpectrum(values);
      const tensors = tf.memory().numTensors;
      const result = await solve(operator, which, k, tol);
      const norm = Math.max(...values.map(Math.abs));
      const wanted = [...values].sort(wantedFirst(which)).slice(0, k);
      expect(result.status).toBe('converged');
      expect(result.numConverged).toBe(k);
      wanted.forEach((value, i) => {
        const received = result.eigenvalues[i]!;
        // Both of a pair ±λ are largest in magnitude; a residual tol·|λ| bounds the error of the eigenvalue.
        const error = which === 'LM' ? Math.abs(received) - Math.abs(value) : received - value;
        expect(Math.abs(error)).toBeLessThanOrEqual(tol * Math.abs(value) + 2e-6 * norm);
        expect(result.residualNorms[i]).toBeLessThanOrEqual(tol * Math.abs(received) + 1.2e-6 * norm);
      });
      await expectTrueResiduals(operator, result, norm);
      result.dispose();
      expect(tf.memory().numTensors).toBe(tensors);
      operator.dispose();
    });
  });
});

/** The rows are orthonormal, and their residuals are those of the result up to float32 products (1e-6 ‖A‖). */
async function expectTrueResiduals(
  operator: LinearOperator,
  { eigenvalues, eigenvectors, residualNorms }: EigenResult,
  norm: number,
): Promise<void> {
  const [k, n] = eigenvectors.shape;
  const { gram, residuals } = tf.tidy(() => {
    const images = tf.stack(
      tf.unstack(eigenvectors).map((row) => operator.matvec(row as tf.Tensor1D)),
    ) as tf.Tensor2D;
    const scaled = tf.mul(eigenvectors, tf.tensor2d([...eigenvalues], [k, 1]));
    return {
      gram: (tf.matMul(eigenvectors, eigenvectors, false, true) as tf.Tensor2D).arraySync(),
      residuals: tf.norm(tf.sub(images, scaled), 2, 1).dataSync(),
    };
  });
  gram.forEach((row, i) => row.forEach((x, j) => expect(x).toBeCloseTo(i === j ? 1 : 0, 5)));
  residualNorms.forEach((claimed, i) => {
    expect(Math.abs(claimed - residuals[i]!)).toBeLessThanOrEqual(3e-6 * norm + 1e-30);
  });
  expect(n).toBe(operator.size);
}

import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { matrixOperator } from '../../src/operators/matrix-operator.js';
import { driveSync } from '../../src/tfjs/drive.js';
import { lanczosSteps } from '../../src/solvers/lanczos.js';
import { wantedOf } from '../contract/prescribed-spectrum.js';
import { useBackend } from '../wasm-backend.js';

/** A symmetric matrix of up to 12 rows of small integers: repeated eigenvalues, zeros and low rank are common. */
const symmetric = fc.integer({ min: 1, max: 12 }).chain((n) =>
  fc.array(fc.integer({ min: -3, max: 3 }), { minLength: n * n, maxLength: n * n }).map((entries) => {
    const at = (i: number, j: number) => entries[Math.min(i, j) * n + Math.max(i, j)]!;
    return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => at(i, j)));
  }),
);

describe('lanczos on random symmetric matrices', () => {
  beforeAll(() => useBackend('cpu'));

  it('finds what a dense solver in double precision finds, from any k and basis', () => {
    fc.assert(
      fc.property(
        symmetric,
        fc.constantFrom('LA' as const, 'SA' as const, 'LM' as const, 'BE' as const),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 1000 }),
        (matrix, which, part, seed) => {
          const n = matrix.length;
          const k = 1 + Math.floor(part * (n - 1));
          fc.pre(which !== 'BE' || k > 1);
          const exact = new EigenvalueDecomposition(new Matrix(matrix), { assumeSymmetric: true })
            .realEigenvalues;
          const wanted = wantedOf(exact, which, k);
          const norm = Math.max(...exact.map(Math.abs));
          const a = tf.tensor2d(matrix, [n, n]);
          const operator = matrixOperator(a);
          const tensors = tf.memory().numTensors;
          const result = driveSync(lanczosSteps(operator, { k, which, seed, tol: 1e-5 }));
          expect(result.status).toBe('converged');
          wanted.forEach((value, i) => {
            const received = result.eigenvalues[i]!;
            const error = which === 'LM' ? Math.abs(received) - Math.abs(value) : received - value;
            expect(Math.abs(error)).toBeLessThanOrEqual(1e-5 * norm + 1e-12);
          });
          result.dispose();
          expect(tf.memory().numTensors).toBe(tensors);
          operator.dispose();
          a.dispose();
        },
      ),
      { numRuns: 150, seed: 7 },
    );
  });
});

import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { interiorEigenpairs } from '../../../src/solvers/interior-eigenpairs.js';
import { lobpcg } from '../../../src/solvers/lobpcg.js';
import { operatorWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { useBackend } from '../../wasm-backend.js';

const spectra = {
  zeros: new Array<number>(12).fill(0),
  'both signs': [40, 30, 20, 10, -10, -20, -30, -40],
  'six magnitudes': Array.from({ length: 12 }, (_, i) => 10 ** (-i / 2)),
  copies: [2, 2, 2, 1, 1, -1, 0.5, 2],
};

describe('all eigenpairs by solvers of few', () => {
  let tensors: number;
  beforeAll(() => useBackend('cpu'));
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

  const methods = { lobpcg, interiorEigenpairs };
  const cases = Object.entries(methods).flatMap(([name, method]) =>
    Object.entries(spectra).map(([spectrum, values]) => ({ name, method, spectrum, values })),
  );
  it.each(cases)('$name converges to rounding: $spectrum', async ({ method, values }) => {
    const n = values.length;
    const norm = Math.max(...values.map(Math.abs));
    for (let seed = 0; seed < 10; seed++) {
      const operator = operatorWithSpectrum(values, seed + 1);
      const { eigenvalues, eigenvectors, status, numConverged, dispose } = await method(operator, {
        k: n,
        tol: 1e-6,
        seed,
      });
      expect({ status, numConverged }).toEqual({ status: 'converged', numConverged: n });
      const descending = (list: Iterable<number>): number[] => [...list].sort((a, b) => b - a);
      const wanted = descending(values);
      descending(eigenvalues).forEach((value, i) =>
        expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(1e-6 * norm),
      );
      const gram = tf.tidy(
        () => tf.matMul(eigenvectors, eigenvectors, false, true).arraySync() as number[][],
      );
      gram.forEach((row, i) => row.forEach((entry, j) => expect(entry).toBeCloseTo(i === j ? 1 : 0, 5)));
      dispose();
      operator.dispose();
    }
  });
});

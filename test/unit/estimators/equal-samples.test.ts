import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { diagonal, frobeniusNorm, matrixOperator, trace, traceOfFunction } from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

/*
 * A = [1 1; 1 1], of which a probe of signs sees 0 or 4, with equal chance. Eight samples agree in one run of 128, and have
 * no spread to tell an error by.
 */

beforeAll(() => useBackend('cpu'));

interface Found {
  readonly value: number;
  readonly standardError: number;
}

const estimators: Record<string, { readonly truth: number; run(seed: number): Promise<Found> }> = {
  frobeniusNorm: { truth: 2, run: (seed) => withMatrix((a) => frobeniusNorm(a, { seed })) },
  trace: { truth: 2, run: (seed) => withMatrix((a) => trace(a, { seed, method: 'hutchinson' })) },
  // Eigenvalues 0 and 2.
  traceOfFunction: {
    truth: 1 + Math.exp(2),
    run: (seed) => withMatrix((a) => traceOfFunction(a, 'exp', { seed })),
  },
  diagonal: {
    truth: 1,
    run: (seed) =>
      withMatrix(async (a) => {
        const { diagonal: values, standardErrors, dispose } = await diagonal(a, { seed });
        const found = { value: values.dataSync()[0]!, standardError: standardErrors.dataSync()[0]! };
        dispose();
        return found;
      }),
  },
};

async function withMatrix<T>(f: (a: ReturnType<typeof matrixOperator>) => Promise<T>): Promise<T> {
  const matrix: Tensor2D = tf.tensor2d([
    [1, 1],
    [1, 1],
  ]);
  const operator = matrixOperator(matrix);
  matrix.dispose();
  return f(operator).finally(() => operator.dispose());
}

it.each(Object.entries(estimators))(
  '%s knows its error where the first eight samples agree',
  async (_, { truth, run }) => {
    for (const seed of [4, 245, 247, 265, 298]) {
      const { value, standardError } = await run(seed);
      expect(Math.abs(value - truth)).toBeLessThan(4 * standardError);
    }
  },
);

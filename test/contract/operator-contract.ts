import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinearOperator } from '../../src/operators/linear-operator.js';
import { materialize } from '../../src/operators/materialize.js';
import { SeededRandom } from '../../src/random.js';
import type { ContractBackend } from './contract-backend.js';
import type { OperatorRow, Specimen } from './operator-rows.js';

/** What holds for every operator: it is the matrix it stands for, and behaves as a symmetric linear map does. */
export function testOperatorContract(
  rows: readonly OperatorRow[],
  { use, tolerance, tidily }: ContractBackend,
): void {
  describe.each(rows)('operator $name', ({ make, hasBlocks }) => {
    beforeAll(use);

    /** Runs `f` on the operator and disposes that, with all it was made of. */
    const withSpecimen = (f: (specimen: Specimen & { scale: number }) => Promise<void>): Promise<void> =>
      tidily(async () => {
        const specimen = make();
        const { operator, matrix, parts } = specimen;
        try {
          await f({ ...specimen, scale: Math.max(...matrix.flat().map(Math.abs)) });
        } finally {
          operator.dispose();
          for (const part of parts) part.dispose();
        }
      });

    it('is the matrix it stands for', () =>
      withSpecimen(async ({ operator, matrix, scale }) => {
        const whole = await materialize(operator);
        const received = await whole.data();
        whole.dispose();
        expect(received).toHaveLength(matrix.length ** 2);
        matrix.flat().forEach((x, i) => {
          expect(Math.abs(received[i]! - x) / scale).toBeLessThan(tolerance);
        });
      }));

    it('is symmetric and linear, repeats itself, and multiplies a block as it multiplies its rows', () =>
      withSpecimen(async ({ operator, matrix, scale }) => {
        const n = operator.size;
        const random = new SeededRandom(4);
        const [u, v] = [0, 1].map(() => Array.from({ length: n }, () => random.normal())) as [
          number[],
          number[],
        ];
        const unit = tolerance * scale * n;
        const [au, av] = [await times(operator, u), await times(operator, v)];
        expect(Math.abs(inner(v, au) - inner(u, av))).toBeLessThan(unit * n);
        const combined = await times(
          operator,
          u.map((x, i) => 2 * x + v[i]!),
        );
        combined.forEach((x, i) => expect(Math.abs(x - 2 * au[i]! - av[i]!)).toBeLessThan(3 * unit));
        expect(await times(operator, u)).toEqual(au);
        au.forEach((x, i) => expect(Math.abs(x - inner(matrix[i]!, u))).toBeLessThan(unit));
        expect(operator.matmat != null).toBe(hasBlocks);
        if (operator.matmat == null) return;
        const rows = tf.tensor2d([u, v]);
        const block = operator.matmat(rows);
        const images = await block.data();
        tf.dispose([rows, block]);
        [...au, ...av].forEach((x, i) => expect(Math.abs(images[i]! - x)).toBeLessThan(unit));
      }));

    it('refuses a vector of another length, and products once it is disposed, and leaves its parts alone', () =>
      withSpecimen(async ({ operator, parts }) => {
        const long = tf.ones([operator.size + 1]) as tf.Tensor1D;
        expect(() => operator.matvec(long)).toThrow(`[${operator.size}]`);
        long.dispose();
        operator.dispose();
        operator.dispose();
        const v = tf.ones([operator.size]) as tf.Tensor1D;
        expect(() => operator.matvec(v)).toThrow('disposed');
        v.dispose();
        for (const part of parts) {
          if (!('matvec' in part && 'size' in part)) continue;
          const { size } = part as LinearOperator;
          const ones = Array.from({ length: size }, () => 1);
          expect(await times(part as LinearOperator, ones)).toHaveLength(size);
        }
      }));
  });
}

async function times(operator: LinearOperator, v: readonly number[]): Promise<number[]> {
  const vector = tf.tensor1d([...v]);
  const product = operator.matvec(vector);
  const values = Array.from(await product.data());
  tf.dispose([vector, product]);
  return values;
}

function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}

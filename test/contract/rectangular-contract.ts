import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RectangularOperator } from '../../src/operators/rectangular-operator.js';
import { SeededRandom } from '../../src/random.js';
import type { ContractBackend } from './contract-backend.js';
import type { RectangularRow, RectangularSpecimen } from './rectangular-rows.js';

/** What holds for every rectangular operator: its two products are those of the matrix it stands for. */
export function testRectangularContract(
  rows: readonly RectangularRow[],
  { use, tolerance, tidily }: ContractBackend,
): void {
  describe.each(rows)('rectangular operator $name', ({ make }) => {
    beforeAll(use);

    /** Runs `f` on the operator and disposes that, with all it was made of. */
    const withSpecimen = (
      f: (specimen: RectangularSpecimen & { scale: number }) => Promise<void>,
    ): Promise<void> =>
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

    it('is the matrix it stands for, from both sides', () =>
      withSpecimen(async ({ operator, matrix, scale }) => {
        const [m, n] = operator.shape;
        expect([m, n]).toEqual([matrix.length, matrix[0]!.length]);
        for (let j = 0; j < n; j++) {
          const column = await read(operator, 'matvec', unit(n, j));
          column.forEach((x, i) => expect(Math.abs(x - matrix[i]![j]!) / scale).toBeLessThan(tolerance));
        }
        for (let i = 0; i < m; i++) {
          const row = await read(operator, 'rmatvec', unit(m, i));
          row.forEach((x, j) => expect(Math.abs(x - matrix[i]![j]!) / scale).toBeLessThan(tolerance));
        }
      }));

    it('is linear, repeats itself, and has products that are adjoint', () =>
      withSpecimen(async ({ operator, scale }) => {
        const [m, n] = operator.shape;
        const random = new SeededRandom(4);
        const draw = (length: number): number[] => Array.from({ length }, () => random.normal());
        const [v, w, u] = [draw(n), draw(n), draw(m)] as const;
        const bound = tolerance * scale * (m + n);
        const [av, aw, atu] = [
          await read(operator, 'matvec', v),
          await read(operator, 'matvec', w),
          await read(operator, 'rmatvec', u),
        ] as const;
        expect(av).toHaveLength(m);
        expect(atu).toHaveLength(n);
        expect(Math.abs(inner(u, av) - inner(atu, v))).toBeLessThan(bound * m);
        const sum = await read(
          operator,
          'matvec',
          v.map((x, i) => 2 * x + w[i]!),
        );
        sum.forEach((x, i) => expect(Math.abs(x - 2 * av[i]! - aw[i]!)).toBeLessThan(3 * bound));
        expect(await read(operator, 'matvec', v)).toEqual(av);
        expect(await read(operator, 'rmatvec', u)).toEqual(atu);
      }));

    it('refuses vectors of another length, and products once it is disposed', () =>
      withSpecimen(({ operator }) => {
        const [m, n] = operator.shape;
        const [v, u] = [tf.ones([n + 1]) as tf.Tensor1D, tf.ones([m + 1]) as tf.Tensor1D];
        expect(() => operator.matvec(v)).toThrow(`[${n}]`);
        expect(() => operator.rmatvec(u)).toThrow(`[${m}]`);
        operator.dispose();
        operator.dispose();
        expect(() => operator.matvec(v)).toThrow('disposed');
        expect(() => operator.rmatvec(u)).toThrow('disposed');
        tf.dispose([v, u]);
        return Promise.resolve();
      }));
  });
}

const unit = (size: number, at: number): number[] => Array.from({ length: size }, (_, i) => Number(i === at));

async function read(
  operator: RectangularOperator,
  product: 'matvec' | 'rmatvec',
  x: readonly number[],
): Promise<number[]> {
  const vector = tf.tensor1d([...x]);
  const image = operator[product](vector);
  const values = Array.from(await image.data());
  tf.dispose([vector, image]);
  return values;
}

function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}

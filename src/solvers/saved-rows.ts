import { ORTHONORMALITY_TOLERANCE } from '../rows.js';

/** A number for each pair of rows i and j ≤ i. */
export type Triangle = readonly (readonly number[])[];

/** xᵢᵀxⱼ of rows for j up to i. */
export function innerProductsOf(rows: Float32Array, [k, n]: readonly [number, number]): Triangle {
  const product = (i: number, j: number): number => {
    let sum = 0;
    for (let c = 0; c < n; c++) sum += rows[i * n + c]! * rows[j * n + c]!;
    return sum;
  };
  return Array.from({ length: k }, (_, i) => Array.from({ length: i + 1 }, (_, j) => product(i, j)));
}

/** Those of orthonormal vectors, zero where there is no eigenvalue. */
export function expectedProducts(eigenvalues: ArrayLike<number | null>): Triangle {
  return Array.from(eigenvalues, (value, i) =>
    Array.from({ length: i + 1 }, (_, j) => (i === j && Number.isFinite(value) ? 1 : 0)),
  );
}

/** In words, the first inner product that is not as expected, relative to the lengths of its vectors; null if all are. */
export function misfit(products: Triangle, expected: Triangle): string | null {
  for (const [i, row] of expected.entries()) {
    for (const [j, wanted] of row.entries()) {
      const size = Math.sqrt(expected[i]![i]! * expected[j]![j]!);
      const received = products[i]![j]!;
      // Written so that NaN is refused.
      if (!(Math.abs(received - wanted) <= ORTHONORMALITY_TOLERANCE * size)) {
        return `rows ${j} and ${i} with inner product ${received.toPrecision(3)}`;
      }
    }
  }
  return null;
}

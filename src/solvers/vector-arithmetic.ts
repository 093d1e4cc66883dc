import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { add, concat, matMul, mul, reshape, tidy, zeros } from '@tensorflow/tfjs-core';

/**
 * Inner products aᵀb of pairs of vectors, for the host: one tensor with a number for each pair, owned by the
 * caller. Written as matrix products because backends split those along the vectors, which a plain sum is not.
 */
export function innerProducts(...pairs: readonly (readonly [Tensor1D, Tensor1D])[]): Tensor1D {
  return tidy(() =>
    concat(
      pairs.map(([a, b]) => {
        const product = matMul(asRow(a), asRow(b), false, true);
        return reshape(product, [1]) as Tensor1D;
      }),
    ),
  );
}

/** αa + b as a new vector. */
export function plusMultiple(b: Tensor1D, a: Tensor1D, alpha: number): Tensor1D {
  return tidy((): Tensor1D => add(b, mul(a, alpha)));
}

/** Disposes of the tensors there are. */
export function release(...tensors: readonly (Tensor | null | undefined)[]): void {
  for (const tensor of tensors) tensor?.dispose();
}

function asRow(vector: Tensor1D): Tensor2D {
  return reshape(vector, [1, vector.size]) as Tensor2D;
}

/** Rows, which are taken over, with zeros below them where they are fewer than k. */
export function paddedRows(rows: Tensor2D | null, k: number, size: number): Tensor2D {
  if (rows == null) return zeros([k, size]);
  const [count] = rows.shape;
  if (count === k) return rows;
  const whole: Tensor2D = tidy(() => concat([rows, zeros([k - count, size])]));
  rows.dispose();
  return whole;
}

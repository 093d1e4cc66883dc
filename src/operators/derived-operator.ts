import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { reshape, slice, stack, tidy } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import { requireVector } from '../parameters.js';
import type { LinearOperator } from './linear-operator.js';

/** One vector [n], or several as rows [m, n]. */
export type Vectors = Tensor1D | Tensor2D;

/** Multiplies vectors by an operator; the product is the caller's. */
export type Times = <T extends Vectors>(operator: LinearOperator, v: T) => T;

/**
 * An operator made of others: it multiplies one vector or a block of them by the same rule.
 *
 * It does not own its operands: disposing of it releases only what `release` names.
 *
 * @param name of the function that makes it, for errors
 * @param size n
 * @param rule the product of `v`; `times` multiplies by an operand, one vector or a block at once
 * @param release called once, when the operator is disposed
 */
export function derivedOperator(
  name: string,
  size: number,
  rule: <T extends Vectors>(v: T, times: Times) => T,
  release: () => void = () => {},
): LinearOperator {
  let isDisposed = false;
  const apply = <T extends Vectors>(v: T): T => {
    requireThat(!isDisposed, name, 'an operator that is not disposed', 'a product of a disposed one');
    return rule(v, times);
  };
  return {
    size,
    matvec(v: Tensor1D): Tensor1D {
      requireVector(v, size, `${name}.matvec`);
      return apply(v);
    },
    matmat: apply,
    dispose(): void {
      if (isDisposed) return;
      isDisposed = true;
      release();
    },
  };
}

/** Av, or AV by `matmat` where the operator has one, else row by row; the product is the caller's. */
export function times<T extends Vectors>(operator: LinearOperator, v: T): T {
  if (v.rank === 1) return operator.matvec(v as Tensor1D) as T;
  const rows = v as Tensor2D;
  if (operator.matmat != null) return operator.matmat(rows) as T;
  const [count, size] = rows.shape;
  return tidy(() => {
    const images: Tensor1D[] = [];
    for (let i = 0; i < count; i++) {
      const row = tidy(() => reshape(slice(rows, [i, 0], [1, size]), [size]) as Tensor1D);
      images.push(operator.matvec(row));
      row.dispose();
    }
    return stack(images) as T;
  });
}

import type { LinearOperator } from '../../src/operators/linear-operator.js';

/** An operator that counts the products that are asked of it, two of them for its magnitude. */
export interface CountedOperator extends LinearOperator {
  products: number;
  matvec: LinearOperator['matvec'];
}

/** The same operator, with its products counted; it is disposed with it. */
export function counted(operator: LinearOperator, magnitude?: number): CountedOperator {
  let isKnown = false;
  const result: CountedOperator = {
    size: operator.size,
    products: 0,
    matvec(v) {
      result.products++;
      return operator.matvec(v);
    },
    dispose: () => operator.dispose(),
  };
  if (magnitude == null) return result;
  const ask = (): number => {
    if (!isKnown) result.products += 2;
    isKnown = true;
    return magnitude;
  };
  return Object.assign(result, { magnitude: ask });
}

import type { Tensor1D } from '@tensorflow/tfjs-core';
import { leavingNothing } from '../tfjs/run-scope.js';
import { requireThat } from '../errors.js';
import { requireVector } from '../parameters.js';
import type { LinearOperator } from './linear-operator.js';
import type { Vectors } from '../rows.js';
import { times } from './linear-operator.js';
import { operandsOf } from './parameter-guard.js';

/** Multiplies vectors by an operand. The product is released once the rule that asked for it has ended. */
export type Times = <T extends Vectors>(operator: LinearOperator, v: T) => T;

/** How an operator is made of others. */
export interface Derivation {
  /** The function that makes it, for errors. */
  readonly name: string;
  /** n. */
  readonly size: number;
  /** What it is made of. */
  readonly operands: readonly object[];
  /**
   * The product of v, a new tensor or one of those that `times` gave; `times` multiplies by an operand, one vector
   * or a block at once.
   */
  readonly product: <T extends Vectors>(v: T, times: Times) => T;
  /** The size of its terms, from those of its operands. */
  readonly magnitude: () => number;
  /** Called once, when the operator is disposed. */
  readonly release?: () => void;
}

interface WithOperands {
  readonly [operandsOf]: readonly object[];
}

/**
 * An operator made of others: it multiplies one vector or a block of them by the same rule. It does not own its
 * operands: disposing of it releases only what `release` names.
 */
export function derivedOperator(derivation: Derivation): LinearOperator & WithOperands {
  const { name, size, operands, product, magnitude, release } = derivation;
  let isDisposed = false;
  const requireLive = (): void =>
    requireThat(!isDisposed, name, 'an operator that is not disposed', 'a product of a disposed one');
  const apply = <T extends Vectors>(v: T): T => {
    requireLive();
    return leavingNothing(() => {
      const parts: Vectors[] = [];
      let result: T | undefined;
      try {
        result = product(v, (operator, x) => {
          const part = times(operator, x);
          parts.push(part);
          return part;
        });
        return result;
      } finally {
        for (const part of parts) if (part !== (result as Vectors | undefined)) part.dispose();
      }
    });
  };
  return {
    size,
    [operandsOf]: operands,
    matvec(v: Tensor1D): Tensor1D {
      requireVector(v, size, `${name}.matvec`);
      return apply(v);
    },
    matmat: apply,
    magnitude(): number {
      requireLive();
      return magnitude();
    },
    dispose(): void {
      if (isDisposed) return;
      isDisposed = true;
      release?.();
    },
  };
}

import { add } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import { derivedOperator } from './derived-operator.js';
import type { LinearOperator } from './linear-operator.js';
import { requireOperator } from './linear-operator.js';
import { magnitudeOf } from './magnitude.js';

/**
 * The sum of operators: v -> A_1 v + A_2 v + …
 *
 * Cost of a product: one of each operand. Memory: one vector more than the operand that needs most.
 *
 * @param operators at least one, all of the same size; they stay the caller's, and disposing of the sum leaves
 *   them alive
 * @returns an operator that holds nothing of its own
 * @throws CurvatureArgumentError for no operators, or operators of different sizes
 * @example
 * const first = modelObjective(model, { xs, ys });
 * const w = model.trainableWeights[0].read();
 * const second = lossObjective(() => tf.sum(tf.square(w)), first.parameters.variables);
 * const both = sum(new HessianOperator(first), scaled(new HessianOperator(second), 0.5));
 */
export function sum(...operators: LinearOperator[]): LinearOperator {
  requireArgument(operators.length > 0, 'sum', 'at least one operator', operators);
  for (const operator of operators) requireOperator(operator, 'sum');
  const { size } = operators[0]!;
  const sizes = operators.map((operator) => operator.size);
  requireArgument(
    sizes.every((other) => other === size),
    'sum',
    'operators of one size',
    sizes,
  );
  return derivedOperator({
    name: 'sum',
    size,
    operands: operators,
    product: (v, times) => {
      let total = times(operators[0]!, v);
      for (const operator of operators.slice(1)) {
        const before = total;
        try {
          const part = times(operator, v);
          total = add(before, part) as typeof v;
          part.dispose();
        } finally {
          before.dispose();
        }
      }
      return total;
    },
    magnitude: () => operators.map(magnitudeOf).reduce((total, magnitude) => total + magnitude),
  });
}

import type { Tensor } from '@tensorflow/tfjs-core';
import { ones } from '@tensorflow/tfjs-core';
import type { KernelInputs } from '../compositions/composition.js';
import { runKernel } from '../compositions/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';

const einsum = (equation: string, operands: readonly Tensor[]): Tensor =>
  runKernel('Einsum', operands as unknown as KernelInputs, { equation });

/**
 * The adjoint of an operand swaps its subscripts with those of the result: for y = einsum('A,B->C', a, b) it is
 * einsum('C,B->A', ȳ, b). A subscript that only this operand has was summed over; ȳ is repeated along it, by way
 * of a third factor of ones.
 */
function operandAdjoint(
  dy: Tensor,
  terms: readonly string[],
  result: string,
  operand: number,
  shape: readonly number[],
  others: readonly Tensor[],
): Tensor {
  const wanted = terms[operand]!;
  const known = new Set([result, ...terms.filter((_, i) => i !== operand)].join(''));
  const alone = [...wanted].filter((label) => !known.has(label));
  const factors = [dy, ...others];
  const subscripts = [result, ...terms.filter((_, i) => i !== operand)];
  if (alone.length === 0) return einsum(`${subscripts.join(',')}->${wanted}`, factors);
  // The kernel takes two operands at most: first without the lonely subscripts, then with ones along them.
  const present = [...wanted].filter((label) => known.has(label)).join('');
  const reduced = einsum(`${subscripts.join(',')}->${present}`, factors);
  const repeated = ones(alone.map((label) => shape[wanted.indexOf(label)]!));
  return einsum(`${present},${alone.join('')}->${wanted}`, [reduced, repeated]);
}

export const einsumRules: readonly GradientRule[] = [
  {
    kernel: 'Einsum',
    saveInputs: 'all',
    pullback: ({ dy, inputs, shapes, attrs }) => {
      const [left, result] = (attrs.equation as string).replace(/\s/g, '').split('->') as [string, string];
      const terms = left.split(',');
      return Object.fromEntries(
        terms.map((_, i) => [
          String(i),
          () => {
            const others = terms.flatMap((__, j) => (j === i ? [] : [inputs[j]!]));
            return operandAdjoint(dy, terms, result, i, shapes[i]!, others);
          },
        ]),
      );
    },
  },
];

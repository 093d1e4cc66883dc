import type { Tensor } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import type { KernelInputs } from '../../tfjs/kernels/run-kernel.js';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { broadcastTo } from '../../tfjs/kernels/broadcast.js';
import { mul, reshape } from '../../tfjs/kernels/kernel-ops.js';

const einsum = (equation: string, operands: readonly Tensor[]): Tensor =>
  runKernel('Einsum', operands as unknown as KernelInputs, { equation });

/**
 * The adjoint of an operand swaps its subscripts with those of the result: for y = einsum('A,B->C', a, b) it is
 * einsum('C,B->A', ȳ, b). Along a subscript that only this operand has, which was summed over, it is repeated.
 */
function operandAdjoint(
  dy: Tensor,
  terms: readonly string[],
  result: string,
  operand: number,
  shape: readonly number[],
  others: readonly Tensor[],
): Tensor {
  const wanted = [...terms[operand]!];
  const rest = terms.filter((_, i) => i !== operand);
  // A result without subscripts is one factor of all; the kernel does not take it as an operand.
  const isScalar = result === '';
  const factors = isScalar ? others : [dy, ...others];
  const subscripts = isScalar ? rest : [result, ...rest];
  const present = wanted.filter((label) => subscripts.some((term) => term.includes(label)));
  const contracted =
    factors.length === 0 ? dy : einsum(`${subscripts.join(',')}->${present.join('')}`, factors);
  const aligned = reshape(
    contracted,
    wanted.map((label, i) => (present.includes(label) ? shape[i]! : 1)),
  );
  const adjoint = broadcastTo(aligned, shape);
  return isScalar && factors.length > 0 ? mul(adjoint, dy) : adjoint;
}

export const einsumRules: readonly GradientRule[] = [
  {
    kernel: 'Einsum',
    saveInputs: 'all',
    pullback: ({ dy, inputs, shapes, attrs }) => {
      const [left, result] = (attrs.equation as string).replace(/\s/g, '').split('->') as [string, string];
      const terms = left.split(',');
      util.assert(
        dy.rank === result.length,
        () => `the kernel did not sum '${attrs.equation as string}' out`,
      );
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

import type { Tensor } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import type { KernelInputs } from '../../tfjs/kernels/run-kernel.js';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { broadcastTo } from '../../tfjs/kernels/broadcast.js';
import { reshape } from '../../tfjs/kernels/kernel-ops.js';

const einsum = (equation: string, operands: readonly Tensor[]): Tensor =>
  runKernel('Einsum', operands as unknown as KernelInputs, { equation });

/**
 * The adjoint of an operand, whose place the result takes: for y = einsum('A,B->C', a, b) it is einsum('C,B->A', ȳ, b).
 * Along a subscript that only this operand has, which was summed over, it is repeated.
 */
function operandAdjoint(
  factors: readonly Tensor[],
  left: string,
  operand: string,
  shape: readonly number[],
): Tensor {
  const wanted = [...operand];
  const present = wanted.filter((label) => left.includes(label));
  const aligned = reshape(
    einsum(`${left}->${present.join('')}`, factors),
    wanted.map((label, i) => (left.includes(label) ? shape[i]! : 1)),
  );
  return broadcastTo(aligned, shape);
}

export const einsumRules: readonly GradientRule[] = [
  {
    kernel: 'Einsum',
    saveInputs: 'all',
    pullback: ({ dy, inputs, shapes, attrs }) => {
      const [left, result] = (attrs.equation as string).replace(/\s/g, '').split('->') as [string, string];
      const terms = left.split(',');
      util.assert(
        new Set(result).size === result.length,
        () => `'${attrs.equation as string}' repeats a subscript of its result`,
      );
      const swapped = <T>(values: readonly T[], at: number, value: T): T[] =>
        values.map((other, i) => (i === at ? value : other));
      const operands = terms.map((_, i) => inputs[i]!);
      return Object.fromEntries(
        terms.map((term, i) => [
          String(i),
          () => operandAdjoint(swapped(operands, i, dy), swapped(terms, i, result).join(), term, shapes[i]!),
        ]),
      );
    },
  },
];

import { copy, sum } from '../kernels/kernel-ops.js';
import type { KernelInputs } from '../kernels/run-kernel.js';
import type { Correction } from './correction.js';

/** The subscripts that occur once: in one operand, and not in the result. */
const loneSubscripts = (equation: string): string[] =>
  [...equation].filter((label) => /[^\s,>-]/.test(label) && equation.split(label).length === 2);

export const einsumCorrections: readonly Correction[] = [
  {
    kernel: 'Einsum',
    backends: ['cpu', 'webgl', 'webgpu'],
    when: (inputs, { equation }) => inputs[1] == null || loneSubscripts(equation as string).length > 0,
    why: 'loses an operand where the other is summed over a subscript of its own; may answer its input',
    compute: (inputs, attrs, own) => {
      const equation = (attrs.equation as string).replace(/\s/g, '');
      const lone = loneSubscripts(equation);
      const terms = equation.split(/,|-/);
      const sums = Object.values(inputs).map((x, i) =>
        sum(
          x,
          lone.map((label) => terms[i]!.indexOf(label)).filter((axis) => axis >= 0),
        ),
      );
      const rest = [...equation].filter((label) => !lone.includes(label)).join('');
      return copy(own(sums as unknown as KernelInputs, { equation: rest }));
    },
  },
];

import { copy, sum } from '../kernels/kernel-ops.js';
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
      // With these in the result, which is then summed: the kernel multiplies all entries anyway.
      const lone = loneSubscripts(attrs.equation as string);
      const y = own(inputs, { equation: [attrs.equation, ...lone].join('') });
      return copy(
        sum(
          y,
          lone.map((_, i) => y.rank - lone.length + i),
        ),
      );
    },
  },
];

import type { GradientRule } from '../gradient-rule.js';
import { scatterAt } from '../../tfjs/kernels/kernel-ops.js';
import { dilationAxes } from '../../tfjs/kernels/windows.js';
import { maximaOverWindow } from '../../tfjs/kernels/window-maximum.js';

export const morphologyRules: readonly GradientRule[] = [
  {
    // y = max over the window of x + w: both adjoints go where the maximum is attained.
    kernel: 'Dilation2D',
    constants: ({ x, filter }, _, attrs) => {
      const { inInput, inWindow } = maximaOverWindow(
        x!,
        dilationAxes(x!.shape, filter!.shape, attrs),
        filter!,
      );
      return [inInput, inWindow];
    },
    pullback: ({ dy, constants, shapes }) => ({
      x: () => scatterAt(dy, constants[0]!, shapes.x!),
      filter: () => scatterAt(dy, constants[1]!, shapes.filter!),
    }),
  },
];

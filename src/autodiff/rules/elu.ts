import { scalar } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { mul, step, sub } from '../../tfjs/kernels/kernel-ops.js';

export const eluRules: readonly GradientRule[] = [
  {
    // y = x for x > 0, else eˣ − 1, so that y′ = 1 or y + 1.
    kernel: 'Elu',
    saveOutputs: [true],
    pullback: ({ dy, outputs }) => ({ x: () => runKernel('EluGrad', { dy, y: outputs[0]! }) }),
  },
  {
    // x̄ = ȳ·(1 or y + 1): linear in ȳ; its derivative by y is ȳ where y ≤ 0.
    kernel: 'EluGrad',
    saveInputs: { dy: ['y'], y: ['dy'] },
    constants: ({ y }) => [sub(scalar(1), step(y!))],
    pullback: ({ dy: u, inputs, constants }) => ({
      dy: () => runKernel('EluGrad', { dy: u, y: inputs.y! }),
      y: () => mul(mul(u, inputs.dy!), constants[0]!),
    }),
  },
];

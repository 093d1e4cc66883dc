import type { Tensor } from '@tensorflow/tfjs-core';
import type { GradientRule } from '../gradient-rule.js';
import { sumTo } from '../../tfjs/kernels/broadcast.js';
import { reshape, sum } from '../../tfjs/kernels/kernel-ops.js';
import { convolution2d, depthwiseConvolution } from './convolution.js';
import { fusedActivationAdjoint, fusedActivationMask } from './fused-activation.js';

/** The adjoint of adding a bias to each channel. */
function biasAdjoint(dy: Tensor, biasShape: number[], attrs: object): Tensor {
  const { dataFormat } = attrs as { dataFormat?: string };
  const perChannel = dataFormat === 'NCHW' && biasShape.length === 1 && biasShape[0] !== 1;
  return perChannel ? reshape(sum(dy, [0, 2, 3]), biasShape) : sumTo(dy, biasShape);
}

function fusedRule(kernel: string, convolution: typeof convolution2d): GradientRule {
  return {
    kernel,
    saveInputs: { x: ['filter'], filter: ['x'] },
    constants: fusedActivationMask,
    pullback: (context) => {
      const { inputs, shapes, attrs } = context;
      const dy = fusedActivationAdjoint(context);
      return {
        x: () => convolution.inputAdjoint(dy, inputs.filter!, shapes.x!, attrs),
        filter: () => convolution.filterAdjoint(inputs.x!, dy, shapes.filter!, attrs),
        bias: () => biasAdjoint(dy, shapes.bias!, attrs),
      };
    },
  };
}

export const fusedConvolutionRules: readonly GradientRule[] = [
  fusedRule('FusedConv2D', convolution2d),
  fusedRule('FusedDepthwiseConv2D', depthwiseConvolution),
];

import type { Tensor } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { dilationRates, gatherTaps, spreadFilter, spreadShape } from './convolution.js';

/* The partial gradients of the trilinear form ⟨ȳ, x ∗ w⟩ in three dimensions; see convolution.ts. */

interface ConvolutionAttributes {
  strides: number | [number, number, number];
  pad: unknown;
  dataFormat?: string;
  dilations?: number | readonly number[];
}

function inputAdjoint(dy: Tensor, filter: Tensor, inputShape: readonly number[], attrs: object): Tensor {
  const { strides, pad, dilations } = attrs as ConvolutionAttributes;
  const dense = spreadFilter(filter, dilationRates(dilations, 3));
  return runKernel('Conv3DBackpropInputV2', { dy, filter: dense }, { strides, pad, inputShape });
}

function filterAdjoint(x: Tensor, dy: Tensor, filterShape: readonly number[], attrs: object): Tensor {
  const { strides, pad, dilations } = attrs as ConvolutionAttributes;
  const rates = dilationRates(dilations, 3);
  const shape = spreadShape(filterShape, rates);
  const dense = runKernel('Conv3DBackpropFilterV2', { x, dy }, { strides, pad, filterShape: shape });
  return gatherTaps(dense, rates, filterShape);
}

function convolve(x: Tensor, filter: Tensor, attrs: object): Tensor {
  const { strides, pad } = attrs as ConvolutionAttributes;
  return runKernel('Conv3D', { x, filter }, { strides, pad, dataFormat: 'NDHWC', dilations: [1, 1, 1] });
}

export const convolution3dRules: readonly GradientRule[] = [
  {
    kernel: 'Conv3D',
    saveInputs: { x: ['filter'], filter: ['x'] },
    pullback: ({ dy, inputs, shapes, attrs }) => ({
      x: () => inputAdjoint(dy, inputs.filter!, shapes.x!, attrs),
      filter: () => filterAdjoint(inputs.x!, dy, shapes.filter!, attrs),
    }),
  },
  {
    kernel: 'Conv3DBackpropInputV2',
    saveInputs: { dy: ['filter'], filter: ['dy'] },
    pullback: ({ dy: u, inputs, shapes, attrs }) => ({
      dy: () => convolve(u, inputs.filter!, attrs),
      filter: () => filterAdjoint(u, inputs.dy!, shapes.filter!, attrs),
    }),
  },
  {
    kernel: 'Conv3DBackpropFilterV2',
    saveInputs: { x: ['dy'], dy: ['x'] },
    pullback: ({ dy: u, inputs, shapes, attrs }) => ({
      x: () => inputAdjoint(inputs.dy!, u, shapes.x!, attrs),
      dy: () => convolve(inputs.x!, u, attrs),
    }),
  },
];

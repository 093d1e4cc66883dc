import type { Tensor } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { dilationRates, gatherTaps, spreadFilter, spreadShape } from './convolution.js';

/*
 * As for dense convolutions, the forward kernel and its two backward ones are the partial gradients of one
 * trilinear form, so that each has the other two as its adjoints.
 */

interface DepthwiseAttributes {
  strides: number | [number, number];
  pad: unknown;
  dimRoundingMode?: string;
  dilations?: number | readonly number[];
}

function window({ strides, pad, dimRoundingMode }: DepthwiseAttributes): object {
  return { strides, pad, dimRoundingMode, dataFormat: 'NHWC', dilations: [1, 1] };
}

/** Adjoint of a depthwise convolution with respect to its input. */
export function depthwiseInputAdjoint(
  dy: Tensor,
  filter: Tensor,
  inputShape: readonly number[],
  attrs: object,
): Tensor {
  const convolution = attrs as DepthwiseAttributes;
  const dense = spreadFilter(filter, dilationRates(convolution.dilations, 2));
  return runKernel(
    'DepthwiseConv2dNativeBackpropInput',
    { dy, filter: dense },
    { ...window(convolution), inputShape },
  );
}

/** Adjoint of a depthwise convolution with respect to its filter. */
export function depthwiseFilterAdjoint(
  x: Tensor,
  dy: Tensor,
  filterShape: readonly number[],
  attrs: object,
): Tensor {
  const convolution = attrs as DepthwiseAttributes;
  const rates = dilationRates(convolution.dilations, 2);
  const dense = runKernel(
    'DepthwiseConv2dNativeBackpropFilter',
    { x, dy },
    { ...window(convolution), filterShape: spreadShape(filterShape, rates) },
  );
  return gatherTaps(dense, rates, filterShape);
}

const convolve = (x: Tensor, filter: Tensor, attrs: object): Tensor =>
  runKernel('DepthwiseConv2dNative', { x, filter }, window(attrs as DepthwiseAttributes));

export const depthwiseConvolutionRules: readonly GradientRule[] = [
  {
    kernel: 'DepthwiseConv2dNative',
    saveInputs: { x: ['filter'], filter: ['x'] },
    pullback: ({ dy, inputs, shapes, attrs }) => ({
      x: () => depthwiseInputAdjoint(dy, inputs.filter!, shapes.x!, attrs),
      filter: () => depthwiseFilterAdjoint(inputs.x!, dy, shapes.filter!, attrs),
    }),
  },
  {
    kernel: 'DepthwiseConv2dNativeBackpropInput',
    saveInputs: { dy: ['filter'], filter: ['dy'] },
    pullback: ({ dy: u, inputs, shapes, attrs }) => ({
      dy: () => convolve(u, spreadFilter(inputs.filter!, dilationRates(dilationsOf(attrs), 2)), attrs),
      filter: () => depthwiseFilterAdjoint(u, inputs.dy!, shapes.filter!, attrs),
    }),
  },
  {
    kernel: 'DepthwiseConv2dNativeBackpropFilter',
    saveInputs: { x: ['dy'], dy: ['x'] },
    pullback: ({ dy: u, inputs, shapes, attrs }) => ({
      x: () => depthwiseInputAdjoint(inputs.dy!, u, shapes.x!, attrs),
      dy: () => convolve(inputs.x!, spreadFilter(u, dilationRates(dilationsOf(attrs), 2)), attrs),
    }),
  },
];

function dilationsOf(attrs: object): DepthwiseAttributes['dilations'] {
  return (attrs as DepthwiseAttributes).dilations;
}

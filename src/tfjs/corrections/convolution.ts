import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { fill } from '@tensorflow/tfjs-core';
import { pad, reshape, reverse, slice, sum, transpose } from '../kernels/kernel-ops.js';
import { runKernel } from '../kernels/run-kernel.js';
import { spread } from '../kernels/spread.js';
import { convolutionAxes, type WindowAxis } from '../kernels/windows.js';
import type { Correction } from './correction.js';

/*
 * The backward kernels of channels-last convolutions as forward ones, which the WASM backend has, and runs an
 * order of magnitude faster than its own input gradient. The attributes of backward kernels hold no dilation.
 */

/** Pads the spatial axes, or crops them where a margin is negative. */
function padOrCrop(x: Tensor, margins: readonly (readonly [number, number])[]): Tensor {
  const all = [[0, 0] as const, ...margins, [0, 0] as const];
  const begin = all.map(([before]) => Math.max(0, -before));
  const size = x.shape.map((n, i) => n - begin[i]! - Math.max(0, -all[i]![1]));
  const growth = all.map(([before, after]) => [Math.max(0, before), Math.max(0, after)] as const);
  return pad(slice(x, begin, size), growth);
}

/** Output gradient brought to the grid of the input, ready to be convolved with the turned filter. */
function onInputGrid(dy: Tensor, axes: readonly WindowAxis[]): Tensor {
  const spaced = axes.reduce((x, { stride }, i) => spread(x, i + 1, stride), dy);
  const margins = axes.map(({ window, before, size }, i) => {
    const first = window - 1 - before;
    return [first, size + window - 1 - first - spaced.shape[i + 1]!] as const;
  });
  return padOrCrop(spaced, margins);
}

/** Input cells that the windows reach, padding made real: a dilated convolution with `dy` then has one tap per offset. */
function reachedInput(x: Tensor, axes: readonly WindowAxis[]): Tensor {
  return padOrCrop(
    x,
    axes.map(({ before, overhang }) => [before, overhang] as const),
  );
}

/** A convolution with windows that lie wholly inside. */
function convolve(kernel: string, x: Tensor, filter: Tensor, dilations: readonly number[]): Tensor {
  const strides = dilations.map(() => 1);
  const dataFormat = strides.length === 2 ? 'NHWC' : 'NDHWC';
  return runKernel(kernel, { x, filter }, { strides, pad: 'valid', dataFormat, dilations });
}

/** x̄ = (ȳ spread by the stride) ∗ (w turned over, channels swapped) */
function inputGradient(forward: string): Correction['compute'] {
  return ({ dy, filter }, attrs: NamedAttrMap) => {
    const axes = convolutionAxes(attrs.inputShape as number[], filter!.shape, attrs);
    const spatial = axes.map((_, i) => i);
    const [channels, outputs] = [axes.length, axes.length + 1];
    const turned = transpose(reverse(filter!, spatial), [...spatial, outputs, channels]);
    const dense = axes.map(() => 1);
    return convolve(forward, onInputGrid(dy!, axes), turned, dense);
  };
}

/**
 * w̄ = x ∗ ȳ summed over the batch: the batch takes the place of the input channels, ȳ that of the filter, dilated by
 * the stride.
 */
function filterGradient(forward: string): Correction['compute'] {
  return ({ x, dy }, attrs: NamedAttrMap) => {
    const filterShape = attrs.filterShape as number[];
    if (x!.size === 0) return fill(filterShape, 0);
    const axes = convolutionAxes(x!.shape, filterShape, attrs);
    const spatial = axes.map((_, i) => i + 1);
    const last = axes.length + 1;
    const images = transpose(reachedInput(x!, axes), [last, ...spatial, 0]);
    const taps = transpose(dy!, [...spatial, 0, last]);
    const strides = axes.map(({ stride }) => stride);
    return transpose(convolve(forward, images, taps, strides), [...spatial, 0, last]);
  };
}

type Shape4D = [number, number, number, number];

export const convolutionCorrections: readonly Correction[] = [
  {
    kernel: 'Conv2DBackpropInput',
    backends: ['wasm'],
    when: (_, attrs) => attrs.dataFormat !== 'NCHW',
    why: 'is an order of magnitude slower than a forward convolution',
    isRight: () => true,
    compute: inputGradient('Conv2D'),
  },
  { kernel: 'Conv2DBackpropFilter', why: 'missing on wasm', compute: filterGradient('Conv2D') },
  {
    kernel: 'Conv3DBackpropInputV2',
    backends: ['wasm'],
    why: 'is wrong',
    compute: inputGradient('Conv3D'),
  },
  {
    kernel: 'Conv3DBackpropFilterV2',
    backends: ['wasm'],
    why: 'is wrong with strides or padding',
    compute: filterGradient('Conv3D'),
  },
  {
    kernel: 'DepthwiseConv2dNativeBackpropInput',
    why: 'missing on wasm',
    compute: ({ dy, filter }, attrs) => {
      const inputShape = attrs.inputShape as number[];
      const axes = convolutionAxes(inputShape, filter!.shape, attrs, { depthwise: true });
      const [height, width, channels, multiplier] = filter!.shape as Shape4D;
      // Every output channel is turned back by its own filter; those of one input channel are added up.
      const turned = reshape(reverse(filter!, [0, 1]), [height, width, channels * multiplier, 1]);
      const perOutput = convolve('DepthwiseConv2dNative', onInputGrid(dy!, axes), turned, [1, 1]);
      if (multiplier === 1) return perOutput;
      return reshape(sum(reshape(perOutput, [perOutput.size / multiplier, multiplier]), [1]), inputShape);
    },
  },
  {
    // Each channel of each example is convolved with its own ȳ; the examples are added up.
    kernel: 'DepthwiseConv2dNativeBackpropFilter',
    why: 'missing on wasm',
    compute: ({ x, dy }, attrs) => {
      const filterShape = attrs.filterShape as Shape4D;
      if (x!.size === 0) return fill(filterShape, 0);
      const [height, width, channels, multiplier] = filterShape;
      const axes = convolutionAxes(x!.shape, filterShape, attrs, { depthwise: true });
      const reached = reachedInput(x!, axes);
      const [batch, rows, columns] = reached.shape as Shape4D;
      const examples = batch * channels;
      const images = reshape(transpose(reached, [1, 2, 0, 3]), [1, rows, columns, examples]);
      const counts = axes.map(({ count }) => count);
      const taps = reshape(transpose(dy!, [1, 2, 0, 3]), [...counts, examples, multiplier]);
      const strides = axes.map(({ stride }) => stride);
      const perExample = convolve('DepthwiseConv2dNative', images, taps, strides);
      const split = reshape(perExample, [height * width, batch, channels * multiplier]);
      return reshape(sum(split, [1]), filterShape);
    },
  },
];

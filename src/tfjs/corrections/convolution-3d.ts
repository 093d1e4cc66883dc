import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { backend_util } from '@tensorflow/tfjs-core';
import { pad, reverse, slice, transpose } from '../kernels/kernel-ops.js';
import { spread } from '../kernels/spread.js';
import { isStockWasmKernel, type Composition } from './correction.js';
import { runKernel } from '../kernels/run-kernel.js';

/*
 * The backward kernels of three-dimensional convolutions as forward ones. On the WASM backend of
 * TensorFlow.js 4.22 Conv3DBackpropInputV2 is wrong altogether, Conv3DBackpropFilterV2 with strides or padding.
 */

interface Axis {
  readonly size: number;
  readonly count: number;
  readonly window: number;
  readonly stride: number;
  readonly before: number;
}

function spatialAxes(xShape: readonly number[], filterShape: readonly number[], attrs: NamedAttrMap): Axis[] {
  const { strides, pad: padding } = attrs as unknown as { strides: number; pad: 'same' };
  const info = backend_util.computeConv3DInfo(
    xShape as [number, number, number, number, number],
    filterShape as [number, number, number, number, number],
    strides,
    1,
    padding,
  );
  const counts = [info.outDepth, info.outHeight, info.outWidth];
  const steps = [info.strideDepth, info.strideHeight, info.strideWidth];
  const befores = [info.padInfo.front, info.padInfo.top, info.padInfo.left];
  return counts.map((count, i) => ({
    size: xShape[i + 1]!,
    count,
    window: filterShape[i]!,
    stride: steps[i]!,
    before: befores[i]!,
  }));
}

/** Pads, or crops where the padding is negative, the three spatial axes. */
function padOrCrop(x: Tensor, paddings: readonly (readonly [number, number])[]): Tensor {
  const all = [[0, 0], ...paddings, [0, 0]] as [number, number][];
  const begin = all.map(([before]) => Math.max(0, -before));
  const size = x.shape.map((n, i) => n - begin[i]! - Math.max(0, -all[i]![1]));
  const growth = all.map(([before, after]) => [Math.max(0, before), Math.max(0, after)] as const);
  return pad(slice(x, begin, size), growth);
}

function convolve(x: Tensor, filter: Tensor, dilations: readonly number[]): Tensor {
  const attrs = { strides: [1, 1, 1], pad: 'valid', dataFormat: 'NDHWC', dilations };
  return runKernel('Conv3D', { x, filter }, attrs);
}

const backpropInput: Composition = {
  // x̄ = (ȳ spread by the stride) ∗ (w turned over, channels swapped)
  kernel: 'Conv3DBackpropInputV2',
  insteadOf: () => isStockWasmKernel('Conv3DBackpropInputV2'),
  compute: ({ dy, filter }, attrs) => {
    const axes = spatialAxes(attrs.inputShape as number[], filter!.shape, attrs);
    const spaced = axes.reduce((x, { stride }, i) => spread(x, i + 1, stride), dy!);
    const paddings = axes.map(({ window, before, size }, i): [number, number] => {
      const first = window - 1 - before;
      return [first, size + window - 1 - first - spaced.shape[i + 1]!];
    });
    const turned = transpose(reverse(filter!, [0, 1, 2]), [0, 1, 2, 4, 3]);
    return convolve(padOrCrop(spaced, paddings), turned, [1, 1, 1]);
  },
};

const backpropFilter: Composition = {
  // w̄ = x ∗ ȳ summed over the batch, which takes the place of the input channels
  kernel: 'Conv3DBackpropFilterV2',
  insteadOf: () => isStockWasmKernel('Conv3DBackpropFilterV2'),
  compute: ({ x, dy }, attrs) => {
    const axes = spatialAxes(x!.shape, attrs.filterShape as number[], attrs);
    const paddings = axes.map(({ count, stride, window, before, size }): [number, number] => [
      before,
      (count - 1) * stride + window - before - size,
    ]);
    const images = transpose(padOrCrop(x!, paddings), [4, 1, 2, 3, 0]);
    const taps = transpose(dy!, [1, 2, 3, 0, 4]);
    const product = convolve(
      images,
      taps,
      axes.map(({ stride }) => stride),
    );
    return transpose(product, [1, 2, 3, 0, 4]);
  },
};

export const convolution3dCompositions: readonly Composition[] = [backpropInput, backpropFilter];

import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { backend_util } from '@tensorflow/tfjs-core';
import { pad, reshape, reverse, slice, sum, transpose } from '../kernels/kernel-ops.js';
import { spread } from '../kernels/spread.js';
import { isStockWasmKernel, type Composition } from './correction.js';
import { runKernel } from '../kernels/run-kernel.js';

/*
 * The backward kernels of channels-last convolutions as forward ones, which the WASM backend has, and runs an
 * order of magnitude faster than its own input gradient.
 */

type Shape4D = [number, number, number, number];
type ConvInfo = ReturnType<typeof backend_util.computeConv2DInfo>;

function geometry(
  xShape: number[],
  filterShape: number[],
  attrs: NamedAttrMap,
  depthwise: boolean,
): ConvInfo {
  const {
    strides,
    pad: padding,
    dimRoundingMode,
  } = attrs as unknown as {
    strides: number;
    pad: 'same';
    dimRoundingMode?: 'floor';
  };
  return backend_util.computeConv2DInfo(
    xShape as Shape4D,
    filterShape as Shape4D,
    strides,
    1,
    padding,
    dimRoundingMode,
    depthwise,
  );
}

/** Padding that may be negative: crops where it is. Two spatial axes of a channels-last tensor. */
function padOrCrop(x: Tensor, rows: readonly [number, number], columns: readonly [number, number]): Tensor {
  const [batch, height, width, channels] = x.shape as Shape4D;
  const crop = ([before, after]: readonly [number, number], size: number): [number, number] => [
    Math.max(0, -before),
    size - Math.max(0, -before) - Math.max(0, -after),
  ];
  const [[top, keptRows], [left, keptColumns]] = [crop(rows, height), crop(columns, width)];
  const cropped = slice(x, [0, top, left, 0], [batch, keptRows, keptColumns, channels]);
  const grow = ([before, after]: readonly [number, number]): [number, number] => [
    Math.max(0, before),
    Math.max(0, after),
  ];
  return pad(cropped, [[0, 0], grow(rows), grow(columns), [0, 0]]);
}

const whole = { strides: [1, 1], pad: 'valid', dataFormat: 'NHWC' };

/** Output gradient brought to the grid of the input, ready to be convolved with the turned filter. */
function onInputGrid(dy: Tensor, info: ConvInfo): Tensor {
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo, inHeight, inWidth } = info;
  const spaced = spread(spread(dy, 1, strideHeight), 2, strideWidth);
  const [top, left] = [filterHeight - 1 - padInfo.top, filterWidth - 1 - padInfo.left];
  const bottom = inHeight + filterHeight - 1 - top - spaced.shape[1]!;
  const right = inWidth + filterWidth - 1 - left - spaced.shape[2]!;
  return padOrCrop(spaced, [top, bottom], [left, right]);
}

/** Input cells that the windows reach, padding made real: a dilated convolution with `dy` then has one tap per offset. */
function reachedInput(x: Tensor, info: ConvInfo): Tensor {
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
  const bottom = (info.outHeight - 1) * strideHeight + filterHeight - padInfo.top - info.inHeight;
  const right = (info.outWidth - 1) * strideWidth + filterWidth - padInfo.left - info.inWidth;
  return padOrCrop(x, [padInfo.top, bottom], [padInfo.left, right]);
}

export const convolutionCompositions: readonly Composition[] = [
  {
    // x̄ = (ȳ spread by the stride) ∗ (w turned by 180°, channels swapped)
    kernel: 'Conv2DBackpropInput',
    insteadOf: (_, attrs) => attrs.dataFormat !== 'NCHW' && isStockWasmKernel('Conv2DBackpropInput'),
    isRight: () => true,
    compute: ({ dy, filter }, attrs) => {
      const info = geometry(attrs.inputShape as number[], filter!.shape, attrs, false);
      const turned = transpose(reverse(filter!, [0, 1]), [0, 1, 3, 2]);
      return runKernel(
        'Conv2D',
        { x: onInputGrid(dy!, info), filter: turned },
        { ...whole, dilations: [1, 1] },
      );
    },
  },
  {
    // w̄ = x ∗ ȳ summed over the batch: the batch takes the place of the input channels, ȳ that of the filter,
    // dilated by the stride.
    kernel: 'Conv2DBackpropFilter',
    compute: ({ x, dy }, attrs) => {
      const info = geometry(x!.shape, attrs.filterShape as number[], attrs, false);
      const images = transpose(reachedInput(x!, info), [3, 1, 2, 0]);
      const taps = transpose(dy!, [1, 2, 0, 3]);
      const dilations = [info.strideHeight, info.strideWidth];
      const product = runKernel('Conv2D', { x: images, filter: taps }, { ...whole, dilations });
      return transpose(product, [1, 2, 0, 3]);
    },
  },
  {
    kernel: 'DepthwiseConv2dNativeBackpropInput',
    compute: ({ dy, filter }, attrs) => {
      const inputShape = attrs.inputShape as number[];
      const info = geometry(inputShape, filter!.shape, attrs, true);
      const [height, width, channels, multiplier] = filter!.shape as Shape4D;
      // Every output channel is turned back by its own filter; those of one input channel are added up.
      const turned = reshape(reverse(filter!, [0, 1]), [height, width, channels * multiplier, 1]);
      const perOutput = runKernel(
        'DepthwiseConv2dNative',
        { x: onInputGrid(dy!, info), filter: turned },
        { ...whole, dilations: [1, 1] },
      );
      if (multiplier === 1) return perOutput;
      return reshape(sum(reshape(perOutput, [perOutput.size / multiplier, multiplier]), [1]), inputShape);
    },
  },
  {
    // Each channel of each example is convolved with its own ȳ; the examples are added up.
    kernel: 'DepthwiseConv2dNativeBackpropFilter',
    compute: ({ x, dy }, attrs) => {
      const filterShape = attrs.filterShape as Shape4D;
      const [height, width, channels, multiplier] = filterShape;
      const info = geometry(x!.shape, filterShape, attrs, true);
      const reached = reachedInput(x!, info);
      const [batch, rows, columns] = reached.shape as Shape4D;
      const images = reshape(transpose(reached, [1, 2, 0, 3]), [1, rows, columns, batch * channels]);
      const taps = reshape(transpose(dy!, [1, 2, 0, 3]), [
        info.outHeight,
        info.outWidth,
        batch * channels,
        multiplier,
      ]);
      const perExample = runKernel(
        'DepthwiseConv2dNative',
        { x: images, filter: taps },
        { ...whole, dilations: [info.strideHeight, info.strideWidth] },
      );
      const split = reshape(perExample, [height * width, batch, channels * multiplier]);
      return reshape(sum(split, [1]), filterShape);
    },
  },
];

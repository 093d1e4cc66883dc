import {
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  util,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import type { Conv2DLikeAttrs } from './conv-attributes.js';
import { depthwiseGeometry, type DepthwiseGeometry } from './depthwise-attributes.js';

/** `DepthwiseConv2dNativeBackpropFilter`, which the WASM backend lacks. Scratch: one padded image. */
export const depthwiseBackpropFilter: TrainingKernel = {
  kernelName: DepthwiseConv2dNativeBackpropFilter,
  create: (heap, stock) => (call) => {
    const [x, dy] = [input(call, 'x'), input(call, 'dy')];
    if (!allFloat32(x, dy)) return passOn(stock, heap, call);
    const attrs = attributes<Conv2DLikeAttrs & { filterShape: number[] }>(call);
    const geometry = depthwiseGeometry(x.shape, attrs.filterShape, dy.shape, attrs);
    const { info, multiplier, height, width } = geometry;
    const dw = heap.output(info.filterShape);
    heap.clear(heap.pointer(dw), 4 * util.sizeFromShape(info.filterShape));
    if (isEmpty(dy)) return dw;
    const window = heap.scratch(4 * height * width * info.outChannels);
    for (let b = 0; b < info.batchSize; b++) {
      const { inHeight, inWidth, inChannels, padInfo } = info;
      const image = heap.pointer(x) + 4 * b * inHeight * inWidth * inChannels;
      const at = [-padInfo.top, -padInfo.left, height, width] as const;
      heap.functions.expandWindow(window, image, inHeight, inWidth, inChannels, multiplier, ...at);
      const from = heap.pointer(dy) + b * dyBytes(geometry);
      heap.functions.depthwiseFilterGradient(window, width, from, heap.pointer(dw), ...steps(geometry));
    }
    return dw;
  },
};

/** `DepthwiseConv2dNativeBackpropInput`, which the WASM backend lacks. Scratch: one padded image. */
export const depthwiseBackpropInput: TrainingKernel = {
  kernelName: DepthwiseConv2dNativeBackpropInput,
  create: (heap, stock) => (call) => {
    const [dy, filter] = [input(call, 'dy'), input(call, 'filter')];
    if (!allFloat32(dy, filter)) return passOn(stock, heap, call);
    const attrs = attributes<Conv2DLikeAttrs & { inputShape: number[] }>(call);
    const geometry = depthwiseGeometry(attrs.inputShape, filter.shape, dy.shape, attrs);
    const { info, multiplier, height, width } = geometry;
    const dx = heap.output(info.inShape);
    const { inHeight, inWidth, inChannels, padInfo } = info;
    const imageBytes = 4 * inHeight * inWidth * inChannels;
    if (isEmpty(dy) || isEmpty(filter)) {
      heap.clear(heap.pointer(dx), imageBytes * info.batchSize);
      return dx;
    }
    const windowBytes = 4 * height * width * info.outChannels;
    const window = heap.scratch(windowBytes);
    for (let b = 0; b < info.batchSize; b++) {
      heap.clear(window, windowBytes);
      const from = heap.pointer(dy) + b * dyBytes(geometry);
      heap.functions.depthwiseScatter(from, heap.pointer(filter), window, width, ...steps(geometry));
      const image = [inHeight, inWidth, inChannels, multiplier, padInfo.top, padInfo.left] as const;
      heap.functions.foldWindow(window, height, width, heap.pointer(dx) + b * imageBytes, ...image);
    }
    return dx;
  },
};

function isEmpty(tensor: TensorInfo): boolean {
  return util.sizeFromShape(tensor.shape) === 0;
}

function dyBytes({ info, outHeight, outWidth }: DepthwiseGeometry): number {
  return 4 * outHeight * outWidth * info.outChannels;
}

type DepthwiseSteps = [number, number, number, number, number, number, number, number, number];

function steps({ info, outHeight, outWidth }: DepthwiseGeometry): DepthwiseSteps {
  return [
    ...[outHeight, outWidth, info.outChannels, info.filterHeight, info.filterWidth],
    ...[info.strideHeight, info.strideWidth, info.dilationHeight, info.dilationWidth],
  ] as DepthwiseSteps;
}

import {
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  util,
  type backend_util,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { conv2dGradient, type Conv2DLikeAttrs } from './conv-attributes.js';
import { depthwiseGeometry, depthwiseSteps } from './depthwise-attributes.js';

/** `DepthwiseConv2dNativeBackpropFilter`, which the WASM backend lacks. Scratch: one padded image. */
export const depthwiseBackpropFilter: TrainingKernel = {
  kernelName: DepthwiseConv2dNativeBackpropFilter,
  create: (heap, stock) => (call) => {
    const [x, dy] = [input(call, 'x'), input(call, 'dy')];
    if (!allFloat32(x, dy)) return passOn(stock, heap, call);
    const attrs = attributes<Conv2DLikeAttrs & { filterShape: number[] }>(call);
    const gradient = conv2dGradient(heap, dy, x.shape, attrs.filterShape, attrs, true);
    const geometry = depthwiseGeometry(gradient.info);
    const { info, multiplier, height, width } = geometry;
    const dw = heap.output(info.filterShape);
    heap.clear(heap.pointer(dw), 4 * util.sizeFromShape(info.filterShape));
    const batch = isEmpty(gradient.dy) ? 0 : info.batchSize;
    const window = heap.scratch(4 * height * width * info.outChannels);
    for (let b = 0; b < batch; b++) {
      const { inHeight, inWidth, inChannels, padInfo } = info;
      const image = heap.pointer(x) + 4 * b * inHeight * inWidth * inChannels;
      const at = [-padInfo.top, -padInfo.left, height, width] as const;
      heap.functions.expandWindow(window, image, inHeight, inWidth, inChannels, multiplier, ...at);
      const from = heap.pointer(gradient.dy) + b * outBytes(info);
      heap.functions.depthwiseFilterGradient(
        window,
        width,
        from,
        heap.pointer(dw),
        ...depthwiseSteps(geometry),
      );
    }
    heap.release(gradient.dy);
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
    const gradient = conv2dGradient(heap, dy, attrs.inputShape, filter.shape, attrs, true);
    const geometry = depthwiseGeometry(gradient.info);
    const { info, multiplier, height, width } = geometry;
    const dx = heap.output(info.inShape);
    const { inHeight, inWidth, inChannels, padInfo } = info;
    const imageBytes = 4 * inHeight * inWidth * inChannels;
    const empty = isEmpty(gradient.dy) || isEmpty(filter);
    if (empty) heap.clear(heap.pointer(dx), imageBytes * info.batchSize);
    const windowBytes = 4 * height * width * info.outChannels;
    const window = heap.scratch(windowBytes);
    for (let b = 0; b < info.batchSize && !empty; b++) {
      heap.clear(window, windowBytes);
      const from = heap.pointer(gradient.dy) + b * outBytes(info);
      heap.functions.depthwiseScatter(from, heap.pointer(filter), window, width, ...depthwiseSteps(geometry));
      const image = [inHeight, inWidth, inChannels, multiplier, padInfo.top, padInfo.left] as const;
      heap.functions.foldWindow(window, height, width, heap.pointer(dx) + b * imageBytes, ...image);
    }
    heap.release(gradient.dy);
    return dx;
  },
};

function isEmpty(tensor: TensorInfo): boolean {
  return util.sizeFromShape(tensor.shape) === 0;
}

/** Bytes of one image of the output. */
function outBytes({ outHeight, outWidth, outChannels }: backend_util.Conv2DInfo): number {
  return 4 * outHeight * outWidth * outChannels;
}

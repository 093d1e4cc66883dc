import { DepthwiseConv2dNative, FusedDepthwiseConv2D, util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { allFloat32, attributes, input, passOn, type KernelCall, type TrainingKernel } from '../kernel.js';
import { applyActivation, type ActivationAttrs } from './activation.js';
import { conv2dInfo, type Conv2DLikeAttrs } from './conv-attributes.js';
import { depthwiseGeometry, depthwiseSteps } from './depthwise-attributes.js';

/** `DepthwiseConv2dNative`, any stride, padding and dilation: stock reads from the wrong place where it rounds. */
export const depthwiseConv2d: TrainingKernel = {
  kernelName: DepthwiseConv2dNative,
  create: (heap, stock) => (call) => forward(heap, call) ?? passOn(stock, heap, call),
};

/** `FusedDepthwiseConv2D`: {@link depthwiseConv2d}, bias of any shape that broadcasts, activation. */
export const fusedDepthwiseConv2d: TrainingKernel = {
  kernelName: FusedDepthwiseConv2D,
  create: (heap, stock) => (call) => {
    const y = forward(heap, call);
    if (y === null) return passOn(stock, heap, call);
    const { bias, preluActivationWeights } = call.inputs;
    return applyActivation(heap, y, bias, preluActivationWeights, attributes<ActivationAttrs>(call));
  },
};

/** The convolution in a new tensor, or null for a type that stays with the stock kernel. Scratch: one padded image. */
function forward(heap: Heap, call: KernelCall): TensorInfo | null {
  const [x, filter] = [input(call, 'x'), input(call, 'filter')];
  if (!allFloat32(x, filter)) return null;
  const attrs = attributes<Conv2DLikeAttrs>(call);
  util.assert(
    attrs.dataFormat !== 'NCHW',
    () => `Error in depthwiseConv2d: only the data format NHWC is supported, got ${attrs.dataFormat}.`,
  );
  const info = conv2dInfo(x.shape, filter.shape, attrs, true);
  const geometry = depthwiseGeometry(info);
  const { multiplier, height, width } = geometry;
  const { batchSize, inHeight, inWidth, inChannels, outChannels, padInfo } = info;
  const y = heap.output(info.outShape);
  if (util.sizeFromShape(info.outShape) === 0) return y;
  // Where no window leaves the image and no channel is repeated, the image itself is what the windows meet.
  const inPlace = multiplier === 1 && padInfo.top === 0 && padInfo.left === 0 && fits(height, width, info);
  const window = inPlace ? 0 : heap.scratch(4 * height * width * outChannels);
  const [imageBytes, outBytes] = [x, y].map(({ shape }) => (4 * util.sizeFromShape(shape)) / batchSize);
  for (let b = 0; b < batchSize; b++) {
    const image = heap.pointer(x) + b * imageBytes!;
    if (!inPlace) {
      const at = [-padInfo.top, -padInfo.left, height, width] as const;
      heap.functions.expandWindow(window, image, inHeight, inWidth, inChannels, multiplier, ...at);
    }
    const [from, cells] = inPlace ? [image, inWidth] : [window, width];
    const to = heap.pointer(y) + b * outBytes!;
    heap.functions.depthwise(from, cells, heap.pointer(filter), to, ...depthwiseSteps(geometry));
  }
  return y;
}

function fits(height: number, width: number, info: { inHeight: number; inWidth: number }): boolean {
  return height <= info.inHeight && width <= info.inWidth;
}

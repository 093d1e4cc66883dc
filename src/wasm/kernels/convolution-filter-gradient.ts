import { Conv2DBackpropFilter, Conv3DBackpropFilterV2, type TensorInfo } from '@tensorflow/tfjs-core';
import { toChannelsLast } from '../geometry/data-format.js';
import { imagesOf, slicesOfTap } from '../geometry/images.js';
import { convolutionGradient } from '../geometry/output-gradient.js';
import type { ConvolutionAttrs, Windows } from '../geometry/windows.js';
import { sizeOf, type Heap } from '../heap.js';
import { floatKernel, type TrainingKernel } from '../kernel.js';
import { filterGradient } from './filter-gradient.js';
import { suitsWinograd, winogradFilterGradient } from './winograd.js';

/** `Conv2DBackpropFilter`, which the WASM backend lacks: any stride, padding and dilation, NHWC and NCHW. */
export const conv2dBackpropFilter = convolutionFilterGradient(Conv2DBackpropFilter);

/** `Conv3DBackpropFilterV2`, any stride, padding and dilation. */
export const conv3dBackpropFilter = convolutionFilterGradient(Conv3DBackpropFilterV2);

function convolutionFilterGradient(kernelName: string): TrainingKernel {
  type Attrs = ConvolutionAttrs & { filterShape: number[] };
  return floatKernel(kernelName, ['x', 'dy'], (heap, [x, dy], attrs: Attrs) => {
    const fitted = convolutionGradient(heap, dy, x.shape, attrs.filterShape, attrs);
    const dw = heap.output(attrs.filterShape);
    if (sizeOf(dw) * sizeOf(fitted.dy) === 0) heap.clear(dw);
    else compute(heap, x, fitted.dy, fitted.windows, dw);
    heap.release(fitted.dy);
    return dw;
  });
}

function compute(heap: Heap, x: TensorInfo, dy: TensorInfo, windows: Windows, dw: TensorInfo): void {
  const { depth, batch } = windows;
  const [inputs, gradients] = [toChannelsLast(heap, x, windows), toChannelsLast(heap, dy, windows)];
  const to = heap.pointer(dw);
  if (!windows.isVolume && suitsWinograd(windows)) {
    winogradFilterGradient(heap, windows, heap.pointer(inputs), heap.pointer(gradients), to);
  } else {
    const [xs, dys] = [imagesOf(heap, inputs, batch), imagesOf(heap, gradients, batch)];
    for (let tap = 0; tap < depth.taps; tap++) {
      const pairs = slicesOfTap(depth, tap, xs, dys);
      filterGradient(heap, windows, pairs, to + (tap * 4 * sizeOf(dw)) / depth.taps);
    }
  }
  heap.release(inputs);
  heap.release(gradients);
}

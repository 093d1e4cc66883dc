import { ClipByValue, util, type ClipByValueAttrs } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';

/** `ClipByValue` that keeps NaN. Stock makes it the lower bound, which hides that a model has diverged. */
export const clipByValue: TrainingKernel = {
  kernelName: ClipByValue,
  create: (heap, stock) => (call) => {
    const x = input(call, 'x');
    if (!allFloat32(x)) return passOn(stock, heap, call);
    const { clipValueMin, clipValueMax } = attributes<ClipByValueAttrs>(call);
    const y = heap.output(x.shape);
    const size = util.sizeFromShape(x.shape);
    heap.functions.clip(heap.pointer(x), heap.pointer(y), size, clipValueMin, clipValueMax);
    return y;
  },
};

import { Tanh, util } from '@tensorflow/tfjs-core';
import { allFloat32, input, passOn, type TrainingKernel } from '../kernel.js';

/** `Tanh`, four at a time; stock computes one after the other. */
export const tanh: TrainingKernel = {
  kernelName: Tanh,
  create: (heap, stock) => (call) => {
    const x = input(call, 'x');
    if (!allFloat32(x)) return passOn(stock, heap, call);
    const y = heap.output(x.shape);
    heap.functions.tanh(heap.pointer(x), heap.pointer(y), util.sizeFromShape(x.shape));
    return y;
  },
};

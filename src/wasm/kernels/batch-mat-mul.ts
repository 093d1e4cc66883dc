import { BatchMatMul, type BatchMatMulAttrs } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { matrixProduct } from './matrix-product.js';

/** `BatchMatMul` with every transpose at the speed of none; tfjs's is some 15 times slower with one. */
export const batchMatMul: TrainingKernel = {
  kernelName: BatchMatMul,
  create: (heap, stock) => (call) => {
    const [a, b] = [input(call, 'a'), input(call, 'b')];
    if (!allFloat32(a, b)) return passOn(stock, heap, call);
    const { transposeA, transposeB } = attributes<BatchMatMulAttrs>(call);
    return matrixProduct(heap, a, b, transposeA, transposeB);
  },
};

import { _FusedMatMul, type _FusedMatMulAttrs } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { applyActivation, type ActivationAttrs } from './activation.js';
import { matrixProduct } from './matrix-product.js';

/**
 * `_FusedMatMul`: matrix product, bias, activation. Stock adds the bias once per block of 48 along the inner
 * dimension when an operand is transposed; this adds it once.
 */
export const fusedMatMul: TrainingKernel = {
  kernelName: _FusedMatMul,
  create: (heap, stock) => (call) => {
    const [a, b] = [input(call, 'a'), input(call, 'b')];
    if (!allFloat32(a, b)) return passOn(stock, heap, call);
    const attrs = attributes<_FusedMatMulAttrs & ActivationAttrs>(call);
    const { bias, preluActivationWeights } = call.inputs;
    const product = matrixProduct(heap, a, b, attrs.transposeA, attrs.transposeB);
    return applyActivation(heap, product, bias, preluActivationWeights, attrs);
  },
};

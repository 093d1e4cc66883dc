import {
  _FusedMatMul,
  BatchMatMul,
  type _FusedMatMulAttrs,
  type BatchMatMulAttrs,
} from '@tensorflow/tfjs-core';
import { floatKernel } from '../kernel.js';
import { applyActivation, type ActivationAttrs } from './activation.js';
import { matrixProduct } from './matrix-product.js';

/** `BatchMatMul` with every transpose at the speed of none; tfjs's is some 15 times slower with one. */
export const batchMatMul = floatKernel(BatchMatMul, ['a', 'b'], (heap, { a, b }, attrs: BatchMatMulAttrs) =>
  matrixProduct(heap, a, b, attrs.transposeA, attrs.transposeB),
);

/**
 * `_FusedMatMul`: matrix product, bias, activation. Stock adds the bias once per block of 48 along the inner
 * dimension when an operand is transposed; this adds it once.
 */
export const fusedMatMul = floatKernel(
  _FusedMatMul,
  ['a', 'b'],
  (heap, inputs, attrs: _FusedMatMulAttrs & ActivationAttrs) => {
    const product = matrixProduct(heap, inputs.a, inputs.b, attrs.transposeA, attrs.transposeB);
    return applyActivation(heap, product, inputs, attrs);
  },
);

import { _FusedMatMul, util, type _FusedMatMulAttrs, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { matrixProduct } from './matrix-product.js';
import { runKernel } from './stock-ops.js';

/**
 * `_FusedMatMul`: matrix product, bias, activation. Stock adds the bias once per block of 48 along the inner
 * dimension when an operand is transposed; this adds it once.
 */
export const fusedMatMul: TrainingKernel = {
  kernelName: _FusedMatMul,
  create: (heap, stock) => (call) => {
    const [a, b] = [input(call, 'a'), input(call, 'b')];
    if (!allFloat32(a, b)) return passOn(stock, heap, call);
    const attrs = attributes<_FusedMatMulAttrs & { leakyreluAlpha?: number }>(call);
    const { bias, preluActivationWeights: alpha } = call.inputs;
    const product = matrixProduct(heap, a, b, attrs.transposeA, attrs.transposeB);
    const relu = attrs.activation === 'relu';
    const biased = addBias(heap, product, bias, relu);
    switch (attrs.activation) {
      case 'linear':
      case 'relu':
        return biased;
      case 'relu6':
      case 'elu':
      case 'sigmoid':
        return replace(heap, biased, (x) => runKernel(heap, STOCK_NAMES[attrs.activation] ?? '', { x }));
      case 'leakyrelu':
        return replace(heap, biased, (x) =>
          runKernel(heap, 'LeakyRelu', { x }, { alpha: attrs.leakyreluAlpha ?? 0 }),
        );
      case 'prelu':
        if (alpha == null) throw new Error('Error in fused matMul: prelu needs preluActivationWeights.');
        return replace(heap, biased, (x) => runKernel(heap, 'Prelu', { x, alpha }));
      default:
        throw new Error(
          `Activation ${String(attrs.activation)} has not been implemented for the wasm backend.`,
        );
    }
  },
};

const STOCK_NAMES: Readonly<Record<string, string>> = { relu6: 'Relu6', elu: 'Elu', sigmoid: 'Sigmoid' };

/** Adds a bias to every row of `x`, in place where it is a row, and cuts at 0 with `relu`. Takes over `x`. */
function addBias(heap: Heap, x: TensorInfo, bias: TensorInfo | undefined, relu: boolean): TensorInfo {
  const cols = x.shape[x.shape.length - 1] ?? 0;
  const rows = cols === 0 ? 0 : util.sizeFromShape(x.shape) / cols;
  const isRow =
    bias == null || (util.sizeFromShape(bias.shape) === cols && bias.shape[bias.shape.length - 1] === cols);
  if (!isRow) {
    const sum = replace(heap, x, (a) => runKernel(heap, 'Add', { a, b: bias }));
    return relu ? replace(heap, sum, (y) => runKernel(heap, 'Relu', { x: y })) : sum;
  }
  if (bias == null && !relu) return x;
  const at = bias == null ? 0 : heap.pointer(bias);
  heap.functions.addBias(heap.pointer(x), rows, cols, at, Number(relu));
  return x;
}

function replace(heap: Heap, x: TensorInfo, op: (x: TensorInfo) => TensorInfo): TensorInfo {
  const result = op(x);
  heap.release(x);
  return result;
}

import type { Tensor } from '@tensorflow/tfjs-core';
import { add, matMul, transpose } from '../ops/kernel-ops.js';
import { isStockWasmKernel, type Composition } from './composition.js';

interface Transposition {
  transposeA: boolean;
  transposeB: boolean;
  activation?: string;
}

function swapLast(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

function explicitly(a: Tensor, b: Tensor, { transposeA, transposeB }: Transposition): Tensor {
  return matMul(transposeA ? swapLast(a) : a, transposeB ? swapLast(b) : b);
}

const isTransposed = (attrs: object): boolean => {
  const { transposeA, transposeB } = attrs as Transposition;
  return transposeA || transposeB;
};

export const matrixProductCompositions: readonly Composition[] = [
  {
    // The stock WASM kernel is some 15 times slower with a transpose than without.
    kernel: 'BatchMatMul',
    insteadOf: (_, attrs) => isTransposed(attrs) && isStockWasmKernel('BatchMatMul'),
    compute: ({ a, b }, attrs) => explicitly(a!, b!, attrs as unknown as Transposition),
  },
  {
    // The stock WASM kernel with a transpose adds the bias once per block of 48 along the inner dimension.
    kernel: '_FusedMatMul',
    insteadOf: ({ bias }, attrs) =>
      isTransposed(attrs) &&
      (attrs.activation ?? 'linear') === 'linear' &&
      isStockWasmKernel('_FusedMatMul') &&
      bias != null,
    compute: ({ a, b, bias }, attrs) => add(explicitly(a!, b!, attrs as unknown as Transposition), bias!),
  },
];

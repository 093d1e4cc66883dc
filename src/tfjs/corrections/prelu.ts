import { zeros } from '@tensorflow/tfjs-core';
import { add } from '../kernels/kernel-ops.js';
import { isStockWasmKernel, type Composition } from './correction.js';
import { isBeyondWebgpu } from './gpu.js';

/** Whether `end`, but for ones in front, is how `shape` ends. */
function endsWith(shape: readonly number[], end: readonly number[]): boolean {
  const offset = shape.length - end.length;
  const first = end.findIndex((size) => size !== 1);
  return first < 0 || end.slice(first).every((size, i) => size === shape[offset + first + i]);
}

export const preluCompositions: readonly Composition[] = [
  {
    // The stock WASM kernel reads alpha over and over along the flat input, whatever axes it belongs to.
    kernel: 'Prelu',
    insteadOf: ({ x, alpha }) =>
      (isStockWasmKernel('Prelu') && !endsWith(x!.shape, alpha!.shape)) ||
      (isBeyondWebgpu(x!.rank) && x!.rank !== alpha!.rank),
    compute: ({ x, alpha }, attrs, own) => own({ x: x!, alpha: add(alpha!, zeros(x!.shape)) }, attrs),
  },
];

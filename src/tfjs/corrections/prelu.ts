import { getBackend, zeros } from '@tensorflow/tfjs-core';
import { add } from '../kernels/kernel-ops.js';
import type { Correction } from './correction.js';
import { hasTooManyAxes } from './gpu.js';

/** Whether `end`, but for ones in front, is how `shape` ends. */
function endsWith(shape: readonly number[], end: readonly number[]): boolean {
  const offset = shape.length - end.length;
  const first = end.findIndex((size) => size !== 1);
  return first < 0 || end.slice(first).every((size, i) => size === shape[offset + first + i]);
}

export const preluCorrections: readonly Correction[] = [
  {
    kernel: 'Prelu',
    backends: ['wasm', 'webgpu'],
    when: ({ x, alpha }) =>
      getBackend() === 'wasm'
        ? !endsWith(x!.shape, alpha!.shape)
        : hasTooManyAxes(x!.rank) && x!.rank !== alpha!.rank,
    why: 'reads alpha over and over along the flat input (wasm), or a coordinate that is not there (webgpu)',
    compute: ({ x, alpha }, attrs, own) => own({ x: x!, alpha: add(alpha!, zeros(x!.shape)) }, attrs),
  },
];

import { AvgPool, AvgPool3D, MaxPool, MaxPool3D, MaxPoolWithArgmax, util } from '@tensorflow/tfjs-core';
import { poolArguments, poolWindows, type PoolAttrs, type Windows } from '../geometry/windows.js';
import { floatKernel, type TrainingKernel } from '../kernel.js';

/**
 * Pooling by cpu's rules. Stock WASM sizes its output by other rules where it pads by numbers and rounds, and leaves
 * what it does not reach unwritten; in three dimensions its maximum of a window without positive numbers is 0.
 * Of a window without any cell cpu takes −∞ for the maximum and 0/0 for the average, in three dimensions 0.
 */
function pool(kernelName: string, average: boolean, least = 0): TrainingKernel {
  return floatKernel(kernelName, ['x'], (heap, { x }, attrs: PoolAttrs) => {
    const windows = poolWindows(x.shape, attrs);
    if (isIdentity(windows)) return heap.alias(x, windows.outShape);
    const y = heap.output(windows.outShape);
    const geometry = poolArguments(windows);
    heap.functions.pool(heap.pointer(x), heap.pointer(y), ...geometry, Number(average), least);
    return y;
  });
}

export const maxPool = pool(MaxPool, false);
export const maxPool3d = pool(MaxPool3D, false);
export const avgPool = pool(AvgPool, true);
export const avgPool3d = pool(AvgPool3D, true, 1);

/** On cpu windows of one cell leave an image as it is, whatever strides and padding say, if its size stays. */
export function isIdentity({ rows, cols, isVolume, inShape, outShape }: Windows): boolean {
  return !isVolume && rows.taps * cols.taps === 1 && util.arraysEqual(inShape, outShape);
}

/** `MaxPoolWithArgmax` with cpu's rules: first maximum, any sign; `includeBatchInIndex` honoured. */
export const maxPoolWithArgmax = floatKernel(
  MaxPoolWithArgmax,
  ['x'],
  (heap, { x }, attrs: PoolAttrs & { includeBatchInIndex: boolean }) => {
    util.assert(
      x.shape.length === 4,
      () => `Error in maxPool: input must be rank 4 but got rank ${x.shape.length}.`,
    );
    const windows = poolWindows(x.shape, attrs);
    const [pooled, indexes] = [heap.output(windows.outShape), heap.output(windows.outShape, 'int32')];
    heap.functions.maxPoolWithArgmax(
      ...[heap.pointer(x), heap.pointer(pooled), heap.pointer(indexes)],
      ...poolArguments(windows),
      Number(attrs.includeBatchInIndex),
    );
    return [pooled, indexes];
  },
);

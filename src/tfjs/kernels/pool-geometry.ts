import { backend_util } from '@tensorflow/tfjs-core';

/** How a pooling window moves along one spatial axis. */
export interface PoolAxis {
  /** Cells of the input. */
  readonly size: number;
  /** Windows, which is the size of the output. */
  readonly count: number;
  readonly window: number;
  readonly stride: number;
  /** Padded cells before the first and after the last cell, as far as windows reach. */
  readonly before: number;
  readonly after: number;
  /** Distance between the cells of a window; 1 by default. */
  readonly dilation?: number;
}

export interface PoolAttributes {
  filterSize: number | number[];
  strides: number | number[];
  pad: 'valid' | 'same' | number | [number, number][];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** The spatial axes of a channels-last pooling of rank 4 or 5. */
export function poolAxes(xShape: readonly number[], attrs: object): PoolAxis[] {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as PoolAttributes;
  const rank = xShape.length - 2;
  const each = (value: number | number[]): number[] =>
    typeof value === 'number' ? new Array<number>(rank).fill(value) : value;
  const [windows, steps] = [each(filterSize), each(strides)];
  const { counts, befores } =
    rank === 2
      ? planePadding(xShape, windows, steps, pad, dimRoundingMode)
      : volumePadding(xShape, windows, steps, pad, dimRoundingMode);
  return windows.map((window, i) => {
    const [size, count, stride, before] = [xShape[i + 1]!, counts[i]!, steps[i]!, befores[i]!];
    const after = Math.max(0, (count - 1) * stride + window - before - size);
    return { size, count, window, stride, before, after };
  });
}

/**
 * Whether pooling returns the image itself: in two dimensions TensorFlow.js's backends do for windows of one cell where the size
 * stays, whatever strides and padding say.
 */
export function returnsImage(xShape: readonly number[], attrs: object): boolean {
  if (xShape.length !== 4) return false;
  return poolAxes(xShape, attrs).every(({ window, count, size }) => window === 1 && count === size);
}

interface Padding {
  counts: number[];
  befores: number[];
}

function planePadding(
  xShape: readonly number[],
  windows: number[],
  steps: number[],
  pad: PoolAttributes['pad'],
  dimRoundingMode: PoolAttributes['dimRoundingMode'],
): Padding {
  const { outHeight, outWidth, padInfo } = backend_util.computePool2DInfo(
    xShape as [number, number, number, number],
    windows as [number, number],
    steps as [number, number],
    1,
    pad as 'same',
    dimRoundingMode,
  );
  return { counts: [outHeight, outWidth], befores: [padInfo.top, padInfo.left] };
}

function volumePadding(
  xShape: readonly number[],
  windows: number[],
  steps: number[],
  pad: PoolAttributes['pad'],
  dimRoundingMode: PoolAttributes['dimRoundingMode'],
): Padding {
  const { outDepth, outHeight, outWidth, padInfo } = backend_util.computePool3DInfo(
    xShape as [number, number, number, number, number],
    windows as [number, number, number],
    steps as [number, number, number],
    1,
    pad as 'same',
    dimRoundingMode,
  );
  return {
    counts: [outDepth, outHeight, outWidth],
    befores: [padInfo.front, padInfo.top, padInfo.left],
  };
}

/** Padding spelled out, for kernels that take no rounding mode. Two spatial axes. */
export function explicitPadding(axes: readonly PoolAxis[]): [number, number][] {
  return [[0, 0], ...axes.map(({ before, after }): [number, number] => [before, after]), [0, 0]];
}

import type { Tensor } from '@tensorflow/tfjs-core';
import { fill, tensor } from '@tensorflow/tfjs-core';
import { runKernel } from './run-kernel.js';
import { add, greater, pad, reshape, select, slice } from './kernel-ops.js';
import type { WindowAxis } from './windows.js';
import { takeEvery } from './spread.js';

/** The maximum of each window and where it is attained first; places are int32, all are shaped like the pooled tensor. */
export interface WindowMaxima {
  /** The maxima themselves, float32. */
  readonly maximum: Tensor;
  /** Index into the flattened input. */
  readonly inInput: Tensor;
  /** Index into the flattened window, channels last. */
  readonly inWindow: Tensor;
}

/**
 * For each window the place of its first maximum.
 *
 * Goes through the cells of the window in order and remembers where the running maximum last rose. It
 * serves where no kernel can be trusted: the WASM kernels of TensorFlow.js 4.22 lose every window whose
 * maximum is not positive.
 *
 * @param weights added to the window before the maximum is taken, of shape [...window, channels]; none by default
 * @returns new tensors that the caller disposes
 */
export function maximaOverWindow(x: Tensor, axes: readonly WindowAxis[], weights?: Tensor): WindowMaxima {
  const margins = axes.map(({ before, after }) => [before, after] as const);
  const padded = pad(x, [[0, 0], ...margins, [0, 0]], Number.NEGATIVE_INFINITY);
  const channels = x.shape.at(-1)!;
  const cells = weights == null ? null : reshape(weights, [weights.size / channels, channels]);
  let best: Tensor | null = null;
  let number: Tensor | null = null;
  forEachCell(padded, axes, (values, k) => {
    const cell = cells == null ? values : add(values, slice(cells, [k, 0], [1, channels]));
    const here = fill(cell.shape, k, 'int32');
    if (best == null || number == null) {
      [best, number] = [cell, here];
      return;
    }
    number = select(greater(cell, best), here, number);
    best = runKernel('Maximum', { a: best, b: cell });
  });
  return { maximum: best!, ...locate(number!, x.shape, axes) };
}

/** Places of the first maxima in the flattened input. */
export function placesOfMaxima(x: Tensor, axes: readonly WindowAxis[]): Tensor {
  return maximaOverWindow(x, axes).inInput;
}

/** Visits the cells of the window in row-major order, each as a tensor shaped like the pooled one. */
function forEachCell(
  padded: Tensor,
  axes: readonly WindowAxis[],
  visit: (cell: Tensor, k: number) => void,
): void {
  let k = 0;
  const descend = (x: Tensor, depth: number): void => {
    const axis = axes[depth];
    if (axis == null) {
      visit(x, k++);
      return;
    }
    const { window, stride, count, dilation = 1 } = axis;
    for (let i = 0; i < window; i++) descend(takeEvery(x, depth + 1, stride, count, i * dilation), depth + 1);
  };
  descend(padded, 0);
}

/** Turns the number of a cell within its window into places. */
function locate(
  number: Tensor,
  xShape: readonly number[],
  axes: readonly WindowAxis[],
): Omit<WindowMaxima, 'maximum'> {
  const channels = xShape.at(-1)!;
  const ofChannel = tensor(
    Int32Array.from({ length: channels }, (_, c) => c),
    [channels],
    'int32',
  );
  const int = (value: number): Tensor => tensor(value, [], 'int32');
  const inWindow = add(runKernel('Multiply', { a: number, b: int(channels) }), ofChannel);
  const offsets = tensor(windowOffsets(xShape, axes), undefined, 'int32');
  const flat = reshape(number, [number.size]);
  const offset = runKernel('GatherV2', { x: offsets, indices: flat }, { axis: 0, batchDims: 0 });
  const inInput = withinInput(
    add(reshape(offset, number.shape), windowCorners(xShape, axes, false)),
    xShape,
    axes,
  );
  return { inInput, inWindow };
}

/** Places in the flattened input; where none was found, as nothing in a window is greater than −∞, that of its first cell. */
export function withinInput(places: Tensor, xShape: readonly number[], axes: readonly WindowAxis[]): Tensor {
  return runKernel('Maximum', { a: places, b: windowCorners(xShape, axes, true) });
}

/** Distance in the flattened input from the origin of a window to each of its cells. */
function windowOffsets(xShape: readonly number[], axes: readonly WindowAxis[]): number[] {
  return axes
    .reduce<number[]>(
      (outer, { window, size, dilation = 1 }) =>
        outer.flatMap((offset) => Array.from({ length: window }, (_, i) => offset * size + i * dilation)),
      [0],
    )
    .map((offset) => offset * xShape.at(-1)!);
}

/** The place of the first cell of each window in the flattened input, padded or not, or of the first that is `inside`. */
function windowCorners(xShape: readonly number[], axes: readonly WindowAxis[], inside: boolean): Tensor {
  const channels = xShape.at(-1)!;
  const shape = [xShape[0]!, ...axes.map(({ count }) => count), channels];
  let origins = Array.from({ length: xShape[0]! }, (_, b) => b);
  for (const { count, size, stride, before, dilation = 1 } of axes) {
    const corner = (i: number): number => {
      const first = i * stride - before;
      return inside ? first + dilation * Math.ceil(Math.max(0, -first) / dilation) : first;
    };
    origins = origins.flatMap((outer) => Array.from({ length: count }, (_, i) => outer * size + corner(i)));
  }
  const places = new Int32Array(origins.length * channels);
  origins.forEach((origin, i) => {
    for (let c = 0; c < channels; c++) places[i * channels + c] = origin * channels + c;
  });
  return tensor(places, shape, 'int32');
}

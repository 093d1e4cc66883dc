import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { tensor, util } from '@tensorflow/tfjs-core';
import { capabilities } from '../capabilities.js';
import { add, cast, pad, reshape, reverse, scatterAt, slice, sub } from '../kernels/kernel-ops.js';
import type { WindowAxis } from '../kernels/windows.js';
import { poolAxes } from '../kernels/windows.js';
import { maximaOverWindow, placesOfMaxima } from '../kernels/window-maximum.js';
import type { Correction } from './correction.js';

/*
 * Of the equal maxima of a window the first counts, in row-major order. Stock kernels differ: those of the GPU backends
 * and that of cpu for volumes take the last, those of WASM see positive numbers only. On a GPU the input is turned round,
 * so that the last is the first, and the result is turned back.
 */

const why = 'takes another of equal maxima than the first, or (wasm) sees positive numbers only';
const allButCpu = ['wasm', 'webgl', 'webgpu'];
const isGpu = (): boolean => capabilities().isGpu;

/** Reverses all spatial axes of a channels-last tensor: with channels apart, they are one. */
function turned(x: Tensor): Tensor {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const cells = util.sizeFromShape(x.shape.slice(1, -1));
  return reshape(reverse(reshape(x, [batch, cells, channels]), [1]), x.shape);
}

/** From the first cell of the first window how far the windows reach. */
const span = ({ count, stride, window }: WindowAxis): number => (count - 1) * stride + window;

/** The cells that windows cover, with −∞ where they reach beyond the input. */
function covered(x: Tensor, axes: readonly WindowAxis[]): Tensor {
  const sizes = axes.map((axis) => Math.min(axis.size, span(axis) - axis.before));
  const inside = slice(x, new Array<number>(x.rank).fill(0), [x.shape[0]!, ...sizes, x.shape.at(-1)!]);
  const margins = axes.map((axis, i) => [axis.before, span(axis) - axis.before - sizes[i]!] as const);
  return pad(inside, [[0, 0], ...margins, [0, 0]], Number.NEGATIVE_INFINITY);
}

/** The adjoint of {@link covered}. */
function uncovered(dx: Tensor, axes: readonly WindowAxis[], shape: readonly number[]): Tensor {
  const sizes = axes.map((axis) => Math.min(axis.size, span(axis) - axis.before));
  const begins = axes.map(({ before }) => before);
  const inside = slice(dx, [0, ...begins, 0], [shape[0]!, ...sizes, shape.at(-1)!]);
  const behind = axes.map(({ size }, i) => [0, size - sizes[i]!] as const);
  return pad(inside, [[0, 0], ...behind, [0, 0]]);
}

type Own = Parameters<Correction['compute']>[2];

function gradient(kernel: string, backends: readonly string[]): Correction {
  return {
    kernel,
    backends,
    why,
    compute: ({ dy, input, output }, attrs, own) => {
      const axes = poolAxes(input!.shape, attrs);
      if (!isGpu()) return scatterAt(dy!, placesOfMaxima(input!, axes), input!.shape);
      // These kernels find the maxima in the input and do not look at the output.
      const inputs = { dy: turned(dy!), input: turned(covered(input!, axes)), output: output! };
      const dx = own(inputs, { ...attrs, pad: 'valid', dimRoundingMode: undefined });
      return uncovered(turned(dx), axes, input!.shape);
    },
  };
}

/** Padding of the turned input, negative where cells lie behind the last window. */
function turnedPadding(axes: readonly WindowAxis[]): [number, number][] {
  return [
    [0, 0],
    ...axes.map((axis): [number, number] => [span(axis) - axis.before - axis.size, axis.before]),
    [0, 0],
  ];
}

/** The place of each entry of [batch, 1, 1, channels] whose cell is the last, plus that of its channel: int32. */
function sumOfMirroredPlaces([batch, height, width, channels]: number[], includeBatch: boolean): Tensor {
  const [cells, depth] = [height! * width!, channels!];
  const sums = Int32Array.from({ length: batch! * depth }, (_, i) => {
    const [b, channel] = [Math.floor(i / depth), i % depth];
    return (cells - 1) * depth + 2 * channel + (includeBatch ? b * cells * depth : 0);
  });
  return tensor(sums, [batch!, 1, 1, depth], 'int32');
}

/** A cell and its mirror image have places that add up to the same number. */
function turnedMaxima(x: Tensor, attrs: NamedAttrMap, own: Own): Tensor[] {
  const pool = { ...attrs, pad: turnedPadding(poolAxes(x.shape, attrs)), includeBatchInIndex: false };
  const [maximum, mirrored] = own({ x: turned(x) }, pool) as unknown as Tensor[];
  const sums = sumOfMirroredPlaces(x.shape, attrs.includeBatchInIndex as boolean);
  return [turned(maximum!), turned(sub(sums, cast(mirrored!, 'int32')))];
}

function withoutBatch(places: Tensor, { shape }: Tensor): Tensor {
  const size = util.sizeFromShape(shape.slice(1));
  const starts = Int32Array.from({ length: shape[0]! }, (_, b) => -b * size);
  return add(places, tensor(starts, [shape[0]!, 1, 1, 1], 'int32'));
}

export const maxPoolingCorrections: readonly Correction[] = [
  gradient('MaxPoolGrad', allButCpu),
  gradient('MaxPool3DGrad', ['cpu', ...allButCpu]),
  {
    kernel: 'MaxPoolWithArgmax',
    backends: allButCpu,
    why,
    compute: ({ x }, attrs, own) => {
      if (isGpu()) return turnedMaxima(x!, attrs, own);
      const { maximum, inInput } = maximaOverWindow(x!, poolAxes(x!.shape, attrs));
      return [maximum, attrs.includeBatchInIndex === true ? inInput : withoutBatch(inInput, x!)];
    },
  },
];

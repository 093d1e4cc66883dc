import { util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import type { Axis } from './axis.js';

/** Where the images of a batch lie: address of the first and the distance of two, in bytes. */
export interface Images {
  readonly pointer: number;
  readonly stride: number;
}

/** The images of a float32 tensor whose first axis is the batch. */
export function imagesOf(heap: Heap, tensor: TensorInfo, batch: number): Images {
  return { pointer: heap.pointer(tensor), stride: (4 * util.sizeFromShape(tensor.shape)) / batch };
}

/** Slice number `at` of every volume of a batch, of `count` in each. */
function slice({ pointer, stride }: Images, count: number, at: number): Images {
  return { pointer: pointer + (at * stride) / count, stride };
}

/**
 * Three dimensions are two, once per tap of depth: a slice of the output is the sum over the taps of 2-D correlations of the
 * slices they reach. These are the slices (of the input, of the output) that one tap connects.
 */
export function slicesOfTap(depth: Axis, tap: number, input: Images, output: Images): [Images, Images][] {
  const pairs: [Images, Images][] = [];
  for (let to = 0; to < depth.output; to++) {
    const from = to * depth.stride + tap * depth.dilation - depth.pad;
    if (from < 0 || from >= depth.input) continue;
    pairs.push([slice(input, depth.input, from), slice(output, depth.output, to)]);
  }
  return pairs;
}

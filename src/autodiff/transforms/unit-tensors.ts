import type { Tensor } from '@tensorflow/tfjs-core';
import { reshape, stack, tensor, util, zeros } from '@tensorflow/tfjs-core';

/** For each entry of a tensor of this shape, a function that makes the tensor that is 1 there and 0 elsewhere. */
export function unitTensors(shape: number[]): (() => Tensor)[] {
  const size = util.sizeFromShape(shape);
  return Array.from({ length: size }, (_, i) => () => {
    // `oneHot` writes whole numbers into a float32 tensor on the WASM backend.
    const values = new Float32Array(size);
    values[i] = 1;
    return tensor(values, shape);
  });
}

/** Tensors of one shape as the rows of another; zeros where there are none. */
export function stackRows(rows: readonly Tensor[], shape: number[]): Tensor {
  return rows.length === 0 ? zeros(shape) : reshape(stack([...rows]), shape);
}

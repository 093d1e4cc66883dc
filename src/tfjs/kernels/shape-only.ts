import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Stands in for a tensor of which a kernel reads no more than shape and dtype, so that no values have to be
 * kept for it. It owns nothing and carries no derivative.
 *
 * @param like any live float32 tensor of the same backend
 */
export function shapeOnly(like: Tensor, shape: readonly number[]): Tensor {
  return { dataId: like.dataId, shape: [...shape], dtype: 'float32' } as unknown as Tensor;
}

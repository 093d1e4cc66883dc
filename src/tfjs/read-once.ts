import type { Tensor } from '@tensorflow/tfjs-core';

/** The values of a tensor that nobody else needs: it is disposed, also if it cannot be read. */
export async function readOnce(tensor: Pick<Tensor, 'data' | 'dispose'>): Promise<Float32Array> {
  try {
    return await tensor.data<'float32'>();
  } finally {
    tensor.dispose();
  }
}

import type { Tensor } from '@tensorflow/tfjs-core';
import { tensor } from '@tensorflow/tfjs-core';
import type { PackedTensor } from './protocol.js';

/** The values of a tensor, which stays as it is. */
export async function packTensor(x: Tensor): Promise<PackedTensor> {
  const values = (await x.data()) as Float32Array | Int32Array | Uint8Array;
  return { shape: [...x.shape], dtype: x.dtype, values };
}

/** A tensor of the values, owned by the caller. */
export function unpackTensor({ shape, dtype, values }: PackedTensor): Tensor {
  return tensor(values, [...shape], dtype);
}

/** Rows begin … end − 1 along the first axis. */
export function rowsOf({ shape, dtype, values }: PackedTensor, begin: number, end: number): PackedTensor {
  const rowSize = values.length / shape[0]!;
  return {
    shape: [end - begin, ...shape.slice(1)],
    dtype,
    values: values.slice(begin * rowSize, end * rowSize),
  };
}

import type { Tensor } from '@tensorflow/tfjs-core';
import { tensor } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import type { PackedTensor } from './protocol.js';

/**
 * The values of a tensor, which stays as it is.
 *
 * @throws CurvatureArgumentError that names `where`, for strings and complex numbers
 */
export async function packTensor(x: Tensor, where: string): Promise<PackedTensor> {
  const isSendable = ['float32', 'int32', 'bool'].includes(x.dtype);
  requireArgument(isSendable, where, 'tensors of float32, int32 or bool', x);
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

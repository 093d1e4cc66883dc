import type { Tensor } from '@tensorflow/tfjs-core';
import { tensor } from '@tensorflow/tfjs-core';

/** A tensor as plain JSON, bit for bit. */
export interface PackedTensor {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  /** Its values as base64 of their bytes. */
  readonly data: string;
}

/** Reads a tensor, which stays as it is. */
export async function packTensor(source: Tensor): Promise<PackedTensor> {
  const values = await source.data();
  const isInteger = source.dtype === 'int32';
  const copy = isInteger ? Int32Array.from(values) : Float32Array.from(values);
  return {
    shape: source.shape,
    dtype: isInteger ? 'int32' : 'float32',
    data: Buffer.from(copy.buffer).toString('base64'),
  };
}

/** The tensor that was packed; the caller disposes it. */
export function unpackTensor({ shape, dtype, data }: PackedTensor): Tensor {
  const { buffer } = Uint8Array.from(Buffer.from(data, 'base64'));
  const values = dtype === 'int32' ? new Int32Array(buffer) : new Float32Array(buffer);
  return tensor(values, [...shape], dtype);
}

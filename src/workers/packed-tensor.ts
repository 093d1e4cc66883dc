import type { Tensor } from '@tensorflow/tfjs-core';
import { tensor } from '@tensorflow/tfjs-core';
import { isListOf, requireArgument, requireThat } from '../errors.js';
import { integer } from '../options.js';
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

/** The number of values of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Throws a CurvatureArgumentError that names `where` unless `x` is a tensor on its way, of as many values as its shape says. */
export function requirePacked(x: unknown, where: string): asserts x is PackedTensor {
  const { shape, dtype, values } = (x ?? {}) as Partial<PackedTensor>;
  const isShape = isListOf<number>(shape, integer(0).accepts);
  requireArgument(isShape, where, 'a tensor with a shape', shape);
  requireArgument(['float32', 'int32', 'bool'].includes(dtype!), where, 'float32, int32 or bool', dtype);
  requireArgument(ArrayBuffer.isView(values), where, 'the values of a tensor as a typed array', values);
  const { length } = values as Float32Array;
  const size = sizeOf(shape);
  requireThat(length === size, where, `${size} values for the shape [${shape.join()}]`, `${length}`);
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

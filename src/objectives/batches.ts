import type { Tensor } from '@tensorflow/tfjs-core';
import { reshape, slice } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, describe, requireArgument, requireThat } from '../errors.js';
import { isDataset, remedyFor } from '../remedies.js';

/** One tensor, or one per input or output: in order, or by name. The first axis counts examples. */
export type TensorsByName = Tensor | Tensor[] | Record<string, Tensor>;

/** The tensors, whichever way they are given. */
export function tensorsOf(tensors: TensorsByName): Tensor[] {
  return isTensor(tensors as Tensor) ? [tensors as Tensor] : Object.values(tensors);
}

/** What `f` makes of each tensor, given the same way. */
export function mapTensors(tensors: TensorsByName, f: (tensor: Tensor) => Tensor): TensorsByName {
  if (isTensor(tensors as Tensor)) return f(tensors as Tensor);
  if (Array.isArray(tensors)) return tensors.map(f);
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, f(tensor as Tensor)]));
}

/** The tensors of a data set in the order of `names`, all with the same number of examples. */
export function orderTensors(
  data: TensorsByName,
  names: readonly string[],
  what: string,
  where: string,
): Tensor[] {
  const tensors = listTensors(data, names, what, where);
  for (const tensor of tensors) requireExamples(tensor, what, where);
  return tensors;
}

/** Throws unless `tensor` is a live one of which the first axis can count examples. */
export function requireExamples(tensor: Tensor, what: string, where: string): void {
  const isTensor = tensor != null && Array.isArray(tensor.shape);
  const remedy = remedyFor('tensors', tensor);
  requireArgument(isTensor && tensor.rank > 0, where, `${what} as tensors [examples, …]`, tensor, remedy);
  requireThat(!tensor.isDisposed, where, `${what} that are not disposed`, 'a disposed tensor');
}

function listTensors(data: TensorsByName, names: readonly string[], what: string, where: string): Tensor[] {
  const remedy = remedyFor('tensors', data);
  const isReadable = data != null && typeof data === 'object' && !isDataset(data);
  requireArgument(isReadable, where, `${what} as one or several tensors`, data, remedy);
  if (Array.isArray(data)) {
    const expected = `${what}: ${names.length} ${names.length === 1 ? 'tensor' : 'tensors'}`;
    const received = remedy == null ? `${data.length}` : describe(data);
    requireThat(data.length === names.length && remedy == null, where, expected, received, remedy);
    return data;
  }
  if (isTensor(data)) {
    requireArgument(
      names.length === 1,
      where,
      `${what}: ${names.length} tensors (${names.join(', ')})`,
      data,
    );
    return [data];
  }
  return names.map((name) => {
    const tensor = data[name];
    if (tensor == null) {
      const received = remedy == null ? describe(Object.keys(data)) : describe(data);
      const advice = names.length === 1 ? 'A single one needs no name: give the tensor itself' : null;
      throw new CurvatureArgumentError(
        where,
        `${what} with a tensor for '${name}'`,
        received,
        remedy ?? advice,
      );
    }
    return tensor;
  });
}

function isTensor(data: Tensor | Record<string, Tensor>): data is Tensor {
  return Array.isArray((data as Tensor).shape) && typeof (data as Tensor).dtype === 'string';
}

/** The number of examples that all tensors have in common. */
export function countExamples(tensors: Record<string, readonly Tensor[]>, where: string): number {
  const counts = Object.entries(tensors).flatMap(([what, list]) =>
    list.map((t) => [what, t.shape[0]!] as const),
  );
  const [, first] = counts[0]!;
  const odd = counts.find(([, count]) => count !== first);
  if (odd != null) {
    throw new CurvatureArgumentError(
      where,
      'as many examples in all of xs, ys and sampleWeight',
      counts.map(([what, count]) => `${what}: ${count}`).join(', '),
    );
  }
  requireThat(first > 0, where, 'at least one example', '0 examples');
  return first;
}

/** Some examples in a row. */
export interface Batch {
  readonly begin: number;
  readonly size: number;
}

/** The batches that so many examples are cut into; the last may be short. */
export function cutIntoBatches(examples: number, batchSize: number): Batch[] {
  return Array.from({ length: Math.ceil(examples / batchSize) }, (_, b) => {
    const begin = b * batchSize;
    return { begin, size: Math.min(batchSize, examples - begin) };
  });
}

/** The examples of a batch; the tensor itself if those are all it has. */
export function takeExamples(tensor: Tensor, { begin, size }: Batch): Tensor {
  return size === tensor.shape[0] ? tensor : slice(tensor, begin, size);
}

/** Numbers [N] as a column [N, 1] where a layer has two axes or more, as `model.fit` takes them. */
export function asColumn(tensor: Tensor, rank: number): Tensor {
  return tensor.rank === 1 && rank > 1 ? reshape(tensor, [tensor.size, 1]) : tensor;
}

/**
 * Whether a tensor can stand where a shape is wanted, of which the first axis counts examples: any number of them, and
 * numbers [N] for a column.
 */
export function fitsShape({ shape }: Tensor, wanted: readonly (number | null)[]): boolean {
  const given = shape.length === 1 && wanted.length === 2 ? [shape[0]!, 1] : shape;
  return (
    given.length === wanted.length &&
    wanted.every((size, axis) => axis === 0 || size == null || size === given[axis])
  );
}

/** A shape in words, with `…` for a size that is open, as that of the first axis is. */
export function shapeText(shape: readonly (number | null)[]): string {
  return `[${shape.map((size, axis) => (axis === 0 ? '…' : (size ?? '…'))).join(',')}]`;
}

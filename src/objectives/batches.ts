import type { Tensor } from '@tensorflow/tfjs-core';
import { slice } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, describe, requireArgument, requireThat } from '../errors.js';

/** One tensor, or one per input or output: in order, or by name. The first axis counts examples. */
export type TensorsByName = Tensor | Tensor[] | Record<string, Tensor>;

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
  requireArgument(isTensor && tensor.rank > 0, where, `${what} as tensors [examples, …]`, tensor);
  requireThat(!tensor.isDisposed, where, `${what} that are not disposed`, 'a disposed tensor');
}

function listTensors(data: TensorsByName, names: readonly string[], what: string, where: string): Tensor[] {
  requireArgument(data != null && typeof data === 'object', where, `${what} as one or several tensors`, data);
  if (Array.isArray(data)) {
    requireThat(data.length === names.length, where, `${what}: ${names.length} tensors`, `${data.length}`);
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
      throw new CurvatureArgumentError(
        where,
        `${what} with a tensor for '${name}'`,
        describe(Object.keys(data)),
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

/** Examples begin … begin + size − 1 of a tensor; the tensor itself if that is all of it. */
export function takeExamples(tensor: Tensor, begin: number, size: number): Tensor {
  return size === tensor.shape[0] ? tensor : slice(tensor, begin, size);
}

import type { Tensor } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import type { OrderedData } from '../objectives/model-data.js';
import { packTensor, rowsOf } from './packed-tensor.js';
import type { PackedTensor, ShardMessage } from './protocol.js';

/**
 * Cuts a data set into parts of as equal a size as can be, in order.
 *
 * @param count at least 1
 * @throws CurvatureArgumentError that names `where`, if there are fewer examples than parts
 */
export async function splitIntoShards(
  { xs, ys, sampleWeight, examples }: OrderedData,
  count: number,
  where: string,
): Promise<ShardMessage[]> {
  requireThat(examples >= count, where, `no fewer examples than the ${count} workers`, `${examples}`);
  const pack = (tensors: readonly Tensor[]): Promise<PackedTensor[]> =>
    Promise.all(tensors.map((tensor) => packTensor(tensor, where)));
  const [inputs, targets, factors] = await Promise.all([
    pack(xs),
    pack(ys),
    pack(sampleWeight == null ? [] : [sampleWeight]),
  ]);
  return Array.from({ length: count }, (_, id) => {
    const [begin, end] = [id, id + 1].map((i) => Math.round((i * examples) / count)) as [number, number];
    const part = (tensor: PackedTensor): PackedTensor => rowsOf(tensor, begin, end);
    return {
      id,
      xs: inputs.map(part),
      ys: targets.map(part),
      sampleWeight: factors.map(part)[0] ?? null,
      weight: (end - begin) / examples,
    };
  });
}

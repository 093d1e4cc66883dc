import { MaxPoolWithArgmax, util } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { pool2dInfo, type PoolAttrs } from './pool-attributes.js';

/** `MaxPoolWithArgmax` with cpu's rules: first maximum, any sign; `includeBatchInIndex` honoured. */
export const maxPoolWithArgmax: TrainingKernel = {
  kernelName: MaxPoolWithArgmax,
  create: (heap, stock) => (call) => {
    const x = input(call, 'x');
    if (!allFloat32(x)) return passOn(stock, heap, call);
    util.assert(
      x.shape.length === 4,
      () => `Error in maxPool: input must be rank 4 but got rank ${x.shape.length}.`,
    );
    const attrs = attributes<PoolAttrs & { includeBatchInIndex: boolean }>(call);
    const info = pool2dInfo(x.shape, attrs);
    const pooled = heap.output(info.outShape);
    const indexes = heap.output(info.outShape, 'int32');
    heap.functions.maxPoolWithArgmax(
      ...[heap.pointer(x), heap.pointer(pooled), heap.pointer(indexes)],
      ...[info.batchSize, info.inChannels, info.inHeight, info.inWidth, info.outHeight, info.outWidth],
      ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
      ...[info.dilationHeight, info.dilationWidth, info.padInfo.top, info.padInfo.left],
      Number(attrs.includeBatchInIndex),
    );
    return [pooled, indexes];
  },
};

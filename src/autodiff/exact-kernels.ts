import type { Tensor } from '@tensorflow/tfjs-core';
import type { KernelCall } from '../tfjs/engine.js';
import type { Jitter } from './jitter.js';
import type { ValueTable } from './value-table.js';

/** Kernels that choose and move values: what they put out is one of their inputs, bit for bit, or its negative. */
const exactKernels = new Set([
  'Abs',
  'BatchToSpaceND',
  'BroadcastTo',
  'Cast',
  'ClipByValue',
  'Concat',
  'DepthToSpace',
  'Diag',
  'ExpandDims',
  'FlipLeftRight',
  'GatherNd',
  'GatherV2',
  'Identity',
  'Max',
  'MaxPool',
  'MaxPool3D',
  'MaxPoolWithArgmax',
  'Maximum',
  'Min',
  'Minimum',
  'MirrorPad',
  'Neg',
  'Pack',
  'PadV2',
  'Relu',
  'Relu6',
  'Reshape',
  'ResizeNearestNeighbor',
  'Reverse',
  'ScatterNd',
  'Select',
  'Slice',
  'SpaceToBatchND',
  'SparseToDense',
  'SplitV',
  'StridedSlice',
  'TensorScatterUpdate',
  'Tile',
  'TopK',
  'Transpose',
  'Unpack',
]);

/**
 * What a kernel put out, with errors where it depends on a source and is rounded. Rules compare the outputs of kernels that
 * choose with their inputs, to see which was chosen: an error between them would hide it.
 */
export function disturbed(
  { kernelName, inputs }: KernelCall,
  result: Tensor | Tensor[],
  values: ValueTable,
  jitter: Jitter,
): Tensor | Tensor[] {
  if (exactKernels.has(kernelName) || values.trackedInputs(inputs) == null) return result;
  const disturb = (x: Tensor): Tensor => (x.dtype === 'float32' ? jitter.apply(x) : x);
  return Array.isArray(result) ? result.map(disturb) : disturb(result);
}

import type { Tensor } from '@tensorflow/tfjs-core';
import { getBackend, scalar, util } from '@tensorflow/tfjs-core';
import { copy, pad, reshape, reverse } from '../kernels/kernel-ops.js';
import type { Composition, KernelInputs } from './correction.js';
import { runKernel } from '../kernels/run-kernel.js';

/** Neither GPU backend selects in tensors of more axes than this. */
const largestSelectRank = 4;

const flatten = (x: Tensor): Tensor => reshape(x, [x.size]);

/** Beyond four axes the stock WebGL kernel that pads does not compile. */
const isBeyondWebgl = (rank: number): boolean => getBackend() === 'webgl' && rank > 4;

/** Beyond four axes the stock WebGPU kernels of this file read a coordinate that is not there. */
export const isBeyondWebgpu = (rank: number): boolean => getBackend() === 'webgpu' && rank > 4;

/** Applies `f` along one axis of the tensor seen as [outer, axis, inner]. */
function alongAxis(x: Tensor, axis: number, f: (folded: Tensor) => Tensor): Tensor {
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const result = f(reshape(x, [util.sizeFromShape(before), x.shape[axis]!, util.sizeFromShape(after)]));
  return reshape(result, [...before, result.shape[1]!, ...after]);
}

/** Kernels of two tensors that broadcast. */
const broadcasting = [
  'Add',
  'Sub',
  'Multiply',
  'RealDiv',
  'FloorDiv',
  'Maximum',
  'Minimum',
  'Mod',
  'Pow',
  'SquaredDifference',
  'Equal',
  'NotEqual',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'LogicalAnd',
  'LogicalOr',
];

function withLeadingOnes(x: Tensor, rank: number): Tensor {
  return reshape(x, [...new Array<number>(rank - x.rank).fill(1), ...x.shape]);
}

/** Broadcasting of a tensor with fewer axes than the other, made explicit. */
function alignedRanks(kernel: string): Composition {
  return {
    kernel,
    insteadOf: (inputs) => {
      const ranks = Object.values(inputs).map((x) => x.rank);
      return isBeyondWebgpu(Math.max(...ranks)) && ranks[0] !== ranks[1];
    },
    compute: (inputs) => {
      const rank = Math.max(...Object.values(inputs).map((x) => x.rank));
      const aligned = Object.entries(inputs).map(([name, x]) => [name, withLeadingOnes(x, rank)]);
      return runKernel(kernel, Object.fromEntries(aligned) as KernelInputs);
    },
  };
}

/** What the stock kernels of the WebGL and WebGPU backends do wrong or not at all. */
export const gpuCompositions: readonly Composition[] = [
  {
    // On WebGPU a cast from bool or int32 keeps the buffer of whole numbers and only calls it float32. A transpose of
    // that, and with it every sum over axes other than the last, writes nothing: whatever lay in memory comes out.
    kernel: 'Cast',
    insteadOf: ({ x }, { dtype }) =>
      getBackend() === 'webgpu' && dtype === 'float32' && (x!.dtype === 'bool' || x!.dtype === 'int32'),
    compute: ({ x }) => runKernel('Multiply', { a: x!, b: scalar(1) }),
  },
  {
    kernel: 'Select',
    insteadOf: ({ condition, t }) =>
      t!.rank > largestSelectRank &&
      condition!.size === t!.size &&
      (getBackend() === 'webgl' || getBackend() === 'webgpu'),
    compute: ({ condition, t, e }) =>
      reshape(
        runKernel('Select', { condition: flatten(condition!), t: flatten(t!), e: flatten(e!) }),
        t!.shape,
      ),
  },
  {
    kernel: 'PadV2',
    insteadOf: ({ x }) => isBeyondWebgpu(x!.rank) || isBeyondWebgl(x!.rank),
    compute: ({ x }, { paddings, constantValue }) =>
      (paddings as [number, number][]).reduce((padded, margins, axis) => {
        const [before, after] = margins;
        if (before === 0 && after === 0) return padded;
        return alongAxis(padded, axis, (y) => pad(y, [[0, 0], margins, [0, 0]], constantValue as number));
      }, copy(x!)),
  },
  {
    kernel: 'Reverse',
    insteadOf: ({ x }) => isBeyondWebgpu(x!.rank),
    compute: ({ x }, { dims }) =>
      util
        .parseAxisParam(dims as number | number[], x!.shape)
        .reduce((turned, axis) => alongAxis(turned, axis, (y) => reverse(y, [1])), copy(x!)),
  },
  ...broadcasting.map(alignedRanks),
];

import type { Tensor } from '@tensorflow/tfjs-core';
import { scalar, util } from '@tensorflow/tfjs-core';
import { capabilities } from '../capabilities.js';
import { copy, pad, reshape, reverse } from '../kernels/kernel-ops.js';
import type { Correction } from './correction.js';
import { runKernel, type KernelInputs } from '../kernels/run-kernel.js';

const flatten = (x: Tensor): Tensor => reshape(x, [x.size]);

/** Whether the kernels of the backend that address a tensor axis by axis go astray. */
export const hasTooManyAxes = (rank: number): boolean => rank > capabilities().largestRank;

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
function alignedRanks(kernel: string): Correction {
  return {
    kernel,
    backends: ['webgpu'],
    when: (inputs) => {
      const ranks = Object.values(inputs).map((x) => x.rank);
      return hasTooManyAxes(Math.max(...ranks)) && ranks[0] !== ranks[1];
    },
    why: 'reads a coordinate that is not there',
    compute: (inputs) => {
      const rank = Math.max(...Object.values(inputs).map((x) => x.rank));
      const aligned = Object.entries(inputs).map(([name, x]) => [name, withLeadingOnes(x, rank)]);
      return runKernel(kernel, Object.fromEntries(aligned) as KernelInputs);
    },
  };
}

/** What the stock kernels of the WebGL and WebGPU backends do wrong or not at all. */
export const gpuCorrections: readonly Correction[] = [
  {
    // A transpose of such a buffer, and with it every sum over axes other than the last, writes nothing: whatever lay in
    // memory comes out.
    kernel: 'Cast',
    backends: ['webgpu'],
    when: ({ x }, { dtype }) => dtype === 'float32' && (x!.dtype === 'bool' || x!.dtype === 'int32'),
    why: 'keeps the buffer of whole numbers and only calls it float32',
    compute: ({ x }) => runKernel('Multiply', { a: x!, b: scalar(1) }),
  },
  {
    kernel: 'Select',
    backends: ['webgl', 'webgpu'],
    when: ({ condition, t }) => hasTooManyAxes(t!.rank) && condition!.size === t!.size,
    why: 'does not select in tensors of so many axes',
    compute: ({ condition, t, e }) =>
      reshape(
        runKernel('Select', { condition: flatten(condition!), t: flatten(t!), e: flatten(e!) }),
        t!.shape,
      ),
  },
  {
    kernel: 'PadV2',
    backends: ['webgl', 'webgpu'],
    when: ({ x }) => hasTooManyAxes(x!.rank),
    why: 'does not compile for so many axes, or reads a coordinate that is not there',
    compute: ({ x }, { paddings, constantValue }) =>
      (paddings as [number, number][]).reduce((padded, margins, axis) => {
        const [before, after] = margins;
        if (before === 0 && after === 0) return padded;
        return alongAxis(padded, axis, (y) => pad(y, [[0, 0], margins, [0, 0]], constantValue as number));
      }, copy(x!)),
  },
  {
    kernel: 'Reverse',
    backends: ['webgpu'],
    when: ({ x }) => hasTooManyAxes(x!.rank),
    why: 'reads a coordinate that is not there',
    compute: ({ x }, { dims }) =>
      util
        .parseAxisParam(dims as number | number[], x!.shape)
        .reduce((turned, axis) => alongAxis(turned, axis, (y) => reverse(y, [1])), copy(x!)),
  },
  ...broadcasting.map(alignedRanks),
];

import type { Tensor } from '@tensorflow/tfjs-core';
import { getBackend, scalar } from '@tensorflow/tfjs-core';
import { reshape } from '../ops/kernel-ops.js';
import type { Composition } from './composition.js';
import { runKernel } from './run-kernel.js';

/** Neither GPU backend selects in tensors of more axes than this. */
const largestSelectRank = 4;

const flatten = (x: Tensor): Tensor => reshape(x, [x.size]);

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
];

import { backend_util, Einsum, util, type EinsumAttrs, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { kernel } from '../kernel.js';
import { contract } from './einsum-contraction.js';
import { runKernel } from '../stock-ops.js';

/**
 * `Einsum`, which the WASM backend lacks. Two operands that are contracted go through one batched matrix product;
 * everything else is composed of Transpose, Reshape, Multiply and Sum along tfjs's own path, as on cpu.
 */
export const einsum = kernel(Einsum, [], (heap, inputs, { equation }: EinsumAttrs) => {
  const tensors = Object.values(inputs) as TensorInfo[];
  const decoded = backend_util.decodeEinsumEquation(equation, tensors.length);
  backend_util.checkEinsumDimSizes(decoded.allDims.length, decoded.idDims, tensors as never);
  return contract(heap, decoded, tensors) ?? alongPath(heap, decoded, tensors);
});

type Decoded = ReturnType<typeof backend_util.decodeEinsumEquation>;

function alongPath(heap: Heap, { allDims, summedDims, idDims }: Decoded, tensors: TensorInfo[]): TensorInfo {
  const { path, steps } = backend_util.getEinsumComputePath(summedDims, idDims);
  let remaining = allDims.length;
  let out: TensorInfo | null = null;
  const replaceOut = (next: TensorInfo) => {
    if (out !== null) heap.release(out);
    out = next;
  };
  steps.forEach((terms, i) => {
    for (const term of terms) {
      const x = expand(heap, tensors[term] as TensorInfo, remaining, idDims[term] ?? []);
      if (out === null) out = x;
      else {
        replaceOut(runKernel(heap, 'Multiply', { a: x, b: out }));
        heap.release(x);
      }
    }
    if (i === steps.length - 1) return;
    const axis = path[i] ?? -1;
    if (axis >= 0) {
      const at = axis - (allDims.length - remaining);
      replaceOut(runKernel(heap, 'Sum', { x: out as unknown as TensorInfo }, { axis: at, keepDims: false }));
    }
    remaining--;
  });
  if (out === null) throw new Error('Error in einsum: nothing to compute');
  return out;
}

/** One operand with its axes in the equation's order and ones where it lacks an axis. */
function expand(heap: Heap, x: TensorInfo, rank: number, dims: number[]): TensorInfo {
  const { permutationIndices: perm, expandDims } = backend_util.getEinsumPermutation(rank, dims);
  const identity = backend_util.isIdentityPermutation(perm);
  const permuted = identity ? heap.alias(x, x.shape) : runKernel(heap, 'Transpose', { x }, { perm });
  const shape = permuted.shape.slice();
  for (const dim of expandDims) shape.splice(dim, 0, 1);
  util.assert(
    util.sizeFromShape(shape) === util.sizeFromShape(x.shape),
    () => 'Error in einsum: bad expansion',
  );
  return { ...permuted, shape };
}

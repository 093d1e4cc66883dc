import { backend_util, Einsum, type EinsumAttrs, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { kernel } from '../kernel.js';
import { contract } from './einsum-contraction.js';
import { runKernel } from '../stock-ops.js';

/**
 * `Einsum`, which the WASM backend lacks. Two operands that are contracted go through one batched matrix product;
 * everything else is aligned and multiplied. Then the axes behind those of the result are summed: also the subscripts
 * that one operand alone has, which tfjs's own path misplaces.
 */
export const einsum = kernel(Einsum, [], (heap, inputs, { equation }: EinsumAttrs) => {
  const operands = Object.values(inputs) as TensorInfo[];
  const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, operands.length);
  const rank = allDims.length;
  backend_util.checkEinsumDimSizes(rank, idDims, operands as never);
  const shared = summedDims.filter((dim) => idDims.every((dims) => dims.includes(dim)));
  const product =
    contract(heap, shared, idDims, operands) ??
    operands
      .map((x, i) => expand(heap, x, rank, idDims[i]!))
      .reduce((a, b) => releasing(heap, runKernel(heap, 'Multiply', { a, b }), a, b));
  const axis = product.shape.map((_, i) => i).slice(rank - summedDims.length);
  if (axis.length === 0) return product;
  return releasing(heap, runKernel(heap, 'Sum', { x: product }, { axis, keepDims: false }), product);
});

/** What a kernel made of tensors that are needed no longer. */
function releasing(heap: Heap, made: TensorInfo, ...spent: TensorInfo[]): TensorInfo {
  for (const x of spent) heap.release(x);
  return made;
}

/** One operand with its axes in the equation's order and ones where it lacks an axis. */
function expand(heap: Heap, x: TensorInfo, rank: number, dims: number[]): TensorInfo {
  const { permutationIndices: perm, expandDims } = backend_util.getEinsumPermutation(rank, dims);
  const identity = backend_util.isIdentityPermutation(perm);
  const permuted = identity ? heap.alias(x, x.shape) : runKernel(heap, 'Transpose', { x }, { perm });
  const shape = permuted.shape.slice();
  for (const dim of expandDims) shape.splice(dim, 0, 1);
  return { ...permuted, shape };
}

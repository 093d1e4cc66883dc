import { backend_util, Einsum, type EinsumAttrs, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { kernel } from '../kernel.js';
import { contract } from './einsum-contraction.js';
import { runKernel } from '../stock-ops.js';

/**
 * `Einsum`, which the WASM backend lacks. First each operand is summed over the subscripts that it alone has, which
 * tfjs's own path forgets or misplaces. Two operands that are contracted then go through one batched matrix product;
 * everything else is composed of Transpose, Reshape, Multiply and Sum.
 */
export const einsum = kernel(Einsum, [], (heap, inputs, { equation }: EinsumAttrs) => {
  const tensors = Object.values(inputs) as TensorInfo[];
  const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length);
  backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as never);
  const isShared = (dim: number) => idDims.length > 1 && idDims.every((dims) => dims.includes(dim));
  const shared = summedDims.filter(isShared);
  const operands = tensors.map((x, i) => {
    const axis = idDims[i]!.flatMap((dim, at) => (summedDims.includes(dim) && !isShared(dim) ? [at] : []));
    return axis.length === 0
      ? heap.alias(x, x.shape)
      : runKernel(heap, 'Sum', { x }, { axis, keepDims: true });
  });
  const sums = contract(heap, shared, idDims, operands) ?? multiply(heap, shared, idDims, operands);
  for (const x of operands) heap.release(x);
  // The axes that were summed first are left with size one, behind those of the result.
  return { ...sums, shape: sums.shape.slice(0, allDims.length - summedDims.length) };
});

/** Operands aligned and multiplied, then summed over what both have. */
function multiply(heap: Heap, shared: number[], idDims: number[][], operands: TensorInfo[]): TensorInfo {
  const rank = 1 + Math.max(-1, ...idDims.flat());
  const product = operands
    .map((x, i) => expand(heap, x, rank, idDims[i]!))
    .reduce((a, b) => {
      const out = runKernel(heap, 'Multiply', { a, b });
      heap.release(a);
      heap.release(b);
      return out;
    });
  if (shared.length === 0) return product;
  const out = runKernel(heap, 'Sum', { x: product }, { axis: shared, keepDims: false });
  heap.release(product);
  return out;
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

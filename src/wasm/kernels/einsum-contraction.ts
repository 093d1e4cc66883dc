import { util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { allFloat32 } from '../kernel.js';
import { matrixProduct } from './matrix-product.js';
import { runKernel } from '../stock-ops.js';

/**
 * Two float32 operands, at least one axis summed, which both have: one batched matrix product
 * [batch, rows, summed] · [batch, summed, cols]. `null` for anything else.
 *
 * @param dims for each operand the places of its axes among those of the equation; the product's come in that order
 */
export function contract(
  heap: Heap,
  summed: number[],
  dims: number[][],
  operands: TensorInfo[],
): TensorInfo | null {
  const [a, b] = operands;
  if (summed.length === 0 || a == null || b == null || !allFloat32(a, b)) return null;
  const [aDims, bDims] = dims as [number[], number[]];
  const batch = aDims.filter((dim) => bDims.includes(dim) && !summed.includes(dim));
  const rows = aDims.filter((dim) => !bDims.includes(dim));
  const cols = bDims.filter((dim) => !aDims.includes(dim));
  const left = arrange(heap, a, aDims, [batch, rows, summed]);
  const right = arrange(heap, b, bDims, [batch, summed, cols]);
  const product = matrixProduct(heap, left, right, false, false);
  heap.release(left);
  heap.release(right);
  const order = [...batch, ...rows, ...cols];
  const sizeOf = (dim: number) => a.shape[aDims.indexOf(dim)] ?? b.shape[bDims.indexOf(dim)] ?? 1;
  const shaped = { ...product, shape: order.map(sizeOf) };
  const perm = [...order].sort((x, y) => x - y).map((dim) => order.indexOf(dim));
  if (perm.every((axis, i) => axis === i)) return shaped;
  const result = runKernel(heap, 'Transpose', { x: shaped }, { perm });
  heap.release(shaped);
  return result;
}

/** The operand as a stack of matrices whose three axes are groups of its own. Release it. */
function arrange(
  heap: Heap,
  x: TensorInfo,
  dims: number[],
  groups: [number[], number[], number[]],
): TensorInfo {
  const perm = groups.flat().map((dim) => dims.indexOf(dim));
  const identity = perm.every((axis, i) => axis === i);
  const permuted = identity ? heap.alias(x, x.shape) : runKernel(heap, 'Transpose', { x }, { perm });
  const shape = groups.map((group) =>
    util.sizeFromShape(group.map((dim) => x.shape[dims.indexOf(dim)] ?? 1)),
  );
  return { ...permuted, shape };
}

import { util, type TensorInfo, type backend_util } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { allFloat32 } from '../kernel.js';
import { matrixProduct } from './matrix-product.js';
import { runKernel } from '../stock-ops.js';

type Decoded = ReturnType<typeof backend_util.decodeEinsumEquation>;

/**
 * Two operands, at least one axis summed, each summed axis in both: one batched matrix product
 * [batch, rows, summed] · [batch, summed, cols]. `null` for any other equation.
 */
export function contract(heap: Heap, decoded: Decoded, tensors: TensorInfo[]): TensorInfo | null {
  const [a, b] = tensors;
  const [aDims, bDims] = decoded.idDims;
  if (tensors.length !== 2 || a == null || b == null || aDims == null || bDims == null) return null;
  const summed = decoded.summedDims;
  const inBoth = (dim: number) => aDims.includes(dim) && bDims.includes(dim);
  const repeats = [aDims, bDims].some((dims) => new Set(dims).size !== dims.length);
  if (!allFloat32(a, b) || repeats || summed.length === 0 || !summed.every(inBoth)) return null;
  const kept = decoded.allDims.map((_, dim) => dim).filter((dim) => !summed.includes(dim));
  const batch = kept.filter(inBoth);
  const rows = kept.filter((dim) => aDims.includes(dim) && !inBoth(dim));
  const cols = kept.filter((dim) => bDims.includes(dim) && !inBoth(dim));
  const left = arrange(heap, a, aDims, [batch, rows, summed]);
  const right = arrange(heap, b, bDims, [batch, summed, cols]);
  const product = matrixProduct(heap, left, right, false, false);
  heap.release(left);
  heap.release(right);
  // The product's axes are batch, rows, cols; the result's are in the order of the equation's output.
  const order = [...batch, ...rows, ...cols];
  const sizes = new Map<number, number>();
  aDims.forEach((dim, i) => sizes.set(dim, a.shape[i] ?? 1));
  bDims.forEach((dim, i) => sizes.set(dim, b.shape[i] ?? 1));
  const shaped = { ...product, shape: order.map((dim) => sizes.get(dim) ?? 1) };
  const perm = kept.map((dim) => order.indexOf(dim));
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

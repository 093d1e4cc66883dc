import { broadcast_util, util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';

/**
 * Batched op(A) op(B) with broadcasting batch axes, in a new tensor; zero where the inner size is 0. Cost
 * 2·batch·m·n·k FLOP. A or B with a single row or column is read once and not packed.
 *
 * @param a [..., m, k], or [..., k, m] with `transposeA`, float32
 * @param b [..., k, n], or [..., n, k] with `transposeB`, float32
 */
export function matrixProduct(
  heap: Heap,
  a: TensorInfo,
  b: TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): TensorInfo {
  const [aRows, aCols] = matrixShape(a);
  const [bRows, bCols] = matrixShape(b);
  const [m, k] = transposeA ? [aCols, aRows] : [aRows, aCols];
  const [inner, n] = transposeB ? [bCols, bRows] : [bRows, bCols];
  const outer = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  util.assert(
    k === inner,
    () =>
      `Error in matMul: inner shapes (${k}) and (${inner}) of Tensors with shapes ${a.shape} and ${b.shape} ` +
      `and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
  );
  const c = heap.output([...outer, m, n]);
  const batch = util.sizeFromShape(outer);
  if (batch * m * n === 0) return c;
  const cBase = heap.pointer(c);
  if (k === 0) {
    heap.clear(c);
    return c;
  }
  const product = onePair(heap, [aCols, transposeA], [bCols, transposeB], m, n, k);
  const [aBase, bBase] = [heap.pointer(a), heap.pointer(b)];
  const aAt = batchOffsets(a.shape.slice(0, -2), outer);
  const bAt = batchOffsets(b.shape.slice(0, -2), outer);
  for (let i = 0; i < batch; i++) {
    product(aBase + 4 * m * k * aAt(i), bBase + 4 * k * n * bAt(i), cBase + 4 * m * n * i);
  }
  return c;
}

type Product = (a: number, b: number, c: number) => void;
type Layout = [cols: number, transposed: boolean];

/** Chooses how to multiply two matrices: vectors are not worth packing. */
function onePair(heap: Heap, [lda, ta]: Layout, [ldb, tb]: Layout, m: number, n: number, k: number): Product {
  const { gemm, dotRows, combineRows, gemmScratchBytes } = heap.functions;
  if (n === 1) {
    return ta
      ? (a, b, c) => combineRows(a, 4 * lda, k, m, 0, m, b, 1, 1, 0, 1, c)
      : (a, b, c) => dotRows(a, 4 * lda, m, k, b, c);
  }
  if (m === 1) {
    return tb
      ? (a, b, c) => dotRows(b, 4 * ldb, n, k, a, c)
      : (a, b, c) => combineRows(b, 4 * ldb, k, n, 0, n, a, 1, 1, 0, 1, c);
  }
  const scratch = heap.scratch(gemmScratchBytes());
  return (a, b, c) => gemm(a, lda, Number(ta), b, ldb, Number(tb), c, n, m, n, k, 0, scratch);
}

function matrixShape(tensor: TensorInfo): [number, number] {
  const [rows, cols] = tensor.shape.slice(-2);
  if (rows === undefined || cols === undefined) {
    throw new Error(`Error in matMul: inputs must have at least rank 2, got shape ${tensor.shape}`);
  }
  return [rows, cols];
}

/** Which matrix of a stack of shape `from` stands at flat place i of the broadcast stack `to`. */
function batchOffsets(from: number[], to: number[]): (i: number) => number {
  if (util.arraysEqual(from, to)) return (i) => i;
  if (util.sizeFromShape(from) === 1) return () => 0;
  const strides = rowMajorStrides(from, to.length);
  return (i) => {
    let offset = 0;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const size = to[axis] ?? 1;
      offset += (i % size) * (strides[axis] ?? 0);
      i = Math.floor(i / size);
    }
    return offset;
  };
}

/** Strides of `shape` aligned to `rank` axes on the right, 0 along axes that broadcast. */
function rowMajorStrides(shape: number[], rank: number): number[] {
  const strides = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i] ?? 1;
    if (size !== 1) strides[rank - shape.length + i] = stride;
    stride *= size;
  }
  return strides;
}

import { util, type NamedTensorInfoMap, type TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf, type Heap } from '../heap.js';
import { kernel } from '../kernel.js';

/*
 * Two kernels that TensorFlow.js does not have: products with the rows of several matrices, as one, without joining
 * them. Whoever orthogonalises a vector against many of them reads each row once for the inner products and once for the
 * combination; a matrix product for each matrix reads and writes the vector as often besides.
 *
 * Inputs: `x` or `weights` (and `base`), and the matrices [r_i, n] under the names '0', '1', …, all float32.
 */

/** y[r] = ⟨row r, x⟩ for all rows in turn: shape [1, Σ r_i]. Summed in double precision every 1024 terms. */
export const rowDots = kernel('tfjs-curvature/RowDots', ['x'], (heap, inputs) => {
  const { x } = inputs;
  const n = sizeOf(x);
  const { list, count } = listRows(heap, inputs, n);
  requireShape(x, [1, n]);
  const y = heap.output([1, count]);
  heap.functions.dotRows(list, 0, count, n, heap.pointer(x), heap.pointer(y));
  return y;
});

/**
 * y = scale · W R for the matrix R of all rows; W: [m, Σ r_i], y: [m, n]. With `base`, [1, n], baseScale · base is added, and W is
 * one row, of which what it has beyond the rows is left out.
 */
export const rowCombination = kernel(
  'tfjs-curvature/RowCombination',
  ['weights', '0'],
  (heap, inputs, { scale, baseScale }: { scale: number; baseScale: number }) => {
    const { weights, base } = inputs;
    const n = inputs['0'].shape[1] ?? 0;
    const { list, count } = listRows(heap, inputs, n);
    const [m = 0, columns = 0] = weights.shape;
    requireShape(weights, base == null ? [m, count] : [1, Math.max(count, columns)]);
    if (base != null) requireShape(base, [1, n]);
    const y = heap.output([m, n]);
    const at = base == null ? 0 : heap.pointer(base);
    const columnsOfRows = [n, 0, n] as const;
    heap.functions.combineRows(
      list,
      0,
      count,
      ...columnsOfRows,
      heap.pointer(weights),
      m,
      scale,
      at,
      baseScale,
      heap.pointer(y),
    );
    return y;
  },
);

/** Writes the addresses of all rows into scratch. */
function listRows(heap: Heap, inputs: NamedTensorInfoMap, n: number): { list: number; count: number } {
  const addresses: number[] = [];
  for (let i = 0, matrix: TensorInfo | undefined; (matrix = inputs[i]) != null; i++) {
    const rows = matrix.shape[0] ?? 0;
    requireShape(matrix, [rows, n]);
    const first = heap.pointer(matrix);
    for (let row = 0; row < rows; row++) addresses.push(first + 4 * n * row);
  }
  return { list: heap.addressList(addresses), count: addresses.length };
}

function requireShape({ shape, dtype }: TensorInfo, expected: number[]): void {
  util.assert(
    dtype === 'float32' && util.arraysEqual(shape, expected),
    () => `Error in products with rows: expected float32 [${expected}], got ${dtype} [${shape}].`,
  );
}

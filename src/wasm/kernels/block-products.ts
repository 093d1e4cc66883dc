import { util, type NamedTensorInfoMap, type TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../heap.js';
import { kernel } from '../kernel.js';

/*
 * Two kernels that TensorFlow.js does not have: products with a matrix V [k, n] that lies in blocks of columns, and vectors of n
 * numbers that lie in tensors of any shape, one for each block. An optimizer that steps along the rows of V, cut up by variable,
 * so reads V twice and every other number once.
 *
 * Inputs: the blocks [k, n_i] 'v0', 'v1', …, a missing one being zero, and tensors of n_i numbers 'x0', 'x1', …, all float32.
 */

/** α = Σ_i V_i x_i: shape [k], in the order of the blocks. A coordinate that is not a finite number is given as 0. */
export const blockDots = kernel('tfjs-curvature/BlockDots', [], (heap, inputs) => {
  const columns = columnsOf(inputs);
  const k = columns.find(({ block }) => block != null)?.block?.shape[0] ?? 0;
  for (const { block, size } of columns) if (block != null) requireFloats(block, [k, size]);
  const alphas = heap.output([k]);
  heap.clear(alphas);
  for (const { x, block, size } of columns) {
    if (block == null) continue;
    const rows = heap.pointer(block);
    heap.functions.addRowDots(rows, 4 * size, k, size, heap.pointer(x), heap.pointer(alphas));
  }
  const numbers = new Float32Array(heap.backend.wasm.HEAPU8.buffer, heap.pointer(alphas), k);
  numbers.forEach((alpha, r) => {
    if (!Number.isFinite(alpha)) numbers[r] = 0;
  });
  return alphas;
});

/** How much of each term {@link blockSums} takes. */
interface Coefficients {
  readonly a: number;
  readonly b: number;
  readonly scale: number;
}

/**
 * a x_i + b y_i + scale · V_iᵀα for each i, shaped like x_i; y: 'y0', 'y1', …, all or none of them; α: 'alphas' [k], with which
 * there are blocks.
 */
export const blockSums = kernel(
  'tfjs-curvature/BlockSums',
  [],
  (heap, inputs, { a, b, scale }: Coefficients) => {
    const { alphas } = inputs;
    const k = alphas == null ? 0 : sizeOf(alphas);
    if (alphas != null) requireFloats(alphas, [k]);
    const sums: TensorInfo[] = [];
    try {
      for (const { x, y, block, size } of columnsOf(inputs)) {
        if (y != null) requireFloats(y, x.shape);
        if (block != null) requireFloats(block, [k, size]);
        const sum = heap.output(x.shape);
        sums.push(sum);
        const at = (tensor: TensorInfo | undefined): number => (tensor == null ? 0 : heap.pointer(tensor));
        const rows = [at(alphas), at(block), 4 * size, block == null ? 0 : k] as const;
        heap.functions.combineWithRows(a, at(x), b, at(y), scale, ...rows, size, at(sum));
      }
    } catch (error) {
      for (const sum of sums) heap.release(sum);
      throw error;
    }
    return sums;
  },
);

interface Columns {
  readonly x: TensorInfo;
  readonly y: TensorInfo | undefined;
  readonly block: TensorInfo | undefined;
  readonly size: number;
}

function columnsOf(inputs: NamedTensorInfoMap): Columns[] {
  const columns: Columns[] = [];
  for (let i = 0, x: TensorInfo | undefined; (x = inputs[`x${i}`]) != null; i++) {
    requireFloats(x, x.shape);
    columns.push({ x, y: inputs[`y${i}`], block: inputs[`v${i}`], size: sizeOf(x) });
  }
  return columns;
}

function requireFloats({ shape, dtype }: TensorInfo, expected: number[]): void {
  util.assert(
    dtype === 'float32' && util.arraysEqual(shape, expected),
    () => `Error in products with blocks: expected float32 [${expected}], got ${dtype} [${shape}].`,
  );
}

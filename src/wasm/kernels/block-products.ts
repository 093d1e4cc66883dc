import { util, type NamedTensorInfoMap, type TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../heap.js';
import { kernel } from '../kernel.js';

/*
 * Two kernels that TensorFlow.js does not have: products with a matrix V [k, n] that lies in blocks of columns, and vectors of n
 * numbers that lie in tensors of any shape, one for each block. An optimizer that steps along the rows of V, cut up by variable,
 * so reads V twice and every other number once.
 *
 * Inputs, in a row, all float32: x_i of n_i numbers, y_i shaped like them, blocks V_i [k, n_i], α [k].
 */

/** What the inputs are. */
interface Layout {
  /** How many x_i there are. */
  readonly parts: number;
  /** Whether there are as many y_i. */
  readonly hasSecond: boolean;
  /** For each block, the i that it belongs to. Others are zero. */
  readonly owners: readonly number[];
}

/** α = Σ_i V_i x_i: shape [k], in the order of the blocks. A coordinate that is not a finite number is given as 0. */
export const blockDots = kernel('tfjs-curvature/BlockDots', [], (heap, inputs, layout: Layout) => {
  const columns = columnsOf(inputs, layout);
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
interface Coefficients extends Layout {
  readonly a: number;
  readonly b: number;
  readonly scale: number;
}

/**
 * a x_i + b y_i + scale · V_iᵀα for each i, shaped like x_i. Where there are blocks there is an α.
 */
export const blockSums = kernel(
  'tfjs-curvature/BlockSums',
  [],
  (heap, inputs, { a, b, scale, ...layout }: Coefficients) => {
    const { parts, hasSecond, owners } = layout;
    const alphas = inputs[(hasSecond ? 2 : 1) * parts + owners.length];
    const k = alphas == null ? 0 : sizeOf(alphas);
    if (alphas != null) requireFloats(alphas, [k]);
    const at = (tensor: TensorInfo | undefined): number => (tensor == null ? 0 : heap.pointer(tensor));
    return columnsOf(inputs, layout).map(({ x, y, block, size }) => {
      if (y != null) requireFloats(y, x.shape);
      if (block != null) requireFloats(block, [k, size]);
      const sum = heap.output(x.shape);
      const rows = [at(alphas), at(block), 4 * size, block == null ? 0 : k] as const;
      heap.functions.combineWithRows(a, at(x), b, at(y), scale, ...rows, size, at(sum));
      return sum;
    });
  },
);

interface Columns {
  readonly x: TensorInfo;
  readonly y: TensorInfo | undefined;
  readonly block: TensorInfo | undefined;
  readonly size: number;
}

function columnsOf(inputs: NamedTensorInfoMap, { parts, hasSecond, owners }: Layout): Columns[] {
  const firstBlock = (hasSecond ? 2 : 1) * parts;
  const columns: Columns[] = [];
  let blocks = 0;
  for (let i = 0; i < parts; i++) {
    const x = inputs[i]!;
    requireFloats(x, x.shape);
    const block = owners[blocks] === i ? inputs[firstBlock + blocks++] : undefined;
    columns.push({ x, y: hasSecond ? inputs[parts + i] : undefined, block, size: sizeOf(x) });
  }
  return columns;
}

function requireFloats({ shape, dtype }: TensorInfo, expected: number[]): void {
  util.assert(
    dtype === 'float32' && util.arraysEqual(shape, expected),
    () => `Error in products with blocks: expected float32 [${expected}], got ${dtype} [${shape}].`,
  );
}

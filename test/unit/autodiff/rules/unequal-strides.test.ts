import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grad } from '../../../../src/autodiff/transforms/grad.js';
import { registerWasmTrainingKernels } from '../../../../src/wasm/index.js';
import { useBackend } from '../../../wasm-backend.js';

/*
 * Windows of 3 × 3 cells that move by 2 rows and 1 column over an image of 6 × 6 with one row and column of padding. For a
 * padding number TensorFlow.js takes the width of the output by the stride of the height: 3 × 3 windows, where 6 columns of
 * them would have their place.
 */
const n = 6;
const windows = [0, 1, 2].flatMap((i) =>
  [0, 1, 2].map((j) => {
    const rows = [2 * i - 1, 2 * i, 2 * i + 1];
    const columns = [j - 1, j, j + 1];
    const cells = rows.flatMap((row) => columns.map((column) => [row, column] as const));
    return cells.filter(([row, column]) => row >= 0 && row < n && column >= 0 && column < n);
  }),
);

type Cells = readonly (readonly [number, number])[];

/** What is added to the cells of each window. */
function scattered(share: (cells: Cells, k: number) => number): number[] {
  const image = new Array<number>(n * n).fill(0);
  for (const cells of windows) cells.forEach(([r, c], k) => (image[r * n + c]! += share(cells, k)));
  return image;
}

type Op = (x: tf.Tensor4D) => tf.Tensor;
const ones = (): tf.Tensor4D => tf.ones([3, 3, 1, 1]);
const cases: Record<string, { op: Op; gradient: number[] }> = {
  // The image rises, so that the last cell of each window is its largest.
  maxPool: {
    op: (x) => tf.maxPool(x, 3, [2, 1], 1),
    gradient: scattered((cells, k) => (k === cells.length - 1 ? 1 : 0)),
  },
  avgPool: { op: (x) => tf.avgPool(x, 3, [2, 1], 1), gradient: scattered((cells) => 1 / cells.length) },
  conv2d: { op: (x) => tf.conv2d(x, ones(), [2, 1], 1), gradient: scattered(() => 1) },
  depthwiseConv2d: { op: (x) => tf.depthwiseConv2d(x, ones(), [2, 1], 1), gradient: scattered(() => 1) },
};

describe.each([
  ['cpu', false],
  ['wasm', false],
  ['wasm', true],
] as const)('unequal strides beside a padding number, on %s (our kernels: %s)', (backend, withOurKernels) => {
  let undo: (() => void) | null = null;
  beforeAll(async () => {
    await useBackend(backend);
    if (withOurKernels) undo = await registerWasmTrainingKernels();
  });
  afterAll(() => undo?.());

  it.each(Object.entries(cases))('%s', (_, { op, gradient }) => {
    const image = tf.reshape(tf.range(1, n * n + 1), [1, n, n, 1]) as tf.Tensor4D;
    const found = grad((x) => tf.sum(op(x as tf.Tensor4D)))(image);
    Array.from(found.dataSync()).forEach((value, i) => expect(value).toBeCloseTo(gradient[i]!, 5));
  });
});

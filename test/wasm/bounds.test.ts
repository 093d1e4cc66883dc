import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockDots, blockSums } from '../../src/tfjs/kernels/block-products.js';
import { combineRows, rowDots, subtractRows } from '../../src/tfjs/kernels/row-products.js';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { sample } from './compare.js';

interface Exposed {
  wasm: { HEAPU8: Uint8Array; _malloc(bytes: number): number; _free(pointer: number): void };
}

const GUARD = 64;
const CANARY = 0xa5;
const sizes = new Map<number, number>();
const broken: string[] = [];
let restore: () => void;

/** Puts a guard of 64 bytes before and behind every block that tensors and kernels allocate, and looks when freed. */
beforeAll(async () => {
  await useBackend('wasm');
  // Emscripten puts its functions in place of stubs at their first call, which would undo ours.
  tf.zeros([1]).dispose();
  const { wasm } = tf.backend() as unknown as Exposed;
  const { _malloc: malloc, _free: free } = wasm;
  wasm._malloc = (bytes) => {
    const block = malloc(bytes + 2 * GUARD) >>> 0;
    wasm.HEAPU8.fill(CANARY, block, block + bytes + 2 * GUARD);
    sizes.set(block + GUARD, bytes);
    return block + GUARD;
  };
  wasm._free = (pointer) => {
    const bytes = sizes.get(pointer);
    if (bytes === undefined) return free(pointer);
    const guards = [
      wasm.HEAPU8.subarray(pointer - GUARD, pointer),
      wasm.HEAPU8.subarray(pointer + bytes, pointer + bytes + GUARD),
    ];
    guards.forEach((guard, side) => {
      if (guard.some((byte) => byte !== CANARY))
        broken.push(`${side === 0 ? 'before' : 'behind'} ${bytes} bytes`);
    });
    sizes.delete(pointer);
    free(pointer - GUARD);
  };
  restore = () => Object.assign(wasm, { _malloc: malloc, _free: free });
  await registerWasmTrainingKernels();
});

afterAll(() => restore());

/** Runs and frees everything, so that every guard is looked at. */
function guarded(f: () => unknown): string[] {
  broken.length = 0;
  tf.tidy(() => void f());
  return [...broken];
}

const conv = (
  size: number,
  channels: number,
  filters: number,
  kernel: number,
  stride: number,
  pad: 'same' | 'valid',
) =>
  tf.grads((x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad))([
    sample([2, size, size + 1, channels], 1),
    sample([kernel, kernel, channels, filters], 2),
  ]);

const cases: [string, () => unknown][] = [
  ...[1, 3, 5, 8, 13].flatMap((channels): [string, () => unknown][] => [
    [`conv2d ${channels} → 7`, () => conv(9, channels, 7, 3, 1, 'same')],
    [`conv2d 5 → ${channels}, wide`, () => conv(30, 5, channels, 3, 1, 'same')],
    [`conv2d ${channels} → 8, valid`, () => conv(8, channels, 8, 3, 1, 'valid')],
    [`conv2d ${channels} → 5, stride 2`, () => conv(9, channels, 5, 2, 2, 'same')],
    [
      `pooling ${channels}`,
      () => {
        const x = sample([2, 7, 6, channels], 1) as tf.Tensor4D;
        tf.grad((t: tf.Tensor) => tf.maxPool(t as tf.Tensor4D, 3, 2, 'same'))(x);
        tf.grad((t: tf.Tensor) => tf.avgPool(t as tf.Tensor4D, 3, 2, 'same'))(x);
        tf.maxPoolWithArgmax(x, 2, 2, 'same');
        const volume = tf.reshape(x, [1, 2, 7, 6, channels]) as tf.Tensor5D;
        for (const side of [1, 2, 3, 4]) {
          tf.maxPool(x, side, 2, 1, 'ceil');
          tf.avgPool(x, side, 2, 1, 'ceil');
          tf.maxPool3d(volume, side, 1, 'same');
        }
      },
    ],
    [
      `depthwise ${channels}`,
      () => {
        const conv = (x: tf.Tensor, w: tf.Tensor) =>
          tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
        tf.grads(conv)([sample([2, 7, 6, channels], 1), sample([3, 3, channels, 2], 2)]);
        for (const [width, multiplier] of [
          [2, 1],
          [3, 3],
          [9, 1],
        ]) {
          const x = sample([1, 4, width!, channels], 1) as tf.Tensor4D;
          tf.depthwiseConv2d(x, sample([2, 2, channels, multiplier!], 2) as tf.Tensor4D, 1, 'valid');
        }
      },
    ],
    [
      `conv3d ${channels}`,
      () =>
        tf.grads((x: tf.Tensor, w: tf.Tensor) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, 'same'))([
          sample([2, 4, 5, 6, channels], 1),
          sample([2, 3, 3, channels, 5], 2),
        ]),
    ],
    [`sum ${channels}`, () => [tf.sum(sample([9, channels], 1), 0), tf.sum(sample([9, channels], 1), 1)]],
    [
      `segments ${channels}`,
      () => tf.unsortedSegmentSum(sample([5, channels], 1), tf.tensor1d([-5, 0, 2, 3, 900], 'int32'), 3),
    ],
    [
      `tile ${channels}`,
      () => [tf.tile(sample([3, channels], 1), [2, 3]), tf.tile(sample([3, 1], 1), [1, channels])],
    ],
    [
      `gather ${channels}`,
      () => {
        const x = sample([3, 4, channels], 1);
        const indices = tf.tensor2d([3, 0, 1, 3, 2, 2, 0, 1, 3], [3, 3], 'int32');
        tf.gather(x, indices, 1);
        tf.gather(x, indices, 1, 1);
        tf.gather(tf.greater(x, 0), indices, 1, 1);
        tf.gather(tf.transpose(x, [0, 2, 1]), indices, 2, 1);
      },
    ],
  ]),
  ...[1, 2, 5, 8].flatMap((count): [string, () => unknown][] =>
    [1, 3, 2051].map((n) => [
      `products with ${count} rows of ${n}`,
      () => {
        const parts = Array.from({ length: count }, (_, i) => sample([1 + (i % 2), n], i) as tf.Tensor2D);
        const x = sample([1, n], 9) as tf.Tensor2D;
        const weights = rowDots(parts, x);
        combineRows(tf.concat([...weights, ...weights]), parts);
        subtractRows(weights, parts, x);
      },
    ]),
  ),
  ...[1, 4, 7].flatMap((k) =>
    [1, 19, 4101].map((n): [string, () => unknown] => [
      `products with ${k} rows in blocks of ${n}`,
      () => {
        const parts = [sample([n], 1), sample([3], 2)];
        const blocks = [sample([k, n], 3), sample([k, 3], 4)] as tf.Tensor2D[];
        const alphas = blockDots(blocks, parts);
        blockSums({ factor: 2, parts }, { factor: 3, parts }, { scale: 1, blocks, alphas });
        blockSums({ factor: 2, parts }, null, { scale: 1, blocks, alphas });
      },
    ]),
  ),
  ...[1, 3, 4, 9].flatMap((m) =>
    [1, 5, 8, 17].map((n): [string, () => unknown] => [
      `matMul ${m} × ${n}`,
      () =>
        [false, true].flatMap((ta) =>
          [false, true].map((tb) =>
            tf.matMul(sample(ta ? [401, m] : [m, 401], 1), sample(tb ? [n, 401] : [401, n], 2), ta, tb),
          ),
        ),
    ]),
  ),
];

describe('no kernel writes outside its tensors', () => {
  test.each(cases)('%s', (_, f) => expect(guarded(f)).toEqual([]));

  test('the guards notice a single float too many', () => {
    const { wasm } = tf.backend() as unknown as Exposed;
    const overrun = () => {
      const pointer = wasm._malloc(16);
      new Float32Array(wasm.HEAPU8.buffer, pointer, 5).fill(1);
      wasm._free(pointer);
    };
    expect(guarded(overrun)).toEqual(['behind 16 bytes']);
  });
});

describe('bad input is refused and writes nothing', () => {
  /** Inputs of kernels that take a list. */
  const inARow = (...inputs: tf.Tensor[]): tf.NamedTensorMap => inputs as unknown as tf.NamedTensorMap;
  const run = (name: string, inputs: tf.NamedTensorMap, attrs: object) => () =>
    tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap);
  const window = { filterSize: 2, strides: 2, pad: 'valid' };
  const conv2d = { strides: 1, pad: 'same', dataFormat: 'NHWC' };

  test.each<[string, () => () => unknown]>([
    [
      'matMul',
      () =>
        run(
          'BatchMatMul',
          { a: sample([2, 3], 1), b: sample([4, 5], 2) },
          { transposeA: false, transposeB: false },
        ),
    ],
    [
      'MaxPoolGrad',
      () => run('MaxPoolGrad', { dy: sample([2, 2, 2, 5], 1), input: sample([2, 4, 4, 3], 2) }, window),
    ],
    [
      'AvgPoolGrad',
      () => run('AvgPoolGrad', { dy: sample([3, 2, 2, 3], 1), input: sample([2, 4, 4, 3], 2) }, window),
    ],
    [
      'Conv2DBackpropFilter',
      () =>
        run(
          'Conv2DBackpropFilter',
          { x: sample([2, 4, 4, 3], 1), dy: sample([1, 4, 4, 5], 2) },
          { ...conv2d, filterShape: [3, 3, 3, 5] },
        ),
    ],
    [
      'Conv2DBackpropInput',
      () =>
        run(
          'Conv2DBackpropInput',
          { dy: sample([2, 4, 4, 6], 1), filter: sample([3, 3, 3, 5], 2) },
          { ...conv2d, inputShape: [2, 4, 4, 3] },
        ),
    ],
    [
      'UnsortedSegmentSum',
      () =>
        run(
          'UnsortedSegmentSum',
          { x: sample([4, 2], 1), segmentIds: tf.tensor1d([0, 1], 'int32') },
          { numSegments: 2 },
        ),
    ],
    ...(
      [
        ['too large', [0, 4], 'int32'],
        ['below 0', [-1, 0], 'int32'],
        ['no whole number', [0, 1.5], 'float32'],
      ] as const
    ).map(([what, indices, type]): [string, () => () => unknown] => [
      `GatherV2 with an index ${what}`,
      () =>
        run(
          'GatherV2',
          { x: sample([4, 2], 1), indices: tf.tensor1d([...indices], type) },
          { axis: 0, batchDims: 0 },
        ),
    ]),
    [
      'rows of other lengths',
      () =>
        run(
          'tfjs-curvature/RowDots',
          { x: sample([1, 3], 1), 0: sample([2, 3], 2), 1: sample([2, 2], 3) },
          {},
        ),
    ],
    [
      'weights for other rows',
      () =>
        run(
          'tfjs-curvature/RowCombination',
          { weights: sample([1, 3], 1), 0: sample([2, 3], 2) },
          { scale: 1 },
        ),
    ],
    [
      'a block of other columns',
      () =>
        run(
          'tfjs-curvature/BlockDots',
          inARow(sample([3], 1), sample([3], 3), sample([2, 3], 2), sample([2, 2], 4)),
          { parts: 2, hasSecond: false, owners: [0, 1] },
        ),
    ],
    [
      'a second term of another shape',
      () =>
        run(
          'tfjs-curvature/BlockSums',
          inARow(sample([3], 1), sample([4], 3), sample([3], 2), sample([3], 4)),
          { a: 1, b: 1, scale: 1, parts: 2, hasSecond: true, owners: [] },
        ),
    ],
  ])('%s', (_, prepare) => {
    expect(
      guarded(() => expect(prepare()).toThrow(/Error in|the index value (4|-1) is not in \[0, 3\]/)),
    ).toEqual([]);
  });
});

import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { blockDots, blockSums } from '../../../src/tfjs/kernels/block-products.js';
import { combineRows, rowDots } from '../../../src/tfjs/kernels/row-products.js';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import { useBackend } from '../../wasm-backend.js';

// Every call that can be divided is.
vi.mock('../../../src/wasm/threads/break-even.js', () => ({ BREAK_EVEN: 0, WORK_PER_PARTIAL_SUM: 0 }));

beforeAll(async () => {
  await registerWasmTrainingKernels({ threads: 2 });
  await useBackend('wasm');
});
afterAll(async () => (await registerWasmTrainingKernels())());

/** Whole numbers from `least` to `most`, the same for the same seed. */
function wholeNumbers(seed: number): (least: number, most: number) => number {
  let state = (seed * 2654435761) >>> 0;
  return (least, most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return least + Math.floor((state / 2 ** 32) * (most - least + 1));
  };
}

type Whole = (least: number, most: number) => number;

/** Numbers whose products and sums round. */
const normal = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

function convolution(whole: Whole, seed: number, channels: () => number): tf.Tensor[] {
  const size = whole(5, 14);
  const x = normal([whole(1, 9), size, size + whole(0, 3), channels()], seed);
  const w = normal([whole(1, 3), whole(1, 3), x.shape[3]!, channels()], seed + 1);
  const stride = whole(1, 2);
  const f = (a: tf.Tensor, b: tf.Tensor) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, 'same');
  const { value, grads } = tf.valueAndGrads(f)([x, w]);
  return [value, ...grads];
}

const cases: Record<string, (whole: Whole, seed: number) => tf.Tensor[]> = {
  'products of matrices': (whole, seed) => {
    const [m, n, k] = [whole(2, 70), whole(2, 90), whole(1, 800)];
    return [false, true].flatMap((ta) =>
      [false, true].map((tb) =>
        tf.matMul(normal(ta ? [k, m] : [m, k], seed), normal(tb ? [n, k] : [k, n], seed + 1), ta, tb),
      ),
    );
  },
  'convolutions and their gradients': (whole, seed) => convolution(whole, seed, () => whole(1, 20)),
  'convolutions by eights': (whole, seed) => convolution(whole, seed, () => 8 * whole(1, 4)),
  'three by three, by eights': (whole, seed) => {
    const [batch, size] = [whole(1, 11), whole(4, 15)];
    const x = normal([batch, size, size, 8 * whole(1, 3)], seed);
    const w = normal([3, 3, x.shape[3]!, 8 * whole(1, 3)], seed + 1);
    const f = (a: tf.Tensor, b: tf.Tensor) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same');
    const { value, grads } = tf.valueAndGrads(f)([x, w]);
    return [value, ...grads];
  },
  'convolutions in three dimensions': (whole, seed) => {
    const x = normal([whole(1, 5), whole(2, 4), whole(3, 7), whole(3, 7), whole(1, 9)], seed);
    const w = normal([2, 2, 3, x.shape[4]!, whole(1, 9)], seed + 1);
    const f = (a: tf.Tensor, b: tf.Tensor) => tf.conv3d(a as tf.Tensor5D, b as tf.Tensor5D, 1, 'same');
    const { value, grads } = tf.valueAndGrads(f)([x, w]);
    return [value, ...grads];
  },
  'depthwise convolutions': (whole, seed) => {
    const x = normal([whole(1, 9), whole(3, 12), whole(3, 12), whole(1, 13)], seed);
    const w = normal([3, 2, x.shape[3]!, whole(1, 3)], seed + 1);
    const f = (a: tf.Tensor, b: tf.Tensor) =>
      tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same');
    const { value, grads } = tf.valueAndGrads(f)([x, w]);
    return [value, ...grads];
  },
  pooling: (whole, seed) => {
    const x = normal([whole(1, 9), whole(4, 12), whole(4, 12), whole(1, 20)], seed) as tf.Tensor4D;
    return [tf.maxPool, tf.avgPool].flatMap((pool) => {
      const { value, grad } = tf.valueAndGrad((t: tf.Tensor) => pool(t as tf.Tensor4D, 3, 2, 'same'))(x);
      return [value, grad];
    });
  },
  'arithmetic, bias, number and tanh': (whole, seed) => {
    const [a, b] = [normal([whole(1, 40), whole(1, 40)], seed), normal([1], seed + 1)];
    const [same, bias] = [normal(a.shape, seed + 2), normal([a.shape[1]!], seed + 3)];
    const others = [b, same, bias];
    const sums = others.flatMap((other) => [tf.add(a, other), tf.sub(other, a), tf.mul(a, other)]);
    return [...sums, tf.tanh(a), tf.clipByValue(a, -0.5, 0.5), tf.relu(a), tf.step(a, 0.1)];
  },
  sums: (whole, seed) => {
    const x = normal([whole(1, 4), whole(1, 900), whole(1, 40)], seed);
    return [tf.sum(x, [0, 1]), tf.sum(x, 1), tf.sum(x, 2)];
  },
  'products with rows': (whole, seed) => {
    const n = whole(1, 3000);
    const parts = [normal([whole(1, 9), n], seed), normal([whole(1, 9), n], seed + 1)] as tf.Tensor2D[];
    const rows = parts[0]!.shape[0] + parts[1]!.shape[0];
    const weights = normal([whole(1, 3), rows], seed + 3) as tf.Tensor2D;
    const combined = combineRows(weights, parts);
    const [column, row] = [normal([n, 1], seed + 4), normal([1, rows], seed + 5)];
    const matrix = tf.concat(parts);
    const vectors = [tf.matMul(matrix, column), tf.matMul(row, matrix), tf.matMul(matrix, row, true, true)];
    return [...rowDots(parts, normal([1, n], seed + 2) as tf.Tensor2D), combined, ...vectors];
  },
  'products with blocks of columns': (whole, seed) => {
    const [k, sizes] = [whole(1, 11), [whole(1, 6000), whole(1, 40)]];
    const [x, y] = [seed, seed + 2].map((first) => sizes.map((size, i) => normal([size], first + i)));
    const blocks = sizes.map((size, i) => normal([k, size], seed + 4 + i) as tf.Tensor2D);
    const along = { scale: 0.3, blocks, alphas: blockDots(blocks, x!) };
    const first = { factor: -0.1, parts: x! };
    return [
      along.alphas,
      ...blockSums(first, { factor: 0.9, parts: y! }, along),
      ...blockSums(first, null, along),
    ];
  },
};

/** The bytes of what `f` computes with so many threads. */
async function bitsOf(threads: number, f: () => tf.Tensor[]): Promise<Uint8Array[]> {
  const undo = await registerWasmTrainingKernels({ threads });
  expect([undo.threads, undo.reason]).toEqual([threads, null]);
  const results = tf.tidy(f);
  const bits = results.map((tensor) => new Uint8Array(tensor.dataSync().slice().buffer));
  tf.dispose(results);
  return bits;
}

const SHAPES = 6;

test.each(Object.entries(cases))('%s: the same bits on 1, 2 and 3 threads', async (_, build) => {
  const all = () =>
    Array.from({ length: SHAPES }, (_shape, seed) => build(wholeNumbers(seed + 1), 10 * seed + 1)).flat();
  const [one, two, three] = [await bitsOf(1, all), await bitsOf(2, all), await bitsOf(3, all)];
  expect(one.length).toBeGreaterThan(0);
  const differing = (other: Uint8Array[]) =>
    one.flatMap((bits, i) => (Buffer.compare(bits, other[i]!) === 0 ? [] : [`result ${i}`]));
  expect(differing(two)).toEqual([]);
  expect(differing(three)).toEqual([]);
});

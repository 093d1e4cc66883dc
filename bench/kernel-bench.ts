import * as tf from '@tensorflow/tfjs-core';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { instantiate } from '../src/wasm/module.js';
import { interleave, repeated, type Contender, type Rounds } from './interleave.js';

/** A kernel, the FLOP of one run by the direct formula, and how it is timed. */
export interface KernelRow {
  readonly name: string;
  readonly gflop: number;
  readonly own: () => tf.Tensor;
  /** The same op by stock kernels; null where there is none. */
  readonly stock: (() => tf.Tensor) | null;
}

/** Batch of the kernel table: a quarter of the models', long enough to leave the caches. */
const IMAGES = 32;

/** The convolutions of SimpleCNN: input side and channels, filters, padding. */
const LAYERS: readonly [string, number, number, number, 'same' | 'valid'][] = [
  ['conv1 3→32', 32, 3, 32, 'same'],
  ['conv2 32→32', 32, 32, 32, 'valid'],
  ['conv3 32→64', 15, 32, 64, 'same'],
  ['conv4 64→64', 15, 64, 64, 'valid'],
];

export function kernelRows(): KernelRow[] {
  const rows = LAYERS.flatMap(([name, side, channels, filters, pad]) => {
    const xShape: [number, number, number, number] = [IMAGES, side, side, channels];
    const filterShape: [number, number, number, number] = [3, 3, channels, filters];
    const { outShape } = tf.backend_util.computeConv2DInfo(xShape, filterShape, 1, 1, pad);
    const x = tf.randomNormal(xShape) as tf.Tensor4D;
    const w = tf.randomNormal(filterShape) as tf.Tensor4D;
    const dy = tf.randomNormal(outShape) as tf.Tensor4D;
    const attrs = { strides: 1, pad, dataFormat: 'NHWC', dimRoundingMode: undefined };
    const run = (kernel: string, inputs: tf.NamedTensorMap, extra: object) => () =>
      tf
        .engine()
        .runKernel(kernel, inputs, { ...attrs, ...extra } as unknown as tf.NamedAttrMap) as tf.Tensor;
    const forward = () => tf.conv2d(x, w, 1, pad);
    const input = run('Conv2DBackpropInput', { dy, filter: w }, { inputShape: xShape });
    const filter = run('Conv2DBackpropFilter', { x, dy }, { filterShape });
    const gflop = (2 * dy.size * 9 * channels) / 1e9;
    return [
      { name: `${name} forward`, gflop, own: forward, stock: forward },
      { name: `${name} input gradient`, gflop, own: input, stock: input },
      { name: `${name} filter gradient`, gflop, own: filter, stock: null },
    ];
  });
  const product = (name: string, m: number, k: number, n: number, ta: boolean, tb: boolean): KernelRow => {
    const a = tf.randomNormal(ta ? [k, m] : [m, k]);
    const b = tf.randomNormal(tb ? [n, k] : [k, n]);
    const run = () => tf.matMul(a, b, ta, tb);
    return { name, gflop: (2 * m * k * n) / 1e9, own: run, stock: run };
  };
  return [
    ...rows,
    product('matMul 128×784 · 784×256', 128, 784, 256, false, false),
    product('matMul (128×784)ᵀ · 128×256', 784, 128, 256, true, false),
    product('matMul 128×256 · (784×256)ᵀ', 128, 256, 784, false, true),
    product('matMul 512 · 512', 512, 512, 512, false, false),
  ];
}

/** The yardsticks: XNNPACK's plain matrix product, and our micro-kernel on data in the first-level cache. */
export const XNNPACK = 'XNNPACK matMul 512';
export const MICRO = 'micro-kernel in L1';
const SIDE = 512;
const DEPTH = 288;
const CALLS = 4000;
export const YARDSTICK_GFLOP: Readonly<Record<string, number>> = {
  [XNNPACK]: (2 * SIDE ** 3) / 1e9,
  [MICRO]: (CALLS * 2 * 4 * 32 * DEPTH) / 1e9,
};

export async function benchKernels(rows: readonly KernelRow[], rounds: number): Promise<Rounds> {
  const square = tf.randomNormal([SIDE, SIDE]);
  const withStock = async (run: () => number): Promise<number> => {
    const undo = await registerWasmTrainingKernels();
    undo();
    try {
      return run();
    } finally {
      await registerWasmTrainingKernels();
    }
  };
  const plain = repeated(2, () => tf.matMul(square, square).dispose());
  const contenders: Contender[] = [
    { name: XNNPACK, run: () => withStock(plain) },
    { name: MICRO, run: await microKernel() },
  ];
  for (const { name, own, stock } of rows) {
    contenders.push({ name, run: repeated(2, () => own().dispose()) });
    if (stock === null) continue;
    const timeStock = repeated(1, () => stock().dispose());
    contenders.push({ name: `stock ${name}`, run: () => withStock(timeStock) });
  }
  return interleave(contenders, rounds);
}

async function microKernel(): Promise<() => number> {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  new Float32Array(memory.buffer).fill(0.5);
  const compiled = await instantiate(memory);
  if (compiled === null) throw new Error('this engine has no WebAssembly SIMD');
  const { tile } = compiled.functions;
  const row = 4 * DEPTH + 64;
  const [a, b, c] = [1024, 1024 + 8 * row, 1024 + 8 * row + 128 * DEPTH];
  return repeated(1, () => {
    for (let i = 0; i < CALLS; i++) {
      tile(
        a,
        a + row,
        a + 2 * row,
        a + 3 * row,
        1,
        0,
        1,
        0,
        DEPTH,
        4,
        b,
        32,
        32 * DEPTH,
        c,
        c + 128,
        c + 256,
        c + 384,
        4,
        32,
        0,
      );
    }
  });
}

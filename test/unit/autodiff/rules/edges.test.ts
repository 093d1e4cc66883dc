import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { grad } from '../../../../src/autodiff/transforms/grad.js';
import { registerWasmTrainingKernels } from '../../../../src/wasm/index.js';
import { largestRelativeError } from '../../../kinks/case.js';
import { useBackend } from '../../../wasm-backend.js';

/* Calls at the edge of what an op takes: nothing to write, nothing to multiply, windows without a maximum, huge numbers. */

const none = (shape: number[], dtype: 'float32' | 'int32' = 'float32'): tf.Tensor =>
  tf.tensor([], shape, dtype);
const sum = (x: tf.Tensor): tf.Tensor => tf.sum(x);

/** ∂ sum f(x)/∂x, flattened. */
const gradient = (f: (x: tf.Tensor) => tf.Tensor, x: () => tf.Tensor): number[] =>
  tf.tidy(() => Array.from(grad((t) => sum(f(t)))(x()).dataSync()));

describe.each([
  ['cpu', false],
  ['wasm', false],
  ['wasm', true],
] as const)('on %s (kernels of this package: %s)', (backend, withOurKernels) => {
  let undo: (() => void) | null = null;
  let tensors: number;
  beforeAll(async () => {
    await useBackend(backend);
    if (withOurKernels) undo = await registerWasmTrainingKernels();
  });
  afterAll(() => undo?.());
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors);
  });

  describe.each([NaN, -Infinity])('a window of nothing but %s', (value) => {
    const filled = (shape: number[]) => () => tf.fill(shape, value);
    const { maxPool, maxPool3d } = tf;
    const pooled: Record<string, [(x: tf.Tensor) => tf.Tensor, number[]]> = {
      maxPool: [(x) => maxPool(x as tf.Tensor4D, 2, 2, 'valid'), [1, 2, 2, 1]],
      'maxPool, padded': [(x) => maxPool(x as tf.Tensor4D, 3, 1, 'same'), [2, 2, 3, 2]],
      'maxPool3d, padded': [(x) => maxPool3d(x as tf.Tensor5D, 3, 1, 'same'), [1, 2, 2, 2, 1]],
      maxPoolWithArgmax: [
        (x) => tf.maxPoolWithArgmax(x as tf.Tensor4D, 3, 1, 'same', true).result!,
        [2, 2, 3, 2],
      ],
      dilation2d: [
        (x) => tf.dilation2d(x as tf.Tensor4D, tf.zeros([3, 3, 2]) as tf.Tensor3D, 1, 'same', 1),
        [2, 2, 3, 2],
      ],
    };

    it.each(Object.entries(pooled))('has a derivative by its own cells: %s', (_, [f, shape]) => {
      // The second example is an ordinary one: to it goes what its windows make of it, and nothing else.
      const apart = (): tf.Tensor => tf.concat([filled(shape)(), tf.ones(shape)]);
      const found = gradient(f, apart);
      const size = found.length / 2;
      const alone = gradient(f, () => tf.ones(shape));
      expect(found.slice(size)).toEqual(alone);
      const dead = found.slice(0, size).reduce((a, b) => a + b, 0);
      const windows = tf.tidy(() => f(tf.ones(shape)).size);
      // All of the windows' slopes, or none, or no number.
      if (!Number.isNaN(dead)) expect([0, windows]).toContain(dead);
    });

    it('has a second derivative', () => {
      const second = gradient(
        (x) => grad((t) => sum(tf.square(maxPool(t as tf.Tensor4D, 3, 1, 'same'))))(x),
        filled([1, 2, 2, 1]),
      );
      expect(second).toHaveLength(4);
    });
  });

  it('gather takes batch dimensions counted from the end of the indices', () => {
    const x = () =>
      tf.tensor2d([
        [1, 2, 3],
        [4, 5, 6],
      ]);
    const indices = () =>
      tf.tensor2d(
        [
          [0, 1],
          [2, 2],
        ],
        [2, 2],
        'int32',
      );
    const by = (batchDims: number) => (t: tf.Tensor) => tf.square(tf.gather(t, indices(), 1, batchDims));
    // 2x, as often as an entry is taken.
    expect(gradient(by(-1), x)).toEqual([2, 4, 0, 0, 0, 24]);
    expect(gradient(by(1), x)).toEqual([2, 4, 0, 0, 0, 24]);
    const whole = () => tf.reshape(tf.range(0, 18), [2, 3, 3]);
    const inner = (batchDims: number) => (t: tf.Tensor) => tf.square(tf.gather(t, indices(), 2, batchDims));
    expect(gradient(inner(-1), whole)).toEqual(gradient(inner(1), whole));
  });

  it('diag has the derivatives of its diagonal alone', () => {
    expect(
      gradient(
        (x) => tf.sqrt(tf.diag(x)),
        () => tf.tensor1d([1, 4]),
      ),
    ).toEqual([0.5, 0.25]);
    const matrix = () => tf.tensor2d([[1, 4]]);
    expect(gradient((x) => tf.sqrt(tf.diag(x)), matrix)).toEqual([0.5, 0.25]);
  });

  it('nothing written over a tensor leaves it as it is', () => {
    const x = () => tf.tensor1d([1, 2]);
    const update = (t: tf.Tensor): tf.Tensor => tf.tensorScatterUpdate(t, none([0, 1], 'int32'), none([0]));
    expect(gradient((t) => tf.square(update(t)), x)).toEqual([2, 4]);
    const square = () => tf.ones([2, 2]);
    const rows = (t: tf.Tensor): tf.Tensor => tf.tensorScatterUpdate(t, none([0, 1], 'int32'), none([0, 2]));
    expect(gradient((t) => tf.square(rows(t)), square)).toEqual([2, 2, 2, 2]);
    // By the values, of which there are none.
    const values = (t: tf.Tensor): tf.Tensor =>
      tf.add(tf.sum(t), tf.tensorScatterUpdate(x(), none([0, 1], 'int32'), tf.slice(t, [0], [0])));
    expect(gradient(values, x)).toEqual([2, 2]);
    const dense = (t: tf.Tensor): tf.Tensor =>
      tf.sparseToDense(none([0], 'int32') as tf.Tensor1D, none([0]), [3], tf.sum(t) as tf.Scalar);
    expect(gradient(dense, x)).toEqual([3, 3]);
  });

  it('a product of nothing is constant', () => {
    const empty = (t: tf.Tensor): tf.Tensor => tf.slice(t, [0, 0], [0, 2]);
    const product = (t: tf.Tensor): tf.Tensor => tf.add(tf.prod(empty(t), 0), tf.sum(t));
    expect(gradient(product, () => tf.ones([2, 3]))).toEqual(new Array<number>(6).fill(2));
    const running = (t: tf.Tensor): tf.Tensor => tf.add(tf.sum(tf.cumprod(empty(t), 0)), tf.sum(t));
    expect(gradient(running, () => tf.ones([2, 3]))).toEqual(new Array<number>(6).fill(1));
  });

  it('selu and prelu are straight lines as far as ∞', () => {
    const infinite = () => tf.tensor1d([Infinity]);
    expect(gradient(tf.selu, infinite)[0]).toBeCloseTo(1.0507009873554805, 6);
    expect(
      gradient(
        (alpha) => tf.prelu(infinite(), alpha),
        () => tf.tensor1d([0.25]),
      ),
    ).toEqual([0]);
  });

  it('the slope of asinh keeps its digits as far as float32 has numbers', () => {
    const points = [0, 0.5, -3, 1e10, -1e20, 1e38].map(Math.fround);
    const slopes = gradient(tf.asinh, () => tf.tensor1d(points));
    const wanted = points.map((x) => 1 / Math.hypot(1, x));
    // Some ten roundings.
    expect(largestRelativeError(slopes, wanted)).toBeLessThan(1e-6);
    // It is the derivative of asinh eˣ: 1/√(1 + e^(−2x)).
    expect(
      gradient(
        (x) => tf.asinh(tf.exp(x)),
        () => tf.tensor1d([50]),
      )[0],
    ).toBeCloseTo(1, 4);
    expect(gradient(tf.asinh, () => tf.tensor1d([Infinity]))).toEqual([0]);
    const curvature = gradient(
      (x) => grad((t) => sum(tf.asinh(t)))(x),
      () => tf.tensor1d([0, 0.5, -3]),
    );
    const bent = [0, 0.5, -3].map((x) => -x / Math.hypot(1, x) ** 3);
    expect(largestRelativeError(curvature, bent)).toBeLessThan(1e-6);
  });
});

import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withCorrections } from '../../../../src/tfjs/corrections/execute.js';
import { runKernel } from '../../../../src/tfjs/kernels/run-kernel.js';
import { relativeError } from '../../../golden-case.js';
import { useBackend } from '../../../wasm-backend.js';

type Inputs = Record<string, Tensor>;

const numbers = (shape: number[], scale = 1, offset = 0): Tensor =>
  tf.tensor(
    Float32Array.from(
      { length: tf.util.sizeFromShape(shape) },
      (_, i) => scale * Math.sin(12.9898 * i + 1) + offset,
    ),
    shape,
  );
const ints = (values: number[], shape?: number[]): Tensor => tf.tensor(values, shape, 'int32');

/** A kernel as we run it on WASM beside the kernel that TensorFlow.js runs on cpu, which is right in these cases. */
async function bothWays(kernel: string, inputs: () => Inputs, attrs: object): Promise<[Tensor, Tensor]> {
  await useBackend('cpu');
  const wanted: Tensor = tf.tidy(() => tf.engine().runKernel(kernel, inputs(), attrs as tf.NamedAttrMap));
  const [values, shape] = [wanted.dataSync(), wanted.shape];
  wanted.dispose();
  await useBackend('wasm');
  const got = tf.tidy(() => withCorrections(() => runKernel(kernel, inputs(), attrs)));
  return [got, tf.tensor(values, shape)];
}

const convolution = { strides: [2, 1], pad: 'same', dataFormat: 'NHWC' };

describe('kernels put together on WASM', () => {
  let before = 0;
  beforeAll(() => useBackend('wasm'));
  beforeEach(() => {
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[string, string, () => Inputs, object]>([
    ['Sum', 'of few rows', () => ({ x: numbers([5, 3]) }), { axis: [0], keepDims: true }],
    [
      'Sum',
      'of rows in stages',
      () => ({ x: numbers([4, 1024, 3], 1, 5) }),
      { axis: [0, 1], keepDims: false },
    ],
    ['Sum', 'of a prime number of rows', () => ({ x: numbers([1021, 2]) }), { axis: [0], keepDims: false }],
    [
      'UnsortedSegmentSum',
      'with ids that are none',
      () => ({ x: numbers([6, 2]), segmentIds: ints([0, 2, -1, 3, 2, 7]) }),
      { numSegments: 4 },
    ],
    [
      'GatherV2',
      'with a batch',
      () => ({ x: numbers([3, 4, 2]), indices: ints([3, 0, 1, 2, 0, 1], [3, 2]) }),
      { axis: 1, batchDims: 1 },
    ],
    [
      'GatherV2',
      'with batch dimensions',
      () => ({ x: numbers([2, 3, 4, 2]), indices: ints([3, 0, 1, 1], [2, 2]) }),
      { axis: 2, batchDims: 1 },
    ],
    [
      'MaxPool3D',
      'of negative numbers',
      () => ({ x: numbers([1, 4, 4, 4, 2], 1, -3) }),
      { filterSize: [2, 3, 2], strides: [2, 1, 2], pad: 'same' },
    ],
    [
      'Dilation2D',
      'of negative numbers',
      () => ({ x: numbers([1, 5, 4, 2], 1, -3), filter: numbers([2, 2, 2]) }),
      { strides: [1, 1], pad: 'same', dilations: [2, 1] },
    ],
    [
      'AvgPool',
      'rounded up',
      () => ({ x: numbers([1, 6, 5, 2]) }),
      { filterSize: [3, 3], strides: [2, 2], pad: 1, dimRoundingMode: 'ceil' },
    ],
    [
      '_FusedMatMul',
      'with transpose and bias',
      () => ({ a: numbers([1, 100, 3]), b: numbers([1, 100, 2]), bias: numbers([2]) }),
      { transposeA: true, transposeB: false, activation: 'linear' },
    ],
    [
      'Conv2DBackpropFilter',
      '',
      () => ({ x: numbers([3, 7, 6, 2]), dy: numbers([3, 4, 6, 4]) }),
      { ...convolution, filterShape: [3, 2, 2, 4] },
    ],
    [
      'Conv2DBackpropInput',
      '',
      () => ({ dy: numbers([3, 4, 6, 4]), filter: numbers([3, 2, 2, 4]) }),
      { ...convolution, inputShape: [3, 7, 6, 2] },
    ],
    [
      'Conv3DBackpropInputV2',
      '',
      () => ({ dy: numbers([2, 2, 3, 4, 3]), filter: numbers([2, 2, 3, 2, 3]) }),
      { strides: [2, 1, 1], pad: 'same', inputShape: [2, 4, 3, 4, 2] },
    ],
  ])('%s %s', async (kernel, _, inputs, attrs) => {
    const [got, wanted] = await bothWays(kernel, inputs, attrs);
    expect(got.shape).toEqual(wanted.shape);
    expect(relativeError(got.dataSync(), wanted.dataSync())).toBeLessThan(2e-6);
    tf.dispose([got, wanted]);
  });
});

describe('on cpu', () => {
  it('tensorScatterUpdate leaves its input alone while a loss is differentiated', async () => {
    await useBackend('cpu');
    const [tensor, updates] = [tf.tensor1d([1, 2, 3]), tf.tensor1d([9])];
    const result = tf.tidy(() =>
      withCorrections(() =>
        runKernel('TensorScatterUpdate', { tensor, indices: ints([1], [1, 1]), updates }),
      ),
    );
    expect(Array.from(result.dataSync())).toEqual([1, 9, 3]);
    expect(Array.from(tensor.dataSync())).toEqual([1, 2, 3]);
    tf.dispose([tensor, updates, result]);
  });
});

import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential, type Sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { sample, values } from './compare.js';

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

interface Net {
  name: string;
  build: () => Sequential;
  inputShape: number[];
  vocabulary?: number;
}

const nets: Net[] = [
  {
    name: 'a convolutional net',
    inputShape: [12, 12, 3],
    build: () =>
      sequential({
        layers: [
          layers.conv2d({
            filters: 8,
            kernelSize: 3,
            padding: 'same',
            activation: 'relu',
            inputShape: [12, 12, 3],
          }),
          layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
          layers.maxPooling2d({ poolSize: 2 }),
          layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, activation: 'elu' }),
          layers.flatten(),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      }),
  },
  {
    name: 'a depthwise separable net',
    inputShape: [10, 10, 4],
    build: () =>
      sequential({
        layers: [
          layers.depthwiseConv2d({
            kernelSize: 3,
            depthMultiplier: 2,
            activation: 'tanh',
            inputShape: [10, 10, 4],
          }),
          layers.conv2d({ filters: 6, kernelSize: 1, activation: 'relu' }),
          layers.averagePooling2d({ poolSize: 2 }),
          layers.flatten(),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      }),
  },
  {
    name: 'an embedding with an LSTM',
    inputShape: [6],
    vocabulary: 11,
    build: () =>
      sequential({
        layers: [
          layers.embedding({ inputDim: 11, outputDim: 5, inputLength: 6 }),
          layers.lstm({ units: 7, recurrentInitializer: 'glorotUniform' }),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      }),
  },
];

/** Batch losses of three epochs of fit from the same weights on the same data. */
async function losses(net: Net, backend: 'wasm' | 'cpu'): Promise<number[]> {
  await useBackend(backend);
  const model = net.build();
  model.setWeights(model.getWeights().map((w, i) => tf.mul(sample(w.shape, i + 1), 0.4)));
  const count = 24;
  const raw = sample([count, ...net.inputShape], 77);
  const x =
    net.vocabulary === undefined ? raw : tf.floor(tf.mul(tf.add(raw, 1), (net.vocabulary - 0.01) / 2));
  const labels = Int32Array.from(values(count, 5), (v) => Math.floor(((v + 1) / 2) * 2.99));
  const y = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 3), 'float32');
  model.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss: 'categoricalCrossentropy' });
  const result: number[] = [];
  await model.fit(x, y, {
    epochs: 3,
    batchSize: 8,
    shuffle: false,
    callbacks: { onBatchEnd: (_batch, logs) => void result.push(logs?.loss as number) },
  });
  model.dispose();
  tf.dispose([x, y]);
  return result;
}

describe('model.fit on wasm follows cpu step by step', () => {
  test.each(nets)('$name', async (net) => {
    const expected = await losses(net, 'cpu');
    const actual = await losses(net, 'wasm');
    expect(expected).toHaveLength(9);
    // Nothing trains if the loss stands still, and then nothing is compared.
    const epoch = (i: number) => expected.slice(3 * i, 3 * i + 3).reduce((sum, loss) => sum + loss);
    expect(epoch(2)).toBeLessThan(epoch(0) - 1e-3);
    // Nine steps of momentum 0.9 amplify the backends' rounding (2⁻²⁴ · terms ≈ 1e-5) by at most 1 / (1 − 0.9).
    actual.forEach((loss, i) => expect(Math.abs(loss - expected[i]!), `step ${i}`).toBeLessThan(1e-4));
  });
});

interface Exposed {
  wasm: { HEAPU8: Uint8Array };
}

const heapBytes = () => (tf.backend() as unknown as Exposed).wasm.HEAPU8.buffer.byteLength;

test('thousands of steps neither grow the heap nor leave a tensor', async () => {
  await useBackend('wasm');
  const net = nets[0] as Net;
  const model = net.build();
  const x = sample([4, ...net.inputShape], 1);
  const y = tf.oneHot(tf.tensor1d([0, 1, 2, 0], 'int32'), 3);
  const optimizer = tf.train.sgd(0.01);
  const step = () =>
    optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, model.predict(x) as tf.Tensor) as tf.Scalar);
  for (let i = 0; i < 50; i++) step();
  const [tensors, bytes] = [tf.memory().numTensors, heapBytes()];
  for (let i = 0; i < 2000; i++) step();
  expect(tf.memory().numTensors).toBe(tensors);
  expect(heapBytes()).toBe(bytes);
  model.dispose();
});

test('a heap that grows between and inside kernels is survived', async () => {
  await useBackend('wasm');
  const gradients = () => {
    const conv = (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
    return tf.tidy(() => {
      const [x, w] = [sample([2, 33, 33, 8], 1), sample([3, 3, 8, 8], 2)];
      return tf
        .grads(conv)([x, w], sample([2, 33, 33, 8], 3) as tf.Tensor4D)
        .map((t) => t.dataSync());
    });
  };
  const before = gradients();
  const bytes = heapBytes();
  const ballast: tf.Tensor[] = [];
  while (heapBytes() === bytes) ballast.push(tf.zeros([1 << 20]));
  expect(gradients()).toEqual(before);
  // Now an output that does not fit: its own allocation grows the heap inside the kernel.
  const grown = heapBytes();
  const rows = Math.ceil(grown / 4 / 64);
  const [tall, wide] = [tf.ones([rows, 2]), tf.ones([2, 64])];
  const product = tf.matMul(tall, wide);
  expect(heapBytes()).toBeGreaterThan(grown);
  const edges = tf.slice(product, [rows - 1, 0], [1, 64]).dataSync();
  expect([...edges]).toEqual(new Array(64).fill(2));
  expect(gradients()).toEqual(before);
  tf.dispose([...ballast, tall, wide, product]);
});

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { expectSame, sample } from './compare.js';

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

type Op = (x: tf.Tensor) => tf.Tensor;

/** Every op of tfjs with a gradient, at a shape of its own; arguments inside the op's domain. */
const ops: Record<string, [number[], Op]> = {
  abs: [[3, 5], (x) => tf.abs(x)],
  acos: [[3, 5], (x) => tf.acos(tf.mul(x, 0.9))],
  acosh: [[3, 5], (x) => tf.acosh(tf.add(x, 2.5))],
  add: [[3, 5], (x) => tf.add(x, sample([5], 2))],
  addN: [[3, 5], (x) => tf.addN([x, sample([3, 5], 2), x])],
  asin: [[3, 5], (x) => tf.asin(tf.mul(x, 0.9))],
  asinh: [[3, 5], (x) => tf.asinh(x)],
  atan: [[3, 5], (x) => tf.atan(x)],
  atan2: [[3, 5], (x) => tf.atan2(x, tf.add(sample([3, 5], 2), 2))],
  atanh: [[3, 5], (x) => tf.atanh(tf.mul(x, 0.9))],
  batchToSpace: [
    [4, 2, 2, 3],
    (x) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
  ],
  broadcastTo: [[1, 5], (x) => tf.broadcastTo(x, [3, 5])],
  ceil: [[3, 5], (x) => tf.ceil(x)],
  clip: [[3, 5], (x) => tf.clipByValue(x, -0.4, 0.3)],
  concat: [[3, 5], (x) => tf.concat([x, sample([2, 5], 2), x], 0)],
  cos: [[3, 5], (x) => tf.cos(x)],
  cosh: [[3, 5], (x) => tf.cosh(x)],
  cumsum: [[3, 5], (x) => tf.cumsum(x, 1, true, true)],
  dilation2d: [
    [1, 6, 6, 2],
    (x) => tf.dilation2d(x as tf.Tensor4D, sample([2, 2, 2], 3) as tf.Tensor3D, 1, 'valid'),
  ],
  div: [[3, 5], (x) => tf.div(sample([3, 5], 2), tf.add(x, 3))],
  dot: [[5], (x) => tf.dot(x, sample([5], 2))],
  elu: [[3, 5], (x) => tf.elu(x)],
  erf: [[3, 5], (x) => tf.erf(x)],
  exp: [[3, 5], (x) => tf.exp(x)],
  expandDims: [[3, 5], (x) => tf.expandDims(x, 1)],
  expm1: [[3, 5], (x) => tf.expm1(x)],
  floor: [[3, 5], (x) => tf.floor(x)],
  gather: [[4, 5], (x) => tf.gather(x, tf.tensor1d([3, 0, 3, 1], 'int32'))],
  gatherColumns: [[4, 5], (x) => tf.gather(x, tf.tensor2d([3, 0, 4, 3], [2, 2], 'int32'), 1)],
  leakyRelu: [[3, 5], (x) => tf.leakyRelu(x, 0.3)],
  localResponseNormalization: [[2, 3, 3, 6], (x) => tf.localResponseNormalization(x as tf.Tensor4D, 2)],
  log: [[3, 5], (x) => tf.log(tf.add(x, 1.5))],
  log1p: [[3, 5], (x) => tf.log1p(tf.mul(x, 0.9))],
  logSoftmax: [[3, 5], (x) => tf.logSoftmax(x)],
  logSumExp: [[3, 5], (x) => tf.logSumExp(x, 1)],
  max: [[3, 5], (x) => tf.max(x, 1)],
  maximum: [[3, 5], (x) => tf.maximum(x, sample([3, 5], 2))],
  mean: [[3, 5, 4], (x) => tf.mean(x, [0, 1])],
  min: [[3, 5], (x) => tf.min(x, 0)],
  minimum: [[3, 5], (x) => tf.minimum(x, 0.2)],
  mirrorPad: [
    [4, 5],
    (x) =>
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [0, 0],
        ],
        'reflect',
      ),
  ],
  mod: [[3, 5], (x) => tf.mod(x, tf.add(tf.abs(sample([3, 5], 2)), 0.7))],
  mul: [[3, 1], (x) => tf.mul(x, sample([3, 5], 2))],
  neg: [[3, 5], (x) => tf.neg(x)],
  pad: [
    [3, 5],
    (x) =>
      tf.pad(x, [
        [1, 0],
        [2, 3],
      ]),
  ],
  pow: [[3, 5], (x) => tf.pow(tf.add(x, 1.5), sample([3, 5], 2))],
  prelu: [[3, 5], (x) => tf.prelu(x, sample([5], 2))],
  reciprocal: [[3, 5], (x) => tf.reciprocal(tf.add(x, 2))],
  relu: [[3, 5], (x) => tf.relu(x)],
  relu6: [[3, 5], (x) => tf.relu6(tf.mul(x, 8))],
  reshape: [[3, 4], (x) => tf.reshape(x, [2, 6])],
  resizeBilinear: [[1, 3, 3, 2], (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [6, 6])],
  resizeNearest: [[1, 3, 3, 2], (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [6, 6])],
  reverse: [[3, 5], (x) => tf.reverse(x, 1)],
  round: [[3, 5], (x) => tf.round(x)],
  rsqrt: [[3, 5], (x) => tf.rsqrt(tf.add(x, 1.5))],
  selu: [[3, 5], (x) => tf.selu(x)],
  sigmoid: [[3, 5], (x) => tf.sigmoid(x)],
  sign: [[3, 5], (x) => tf.sign(x)],
  sin: [[3, 5], (x) => tf.sin(x)],
  sinh: [[3, 5], (x) => tf.sinh(x)],
  slice: [[4, 5], (x) => tf.slice(x, [1, 2], [2, 3])],
  softmax: [[3, 5], (x) => tf.softmax(x)],
  softplus: [[3, 5], (x) => tf.softplus(x)],
  spaceToBatch: [
    [1, 4, 4, 3],
    (x) =>
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
  ],
  split: [[4, 6], (x) => tf.addN(tf.split(x, 3, 1).map((part, i) => tf.mul(part, i + 1)))],
  sqrt: [[3, 5], (x) => tf.sqrt(tf.add(x, 1.5))],
  square: [[3, 5], (x) => tf.square(x)],
  squaredDifference: [[3, 5], (x) => tf.squaredDifference(x, sample([5], 2))],
  stack: [[3, 5], (x) => tf.stack([x, sample([3, 5], 2)], 1)],
  sub: [[5], (x) => tf.sub(sample([3, 5], 2), x)],
  sum: [[3, 5, 2], (x) => tf.sum(x, [0, 2])],
  tan: [[3, 5], (x) => tf.tan(x)],
  tanh: [[3, 5], (x) => tf.tanh(x)],
  tile: [[3, 5], (x) => tf.tile(x, [2, 3])],
  transpose: [[2, 3, 4, 5], (x) => tf.transpose(x, [3, 1, 0, 2])],
  unstack: [[3, 5], (x) => tf.addN(tf.unstack(x, 0).map((part, i) => tf.mul(part, i + 1)))],
  where: [[3, 5], (x) => tf.where(tf.greater(sample([3, 5], 2), 0), x, tf.square(x))],
};

describe('value and gradient on wasm agree with cpu', () => {
  // At most 30 terms a sum; asin, acosh, log and their kin pass the rounding of an argument on by less than 10.
  test.each(Object.entries(ops))('%s', async (_, [shape, op]) =>
    expectSame(() => {
      const x = sample(shape, 1);
      const y = op(x);
      return [y, tf.grad(op)(x, sample(y.shape, 9))];
    }, 300),
  );
});

test('no gradient of tfjs lacks a kernel on wasm that it has on cpu', async () => {
  await useBackend('wasm');
  const names = (backend: string) => tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);
  const own = new Set(names('wasm'));
  const missing = names('cpu').filter((name) => !own.has(name));
  // Complex numbers, text and ragged tensors, none of which carries a gradient on this backend.
  const without = ['Complex', 'ComplexAbs', 'Draw', 'FFT', 'IFFT', 'Imag', 'Real', 'StaticRegexReplace'];
  const ragged = ['RaggedGather', 'RaggedRange', 'RaggedTensorToTensor'];
  expect(missing.sort()).toEqual([...without, ...ragged].sort());
});

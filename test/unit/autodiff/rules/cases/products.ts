import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type OpCase, positive, smooth } from '../op-case.js';

const transposed = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

const matrix = (rows: number, columns: number, isTransposed: boolean): number[] =>
  isTransposed ? [columns, rows] : [rows, columns];

const normalise = (x: Tensor, ...rest: Tensor[]): Tensor => {
  const [mean, variance, scale, offset] = rest as [Tensor, Tensor, Tensor?, Tensor?];
  return tf.batchNorm(
    x as tf.Tensor4D,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    offset as tf.Tensor1D,
    scale as tf.Tensor1D,
  );
};

export const productCases: readonly OpCase[] = [
  ...transposed.flatMap(([transposeA, transposeB]): OpCase[] => [
    {
      kernel: 'BatchMatMul',
      setting: `transposed ${transposeA} ${transposeB}`,
      inputs: [smooth(...matrix(2, 3, transposeA)), smooth(...matrix(3, 4, transposeB))],
      op: (a, b) => tf.matMul(a!, b!, transposeA, transposeB),
    },
    {
      kernel: '_FusedMatMul',
      setting: `transposed ${transposeA} ${transposeB}`,
      inputs: [smooth(...matrix(2, 3, transposeA)), smooth(...matrix(3, 4, transposeB)), smooth(4)],
      op: (a, b, bias) =>
        tf.fused.matMul({ a: a! as tf.Tensor2D, b: b! as tf.Tensor2D, transposeA, transposeB, bias: bias! }),
    },
  ]),
  {
    kernel: 'BatchMatMul',
    setting: 'of stacks that broadcast',
    inputs: [smooth(2, 1, 2, 3), smooth(3, 3, 2)],
    op: (a, b) => tf.matMul(a!, b!),
    truth: (a, b) => tf.matMul(tf.tile(a!, [1, 3, 1, 1]), tf.tile(tf.expandDims(b!, 0), [2, 1, 1, 1])),
  },
  {
    kernel: 'BatchMatMul',
    setting: 'of a matrix with itself',
    inputs: [smooth(3, 3)],
    op: (a) => tf.matMul(a!, a!, true),
  },
  { kernel: 'dot', inputs: [smooth(3), smooth(3, 2)], op: (a, b) => tf.dot(a!, b!) },
  {
    kernel: 'outerProduct',
    inputs: [smooth(3), smooth(2)],
    op: (a, b) => tf.outerProduct(a! as tf.Tensor1D, b! as tf.Tensor1D),
  },
  {
    kernel: '_FusedMatMul',
    setting: 'over an inner dimension beyond 48',
    inputs: [smooth(60, 2), smooth(60, 3), smooth(3)],
    op: (a, b, bias) =>
      tf.fused.matMul({ a: a! as tf.Tensor2D, b: b! as tf.Tensor2D, transposeA: true, bias: bias! }),
  },
  ...(['ij,jk->ik', 'ij,ij->', 'bij,bj->i', 'ij,kj->ki'] as const).map((equation): OpCase => ({
    kernel: 'Einsum',
    setting: equation,
    inputs: equation
      .split('->')[0]!
      .split(',')
      .map((term) => smooth(...[...term].map((label) => 2 + ('bijk'.indexOf(label) % 3)))),
    op: (a, b) => tf.einsum(equation, a!, b!),
    backends: ['cpu'],
  })),
  {
    kernel: 'Einsum',
    setting: 'ij->j',
    inputs: [smooth(2, 3)],
    op: (a) => tf.einsum('ij->j', a!),
    backends: ['cpu'],
  },
  {
    kernel: 'FusedBatchNorm',
    inputs: [smooth(2, 2, 2, 3), smooth(3), positive(3), positive(3), smooth(3)],
    op: normalise,
  },
  {
    kernel: 'FusedBatchNorm',
    setting: 'without scale and offset',
    inputs: [smooth(2, 1, 2, 3), smooth(3), positive(3)],
    op: normalise,
  },
  {
    kernel: 'FusedBatchNorm',
    setting: 'over the second axis',
    inputs: [smooth(2, 3, 2, 2), smooth(1, 3, 1, 1), positive(1, 3, 1, 1), positive(1, 3, 1, 1)],
    op: normalise,
    truth: (x, mean, variance, scale) =>
      tf.mul(tf.div(tf.sub(x!, mean!), tf.sqrt(tf.add(variance!, 1e-3))), scale!),
  },
  {
    kernel: 'FusedBatchNorm',
    setting: 'with statistics of each example',
    inputs: [
      smooth(2, 2, 2, 3),
      smooth(2, 1, 1, 3),
      positive(2, 1, 1, 3),
      positive(1, 1, 1, 3),
      smooth(1, 1, 1, 3),
    ],
    op: normalise,
    truth: (x, mean, variance, scale, offset) =>
      tf.add(tf.mul(tf.div(tf.sub(x!, mean!), tf.sqrt(tf.add(variance!, 1e-3))), scale!), offset!),
  },
  {
    kernel: 'LRN',
    inputs: [smooth(1, 2, 1, 5)],
    op: (x) => tf.localResponseNormalization(x! as tf.Tensor4D, 1, 1, 0.7, 0.6),
  },
];

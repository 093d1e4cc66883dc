import * as tf from '@tensorflow/tfjs-core';
import { distinct, type OpCase, positive, smooth } from '../op-case.js';

export const reductionCases: readonly OpCase[] = [
  { kernel: 'Sum', setting: 'over all', inputs: [smooth(2, 3)], op: (x) => tf.sum(x!) },
  { kernel: 'Sum', setting: 'over leading axes', inputs: [smooth(2, 3, 2)], op: (x) => tf.sum(x!, [0, 1]) },
  { kernel: 'Sum', setting: 'over a middle axis', inputs: [smooth(2, 3, 2)], op: (x) => tf.sum(x!, 1, true) },
  { kernel: 'Mean', setting: 'over the last axis', inputs: [smooth(2, 3)], op: (x) => tf.mean(x!, -1) },
  { kernel: 'Mean', setting: 'over the first axis', inputs: [smooth(2, 3)], op: (x) => tf.mean(x!, 0, true) },
  { kernel: 'Max', inputs: [distinct(2, 4)], op: (x) => tf.max(x!, 1) },
  {
    kernel: 'Max',
    setting: 'over the first of three axes',
    inputs: [distinct(2, 3, 2)],
    op: (x) => tf.max(x!, 0),
  },
  { kernel: 'Min', inputs: [distinct(2, 4)], op: (x) => tf.min(x!, 0, true) },
  { kernel: 'Prod', inputs: [positive(2, 4)], op: (x) => tf.prod(x!, 1) },
  {
    kernel: 'Prod',
    setting: 'over several axes',
    inputs: [positive(2, 3, 2)],
    op: (x) => tf.prod(x!, [0, 2]),
  },
  {
    kernel: 'Prod',
    setting: 'with zeros',
    inputs: [{ shape: [2, 4], values: (i) => (i === 1 || i > 5 ? 0 : 0.5 + 0.2 * i) }],
    op: (x) => tf.prod(x!, 1),
  },
  { kernel: 'Cumsum', setting: 'along the first axis', inputs: [smooth(3, 2)], op: (x) => tf.cumsum(x!, 0) },
  {
    kernel: 'Cumsum',
    setting: 'along a middle axis, exclusive, reversed',
    inputs: [smooth(2, 3, 2)],
    op: (x) => tf.cumsum(x!, 1, true, true),
  },
  { kernel: 'Cumprod', inputs: [positive(2, 4)], op: (x) => tf.cumprod(x!, 1) },
  {
    kernel: 'Cumprod',
    setting: 'exclusive, reversed, with a zero, along the first axis',
    inputs: [{ shape: [4, 2], values: (i) => (i === 3 ? 0 : 0.4 + 0.2 * i) }],
    op: (x) => tf.cumprod(x!, 0, true, true),
  },
  { kernel: 'moments', inputs: [smooth(4, 3)], op: (x) => tf.moments(x!, 0).variance },
  { kernel: 'norm', inputs: [positive(2, 3)], op: (x) => tf.norm(x!, 'euclidean', 1) },
];

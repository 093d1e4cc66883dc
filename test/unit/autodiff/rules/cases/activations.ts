import * as tf from '@tensorflow/tfjs-core';
import { type InputSpec, type OpCase, positive, signed, smooth } from '../op-case.js';

/** Values on either side of 0 and of ±0.5, none of them close. */
const levels = (n: number): InputSpec => ({ shape: [n], values: (i) => [-0.9, -0.25, 0.25, 0.9][i % 4]! });

export const activationCases: readonly OpCase[] = [
  { kernel: 'Relu', inputs: [signed(8)], op: (x) => tf.relu(x!) },
  { kernel: 'Relu6', inputs: [levels(8)], op: (x) => tf.relu6(tf.mul(x!, 12)) },
  { kernel: 'LeakyRelu', inputs: [signed(8)], op: (x) => tf.leakyRelu(x!, 0.3) },
  { kernel: 'Elu', inputs: [signed(8)], op: (x) => tf.elu(x!) },
  {
    kernel: 'EluGrad',
    inputs: [signed(8), smooth(8)],
    op: (x, dy) => tf.grad((z: tf.Tensor) => tf.sum(tf.mul(tf.elu(z), dy!)))(x!),
  },
  { kernel: 'Selu', inputs: [signed(8)], op: (x) => tf.selu(x!) },
  { kernel: 'Prelu', inputs: [signed(2, 4), positive(4)], op: (x, alpha) => tf.prelu(x!, alpha!) },
  {
    kernel: 'Prelu',
    setting: 'alpha for the first axis',
    inputs: [signed(2, 4), positive(2, 1)],
    op: (x, alpha) => tf.prelu(x!, alpha!),
  },
  { kernel: 'ClipByValue', inputs: [levels(8)], op: (x) => tf.clipByValue(x!, -0.5, 0.5) },
  { kernel: 'Softmax', inputs: [smooth(3, 4)], op: (x) => tf.softmax(x!) },
  { kernel: 'logSoftmax', inputs: [smooth(3, 4)], op: (x) => tf.logSoftmax(x!) },
  { kernel: 'Step', setting: 'carries nothing', inputs: [signed(6)], op: (x) => tf.mul(tf.step(x!), x!) },
  {
    kernel: 'softmaxCrossEntropy',
    setting: 'of labels that are variables and do not sum to one',
    inputs: [positive(2, 3), smooth(2, 3)],
    op: (labels, logits) =>
      tf.losses.softmaxCrossEntropy(labels!, logits!, undefined, undefined, tf.Reduction.NONE),
  },
  { kernel: 'logSigmoid', inputs: [smooth(5)], op: (x) => tf.logSigmoid(x!) },
  { kernel: 'logSumExp', inputs: [smooth(2, 3)], op: (x) => tf.logSumExp(x!, 1) },
];

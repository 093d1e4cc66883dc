import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';

/** A smooth function of each entry, with its first two derivatives in double precision. */
export interface TailCase {
  readonly name: string;
  readonly f: (x: tf.Tensor) => tf.Tensor;
  readonly slope: (x: number) => number;
  readonly curvature: (x: number) => number;
}

/** Where the functions level off or become straight lines, as far as float32 has numbers for what is left. */
export const tailPoints: readonly number[] = [
  -80, -40, -20, -14, -9, -5, -2, -0.5, 0.5, 2, 5, 9, 14, 20, 40, 80,
];

const { exp, cosh, log1p, max, abs } = Math;
const sigmoid = (x: number): number => 1 / (1 + exp(-x));
/** σ′ = 1/(2 cosh(x/2))² */
const bell = (x: number): number => 1 / (2 * cosh(x / 2)) ** 2;
const bellSlope = (x: number): number => -bell(x) * Math.tanh(x / 2);
const softplus = (x: number): number => max(x, 0) + log1p(exp(-abs(x)));
const sech2 = (x: number): number => 1 / cosh(x) ** 2;
const slopeOf = (f: (x: tf.Tensor) => tf.Tensor) => (x: tf.Tensor) =>
  tf.grad((y: tf.Tensor) => tf.sum(f(y)))(x);
const activation = (name: 'swish' | 'mish') => (x: tf.Tensor) =>
  layers.activation({ activation: name }).apply(x) as tf.Tensor;

const siluSlope = (x: number): number => sigmoid(x) + x * bell(x);
const siluCurvature = (x: number): number => 2 * bell(x) + x * bellSlope(x);

export const tailCases: readonly TailCase[] = [
  { name: 'sigmoid', f: tf.sigmoid, slope: bell, curvature: bellSlope },
  { name: 'softplus', f: tf.softplus, slope: sigmoid, curvature: bell },
  { name: 'the slope of softplus', f: slopeOf(tf.softplus), slope: bell, curvature: bellSlope },
  {
    name: 'logSigmoid',
    f: tf.logSigmoid,
    slope: (x) => sigmoid(-x),
    curvature: (x) => -bell(x),
  },
  { name: 'silu', f: (x) => tf.mul(x, tf.sigmoid(x)), slope: siluSlope, curvature: siluCurvature },
  { name: 'a swish layer', f: activation('swish'), slope: siluSlope, curvature: siluCurvature },
  { name: 'tanh', f: tf.tanh, slope: sech2, curvature: (x) => -2 * Math.tanh(x) * sech2(x) },
  {
    name: 'the slope of tanh',
    f: slopeOf(tf.tanh),
    slope: (x) => -2 * Math.tanh(x) * sech2(x),
    curvature: (x) => (4 * Math.tanh(x) ** 2 - 2 * sech2(x)) * sech2(x),
  },
  {
    name: 'a mish layer',
    f: activation('mish'),
    slope: (x) => Math.tanh(softplus(x)) + x * sech2(softplus(x)) * sigmoid(x),
    curvature: (x) => {
      const [rest, s] = [sech2(softplus(x)), sigmoid(x)];
      return rest * (2 * s + x * (bell(x) - 2 * Math.tanh(softplus(x)) * s ** 2));
    },
  },
  {
    name: 'sigmoidCrossEntropy',
    f: (x) => tf.losses.sigmoidCrossEntropy(tf.zerosLike(x), x, undefined, 0, tf.Reduction.NONE),
    slope: sigmoid,
    curvature: bell,
  },
  {
    name: 'logSoftmax of two',
    f: (x) => tf.slice(tf.logSoftmax(tf.stack([x, tf.zerosLike(x)], 1)), [0, 0], [x.size, 1]),
    slope: (x) => sigmoid(-x),
    curvature: (x) => -bell(x),
  },
  {
    name: 'softmaxCrossEntropy of two',
    f: (x) => {
      const labels = tf.oneHot(tf.zeros([x.size], 'int32'), 2);
      const logits = tf.stack([x, tf.zerosLike(x)], 1);
      return tf.losses.softmaxCrossEntropy(labels, logits, undefined, 0, tf.Reduction.NONE);
    },
    slope: (x) => -sigmoid(-x),
    curvature: bell,
  },
];

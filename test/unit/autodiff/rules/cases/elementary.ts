import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { between, type InputSpec, type OpCase, positive, signed, smooth } from '../op-case.js';

const unary = (kernel: string, op: (x: Tensor) => Tensor, input: InputSpec = smooth(5)): OpCase => ({
  kernel,
  inputs: [input],
  op: (x) => op(x!),
});

export const elementaryCases: readonly OpCase[] = [
  unary('Abs', tf.abs, signed(6)),
  unary('Acos', tf.acos, between(-0.6, 0.6, 5)),
  unary('Acosh', tf.acosh, between(2, 3, 5)),
  unary('Asin', tf.asin, between(-0.6, 0.6, 5)),
  unary('Asinh', tf.asinh),
  unary('Atan', tf.atan),
  unary('Atanh', tf.atanh, between(-0.5, 0.5, 5)),
  unary('Cos', tf.cos),
  unary('Cosh', tf.cosh),
  unary('Erf', tf.erf),
  unary('Exp', tf.exp),
  unary('Expm1', tf.expm1),
  unary('Identity', tf.clone),
  unary('Log', tf.log, positive(5)),
  unary('Log1p', tf.log1p, positive(5)),
  unary('Neg', tf.neg),
  unary('Reciprocal', tf.reciprocal, between(0.8, 1.6, 5)),
  unary('Rsqrt', tf.rsqrt, between(0.8, 1.6, 5)),
  unary('Sigmoid', tf.sigmoid),
  unary('Sin', tf.sin),
  unary('Sinh', tf.sinh),
  unary('Softplus', tf.softplus),
  unary('Sqrt', tf.sqrt, positive(5)),
  unary('Square', tf.square),
  unary('Tan', tf.tan, between(-0.7, 0.7, 5)),
  unary('Tanh', tf.tanh),
];

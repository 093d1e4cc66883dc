// tf.grad, tf.grads, tf.valueAndGrad and tf.variableGrads on the tape of this package, as its users register it.
import * as tf from '@tensorflow/tfjs-core';
import { registerExactGradients } from '../../src/autodiff/transforms/exact-gradients';
import type { EngineMethods } from './engine-hooks';
import { countUse } from './engine-hooks';

registerExactGradients();
const engine = tf.engine() as unknown as EngineMethods;
const { gradients } = engine;
engine.gradients = (f, xs, dy, allowNoGradients) => {
  countUse('tape');
  return gradients.call(engine, f, xs, dy, allowNoGradients);
};

// `engine.gradients`, and with it tf.grad, tf.grads, tf.valueAndGrad and tf.variableGrads, on the tape of this package.
import * as tf from '@tensorflow/tfjs-core';
import { Recorder } from '../../src/autodiff/recorder';
import { countUse, engineMethods } from './engine-hooks';

engineMethods.gradients = (f, xs, dy, allowNoGradients = false) => {
  // The engine checks its arguments, as the public functions of this package check theirs.
  tf.util.assert(xs.length > 0, () => 'gradients() received an empty list of xs.');
  if (dy != null && dy.dtype !== 'float32') {
    throw new Error(`dy must have 'float32' dtype, but has '${dy.dtype}'`);
  }
  const value = (): tf.Tensor => {
    const y = f();
    tf.util.assert(y instanceof tf.Tensor, () => 'The result y returned by f() must be a tensor.');
    return y;
  };
  countUse('tape');
  const recorder = new Recorder();
  try {
    let result: ReturnType<typeof recorder.gradients> | undefined;
    recorder.record(xs, () => {
      result = recorder.gradients(value, xs, dy, allowNoGradients);
    });
    return result!;
  } finally {
    recorder.dispose();
  }
};

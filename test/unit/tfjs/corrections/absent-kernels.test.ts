import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { linearize } from '../../../../src/autodiff/linearize.js';
import { useBackend } from '../../../wasm-backend.js';

/** Kernels that TensorFlow.js names but that only backends unknown here register: lent to cpu for a test. */
function lend(kernelName: string, compute: (x: Tensor) => Tensor): void {
  tf.registerKernel({
    kernelName,
    backendName: 'cpu',
    kernelFunc: ({ inputs }) => tf.tidy(() => compute((inputs.x ?? inputs.logits) as Tensor)),
  });
}

function productOf(loss: () => tf.Scalar, x: Variable, v: number[]): number[] {
  const direction = tf.tensor1d(v);
  const linearization = linearize(loss, [x]);
  const product = linearization.hvp(direction);
  const values = Array.from(product.dataSync());
  linearization.dispose();
  tf.dispose([direction, product]);
  return values;
}

/** The product of Σ y³ for the kernel's y and for the same function of other ops. */
function bothProducts(kernelName: string, input: string, attrs: object, truth: (x: Tensor) => Tensor) {
  const initial = tf.tensor2d([0.3, -0.4, 0.9], [1, 3]);
  const x = tf.variable(initial);
  const cubed = (y: Tensor): tf.Scalar => tf.sum(tf.pow(y, 3));
  const v = [1, -2, 0.5];
  const byKernel = productOf(
    () => cubed(tf.engine().runKernel(kernelName, { [input]: x }, attrs as tf.NamedAttrMap)),
    x,
    v,
  );
  const byOps = productOf(() => cubed(truth(x)), x, v);
  tf.dispose([initial, x]);
  return { byKernel, byOps };
}

function expectSame({ byKernel, byOps }: { byKernel: number[]; byOps: number[] }): void {
  byOps.forEach((value, i) => expect(byKernel[i]).toBeCloseTo(value, 4));
}

describe('rules of kernels that no backend here has', () => {
  beforeAll(() => useBackend('cpu'));
  afterEach(() => {
    for (const kernelName of ['BroadcastTo', 'LogSoftmax']) {
      if (tf.getKernel(kernelName, 'cpu') != null) tf.unregisterKernel(kernelName, 'cpu');
    }
  });

  it('BroadcastTo', () => {
    const repeat = (x: Tensor): Tensor => tf.tile(x, [4, 1]);
    lend('BroadcastTo', repeat);
    expectSame(bothProducts('BroadcastTo', 'x', { shape: [4, 3], inputShape: [1, 3] }, repeat));
  });

  it('LogSoftmax', () => {
    const logSoftmax = (x: Tensor): Tensor => tf.log(tf.softmax(x));
    lend('LogSoftmax', logSoftmax);
    expectSame(bothProducts('LogSoftmax', 'logits', { axis: -1 }, logSoftmax));
  });
});

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { NSGD } from '../../../src/optimizers/nsgd.js';
import { SeededRandom } from '../../../src/random.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

/*
 * Σ softmax is 1: gradient and Hessian are zero, and what is left of them is rounding of the loss, which a search
 * within a step cannot measure, for it calls the loss once.
 */
const constants: readonly (readonly [string, (w: tf.Tensor) => tf.Tensor, n: number, seed: number])[] = [
  ['softmax(w)', (w) => tf.softmax(w), 12, 3],
  ['softmax(6w)', (w) => tf.softmax(tf.mul(6, w)), 12, 3],
  ['softmax(w + Σw), n = 300', (w) => tf.softmax(tf.add(w, tf.sum(w))), 300, 1],
  ['softmax(w + Σw), n = 300, another', (w) => tf.softmax(tf.add(w, tf.sum(w))), 300, 2],
  ['softmax(w + Σw), n = 1000', (w) => tf.softmax(tf.add(w, tf.sum(w))), 1000, 3],
];

describe.each(['cpu', 'wasm'] as const)('a loss that is constant but for rounding, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(constants)('Σ %s: steps do not throw, and leave nothing', (_, f, n, seed) => {
    const random = new SeededRandom(seed);
    const tensors = tf.memory().numTensors;
    const w = variableOf(Array.from({ length: n }, () => random.normal()));
    const before = w.dataSync().slice();
    const optimizer = new NSGD({ learningRate: 1, gamma: 0.1, k: 3, refreshEvery: 1 });
    for (let i = 0; i < 4; i++) {
      optimizer.minimize(() => tf.tidy(() => tf.sum(f(w)) as tf.Scalar), false, [w]);
    }
    w.dataSync().forEach((value, i) => expect(value).toBeCloseTo(before[i]!, 3));
    optimizer.dispose();
    w.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('keeps the directions it has, and says asymmetric, where products contradict each other', () => {
    const w = variableOf([1, 2, 3]);
    // The "gradient" (x₂, x₃, 0) has the derivative of a shift, which no Hessian is.
    const shift = tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([x as tf.Tensor]);
      const gradFunc = (dy: tf.Tensor, [saved]: tf.Tensor[]): tf.Tensor =>
        tf.mul(dy, tf.concat([tf.slice(saved!, [1], [2]), tf.zeros([1])]));
      return { value: tf.sum(x as tf.Tensor), gradFunc: gradFunc as never };
    });
    let isRight = true;
    const loss = (): tf.Scalar =>
      tf.tidy(() => (isRight ? tf.sum(tf.mul([3, 2, 1], tf.square(w))) : shift(w)) as tf.Scalar);
    const optimizer = new NSGD({ learningRate: 0, gamma: 0.1, k: 1, refreshEvery: 1 });
    optimizer.minimize(loss, false, [w]);
    expect(optimizer.status).toBe('converged');
    isRight = false;
    optimizer.minimize(loss, false, [w]);
    expect(optimizer.status).toBe('asymmetric');
    expect(optimizer.eigenvalues![0]).toBeCloseTo(6, 2);
    optimizer.dispose();
    w.dispose();
  });
});

import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { curvatureMonitor, lossObjective } from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

it('a monitor that is disposed while it measures finishes, keeps nothing and measures again', async () => {
  await useBackend('cpu');
  const w = tf.variable(tf.tensor1d([1, 2, 3]));
  const objective = lossObjective(() => tf.sum(tf.mul(tf.square(w), tf.tensor1d([1, 2, 3]))), [w]);
  const { numTensors, numBytes } = tf.memory();
  const monitor = curvatureMonitor(objective, { k: 2, metrics: ['sharpness', 'distance', 'trace'] });
  for (let turns = 0; turns < 12; turns++) {
    const measurement = monitor.measure();
    for (let i = 0; i < turns; i++) await Promise.resolve();
    monitor.dispose();
    // The Hessian is diag(2, 4, 6).
    expect((await measurement).sharpness).toBeCloseTo(6, 4);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
  }
  w.dispose();
});

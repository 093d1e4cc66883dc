import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { DirectedOptimizer } from '../../../src/optimizers/directed-optimizer.js';
import { resolveOptions } from '../../../src/optimizers/nsgd-options.js';
import { useBackend } from '../../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

/** Steps of length 1 up the sharpest direction, as one does who looks for the way out of a minimum. */
class Climber extends DirectedOptimizer {
  static className = 'Climber';
  readonly wantsDirections = true;

  constructor() {
    super(resolveOptions({ learningRate: 1, k: 1, refreshEvery: 1 }));
  }

  override applyGradients(): void {
    this.requireLive('applyGradients');
    const [variable] = this.variables!;
    tf.tidy(() => variable!.assign(tf.add(variable!, tf.reshape(this.directions!, variable!.shape))));
    this.incrementIterations();
  }

  getConfig(): tf.serialization.ConfigDict {
    return {};
  }
}

it('another optimizer finds the directions of the loss it is handed, and errors go by its name', () => {
  const before = tf.memory().numTensors;
  const w = tf.tidy(() => tf.variable(tf.tensor1d([0.1, 0.2, 0.3])));
  const optimizer = new Climber();
  // ∇² Σ c w² / 2 is the diagonal of c: the second axis is the sharpest.
  const loss = (): tf.Scalar => tf.tidy(() => tf.sum(tf.mul(tf.square(w), [0.5, 4, 1])));
  optimizer.minimize(loss, false, [w]);
  expect(optimizer.eigenvalues![0]).toBeCloseTo(8, 4);
  const [x, y, z] = w.dataSync();
  expect([x, Math.abs(y! - 0.2), z]).toEqual([0.1, 1, 0.3].map((value) => expect.closeTo(value, 4)));
  const rows = tf.tensor2d([[1, 1, 1]]);
  expect(() => optimizer.setDirections(rows)).toThrow(/^Climber\.setDirections/);
  expect(() => optimizer.minimize(3 as never)).toThrow(/^Climber\.minimize/);
  optimizer.dispose();
  expect(() => optimizer.minimize(loss, false, [w])).toThrow(/^Climber\.minimize/);
  tf.dispose([w, rows]);
  expect(tf.memory().numTensors).toBe(before);
});

import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { HessianOperator, linearize, lossObjective, NSGD } from '../../../src/index.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

let w: tf.Variable;
let tensors: number;

beforeEach(() => {
  tensors = tf.memory().numTensors;
  w = variableOf(2);
});

afterEach(() => {
  expect(w.isDisposed).toBe(false);
  w.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

const itself = (): Scalar => w as tf.Tensor as Scalar;

it('is read by linearize and HessianOperator, and lives on', () => {
  for (const f of [itself, () => tf.reshape(w, []) as Scalar]) {
    const at = linearize(f, [w]);
    expect([at.loss.dataSync()[0], at.gradient.dataSync()[0]]).toEqual([2, 1]);
    at.dispose();
    const hessian = new HessianOperator(lossObjective(f, [w]));
    expect(hessian.loss()).toBe(2);
    hessian.dispose();
  }
});

it('is not taken from who holds the value of a loss', () => {
  let held: Scalar | null = null;
  const at = linearize(() => (held = tf.keep(tf.square(w) as Scalar)), [w]);
  at.dispose();
  expect(held!.dataSync()[0]).toBe(4);
  tf.dispose(held!);
});

it.each([0.1, 1])('is stepped down by NSGD with γ = %d, and its cost is that before the step', (gamma) => {
  const optimizer = new NSGD({ learningRate: 0.5, k: 1, gamma, refreshEvery: 1 });
  const cost = optimizer.minimize(itself, true, [w])!;
  expect(cost.dataSync()[0]).toBe(2);
  cost.dispose();
  // One parameter: all of the step lies along the direction.
  expect(w.dataSync()[0]).toBeCloseTo(2 - 0.5 * gamma, 6);
  optimizer.minimize(itself, false, [w]);
  expect(w.dataSync()[0]).toBeCloseTo(2 - gamma, 6);
  optimizer.dispose();
});

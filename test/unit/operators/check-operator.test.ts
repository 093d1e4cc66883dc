import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lossObjective } from '../../../src/objectives/objective.js';
import { checkOperator } from '../../../src/operators/check-operator.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

let tensors: number;

beforeEach(async () => {
  await useBackend('cpu');
  tensors = tf.memory().numTensors;
});

afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

it('passes a Hessian that is right', async () => {
  const w = variableOf([0.5, -1, 2]);
  const operator = new HessianOperator(lossObjective(() => tf.tidy(() => tf.sum(tf.exp(tf.mul(w, w)))), [w]));
  const report = await checkOperator(operator);
  expect(report.findings).toEqual([]);
  expect(report.passed).toBe(true);
  operator.dispose();
  w.dispose();
});

it('finds a matrix that is not symmetric', async () => {
  const matrix = tf.tensor2d([
    [1, 2],
    [0, 1],
  ]);
  const operator = matrixOperator(matrix);
  const report = await checkOperator(operator);
  expect(report.passed).toBe(false);
  expect(report.findings.join()).toMatch(/not symmetric/);
  expect(report.centralDifference).toBeNull();
  operator.dispose();
  matrix.dispose();
});

it('finds a loss that changes from one evaluation to the next, and says what changes', async () => {
  const w = variableOf([1, 2]);
  let evaluations = 0;
  const loss = (): tf.Scalar => tf.tidy(() => tf.mul(tf.sum(tf.pow(w, 3)), ++evaluations));
  const operator = new HessianOperator(lossObjective(loss, [w]));
  const { findings } = await checkOperator(operator);
  for (const what of ['loss', 'gradient', 'product']) {
    expect(findings.join()).toMatch(new RegExp(`the ${what} changes`));
  }
  operator.dispose();
  w.dispose();
});

it('finds a custom gradient that is not the derivative of its function', async () => {
  const w = variableOf([1, 2]);
  // Claims the gradient (w₂, 0), whose derivative is not symmetric.
  const claimed = tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([x as tf.Tensor]);
    const gradFunc = (dy: tf.Tensor, [saved]: tf.Tensor[]): tf.Tensor =>
      tf.mul(dy, tf.pad(tf.slice(saved!, [1], [1]), [[0, 1]]));
    return { value: tf.sum(x as tf.Tensor), gradFunc };
  });
  const operator = new HessianOperator(lossObjective(() => tf.tidy(() => claimed(w)), [w]));
  const { findings } = await checkOperator(operator);
  expect(findings.join()).toMatch(/not symmetric/);
  operator.dispose();
  w.dispose();
});

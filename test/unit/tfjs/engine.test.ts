import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, it } from 'vitest';
import { linearize } from '../../../src/autodiff/linearize.js';
import { CurvatureArgumentError } from '../../../src/errors.js';
import type { Variable } from '@tensorflow/tfjs-core';

// This file imports no backend, so that there is none at first.
const unmade = {} as Variable;
const square = (w: Variable) => (): tf.Scalar => tf.tidy(() => tf.sum(tf.square(w)));

const sumGradient = tf.getGradient('Sum');

afterEach(() => {
  if (tf.getGradient('Sum') == null) tf.registerGradient(sumGradient);
});

it('says what to import where there is no backend', () => {
  const call = (): unknown => linearize(() => tf.scalar(0), [unmade]);
  expect(call).toThrow(CurvatureArgumentError);
  expect(call).toThrow(
    /linearize: expected a ready TensorFlow.js backend \(import '@tensorflow\/tfjs-backend-wasm'/,
  );
});

it('says what to import where gradients are not registered', async () => {
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
  const initial = tf.tensor1d([1, 2]);
  const w = tf.variable(initial);
  tf.unregisterGradient('Sum');
  expect(() => linearize(square(w), [w])).toThrow(
    /gradients to be registered \(import '@tensorflow\/tfjs-layers'/,
  );
  tf.registerGradient(sumGradient);
  const linearization = linearize(square(w), [w]);
  linearization.dispose();
  tf.dispose([initial, w]);
  expect(tf.memory().numTensors).toBe(0);
});

it('gives the engine back as it was, also when the loss throws', async () => {
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
  const initial = tf.tensor1d([1, 2]);
  const w = tf.variable(initial);
  const own = Object.keys(tf.engine());
  const throwing = (): tf.Scalar => {
    tf.square(w);
    throw new Error('the loss broke');
  };
  expect(() => linearize(throwing, [w])).toThrow('the loss broke');
  expect(Object.keys(tf.engine())).toEqual(own);
  const { grads, value } = tf.variableGrads(square(w), [w]);
  expect(Array.from(grads[w.name]!.dataSync())).toEqual([2, 4]);
  tf.dispose([initial, w, grads, value]);
  expect(tf.memory().numTensors).toBe(0);
});

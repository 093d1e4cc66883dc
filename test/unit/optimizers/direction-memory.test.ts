import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { lossObjective } from '../../../src/objectives/objective.js';
import { refreshDirections } from '../../../src/callbacks/refresh-directions.js';
import { NSGD } from '../../../src/optimizers/nsgd.js';
import type { NSGDOptions } from '../../../src/optimizers/nsgd-options.js';
import { useBackend } from '../../wasm-backend.js';
import { makeVariables, randomRows, readAll, smallNet } from './training-problems.js';

beforeAll(() => useBackend('cpu'));

const problem = smallNet();
const n = problem.start.length;
const k = 2;
const bytesPerNumber = 4;

/** How many floats an optimizer holds on the device, beside the variables, after it has been used. */
async function train(
  options: Partial<NSGDOptions>,
  use: (optimizer: NSGD, step: () => void, variables: tf.Variable[]) => void | Promise<void>,
): Promise<number> {
  const variables = makeVariables(problem);
  const loss = (): tf.Scalar => problem.loss(variables);
  const { numBytes } = tf.memory();
  const optimizer = new NSGD({ learningRate: 0.01, k, ...options });
  await use(optimizer, () => void optimizer.minimize(loss, false, variables), variables);
  const floats = (tf.memory().numBytes - numBytes) / bytesPerNumber;
  optimizer.dispose();
  expect(tf.memory().numBytes).toBe(numBytes);
  tf.dispose(variables);
  return floats;
}

it.each<[string, Partial<NSGDOptions>]>([
  ['found anew', { refreshEvery: 2 }],
  ['followed', { refreshEvery: 100, trackEvery: 1 }],
])('directions that are %s are held once: K·n floats', async (_, options) => {
  const floats = await train(options, (_, step) => {
    for (let i = 0; i < 6; i++) step();
  });
  expect(floats).toBe(k * n);
});

it('directions that stay where a search came to nothing are held once', async () => {
  const floats = await train({ refreshEvery: 1 }, (optimizer, step, variables) => {
    step();
    tf.tidy(() => variables[0]!.assign(tf.fill(variables[0]!.shape, NaN)));
    step();
    expect(optimizer.status).toBe('nonFinite');
  });
  expect(floats).toBe(k * n);
});

it('directions of refreshDirections are held once', async () => {
  const floats = await train({ refreshEvery: 0 }, async (optimizer, step, variables) => {
    const objective = lossObjective(() => problem.loss(variables), variables);
    const hooks = refreshDirections(optimizer, objective);
    for (let epoch = 0; epoch < 3; epoch++) {
      await hooks.onEpochBegin(epoch);
      step();
    }
  });
  expect(floats).toBe(k * n);
});

it('directions that have been saved are held once, from the next step on', async () => {
  const floats = await train({ refreshEvery: 3 }, async (optimizer, step) => {
    step();
    const weights = await optimizer.getWeights();
    expect(weights.every(({ tensor }) => !tensor.isDisposed)).toBe(true);
    step();
  });
  expect(floats).toBe(k * n);
});

it('V as a whole is held besides for who asks for it, until the directions are replaced', async () => {
  // Searches are due at steps 0, 2, 4 and 8.
  const floats = await train({ refreshEvery: 16 }, (optimizer, step) => {
    step();
    const { directions } = optimizer;
    expect(optimizer.directions).toBe(directions);
    step();
    expect(optimizer.directions).toBe(directions);
    expect(directions!.isDisposed).toBe(false);
    step();
    expect(directions!.isDisposed).toBe(true);
  });
  expect(floats).toBe(k * n);
});

it('directions given between steps serve the next one, whoever computes the gradients', () => {
  const variables = makeVariables(problem);
  const rows = tf.tensor2d(randomRows(k, n, 3));
  const gradients = variables.map((variable) => ({
    name: variable.name,
    tensor: tf.onesLike(variable) as tf.Tensor,
  }));
  const optimizer = new NSGD({ learningRate: 1, k, gamma: 0, refreshEvery: 0 });
  optimizer.applyGradients(gradients);
  optimizer.setDirections(rows);
  const before = readAll(variables);
  optimizer.applyGradients(gradients);
  const after = readAll(variables);
  const update = tf.tensor1d(after.map((value, i) => value - before[i]!));
  // The rows are unit vectors and the update of length √n; float32 differences of weights of size 1.
  const along = tf.tidy(() => tf.max(tf.abs(tf.dot(rows, update))).arraySync());
  expect(along).toBeLessThan(1e-5);
  tf.dispose([rows, update, ...variables, ...gradients.map(({ tensor }) => tensor)]);
  optimizer.dispose();
});

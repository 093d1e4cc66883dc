import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { NSGD } from '../../src/optimizers/nsgd.js';
import type { NSGDOptions } from '../../src/optimizers/nsgd-options.js';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { relativeError } from '../golden-case.js';
import { referenceTrajectory } from '../unit/optimizers/reference-nsgd.js';
import { makeVariables, randomRows, readAll, smallNet } from '../unit/optimizers/training-problems.js';
import { useBackend } from '../wasm-backend.js';

const problem = smallNet(4);
const directions = randomRows(3, problem.start.length, 9);
const steps = 30;

/** The final weights. Nothing stays on the device, in the engine or the backend. */
function train(optimizer: tf.Optimizer): number[] {
  const ids = tf.backend().numDataIds();
  const variables = makeVariables(problem);
  for (let step = 0; step < steps; step++) {
    const before = tf.memory().numTensors;
    optimizer.minimize(() => problem.loss(variables), false, variables);
    if (step > 0) expect(tf.memory().numTensors).toBe(before);
  }
  const weights = readAll(variables);
  tf.dispose(variables);
  optimizer.dispose();
  expect(tf.backend().numDataIds()).toBeLessThanOrEqual(ids);
  return weights;
}

function trainNudged(options: Omit<NSGDOptions, 'learningRate'>): number[] {
  const optimizer = new NSGD({ learningRate: 0.05, refreshEvery: 0, ...options });
  tf.tidy(() => optimizer.setDirections(tf.tensor2d(directions)));
  return train(optimizer);
}

describe("a step of NSGD by the backend's own kernels", () => {
  beforeAll(async () => {
    await useBackend('wasm');
    return await registerWasmTrainingKernels();
  });

  it.each(['update', 'gradient', 'both'] as const)(
    'is that of double precision: %s, with and without momentum',
    (correction) => {
      for (const gamma of [0, 0.1, 2]) {
        for (const [momentum, useNesterov] of [
          [0, false],
          [0.9, false],
          [0.9, true],
        ] as const) {
          for (const others of [{}, { decay: 0.1, weightDecay: 0.3, clipNorm: 0.5, clipValue: 0.1 }]) {
            const got = trainNudged({ gamma, momentum, useNesterov, correction, ...others });
            const settings = {
              eta: 0.05,
              gamma,
              mu: momentum,
              nesterov: useNesterov,
              correction,
              directions,
            };
            const want = referenceTrajectory(problem.start, problem.gradient, steps, {
              ...settings,
              ...others,
            });
            // Float32 against double: 30 steps of rounding at 6e-8 each, amplified where γ = 2 overshoots.
            expect(relativeError(got, want)).toBeLessThan(1e-5);
          }
        }
      }
    },
  );

  it.each([
    ['tf.train.sgd', {}, () => tf.train.sgd(0.05)],
    ['tf.train.momentum', { momentum: 0.9 }, () => tf.train.momentum(0.05, 0.9)],
    ['Nesterov', { momentum: 0.9, useNesterov: true }, () => tf.train.momentum(0.05, 0.9, true)],
  ] as const)('at γ = 1 is that of %s, bit for bit', (_, options, make) => {
    expect(trainNudged({ ...options, gamma: 1 })).toEqual(train(make()));
  });

  it('runs two kernels, for however many variables', async () => {
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.05, refreshEvery: 0, weightDecay: 0.1 });
    tf.tidy(() => optimizer.setDirections(tf.tensor2d(directions)));
    const { grads } = optimizer.computeGradients(() => problem.loss(variables), variables);
    optimizer.applyGradients(grads);
    const { kernels } = await tf.profile(() => optimizer.applyGradients(grads) as never);
    expect(kernels.map(({ name }) => name)).toEqual(['tfjs-curvature/BlockDots', 'tfjs-curvature/BlockSums']);
    optimizer.dispose();
    tf.dispose([variables, grads]);
  });

  it('leaves what a constraint allows', () => {
    const variable = tf.variable(tf.tensor1d([1, -1, 0.5]), true, 'nsgd-step/w');
    const optimizer = new NSGD({ learningRate: 0.5, k: 1, gamma: 0, refreshEvery: 0 });
    optimizer.constrain({
      weights: [{ name: variable.name, constraint: { apply: (weight: tf.Tensor) => tf.relu(weight) } }],
    } as never);
    tf.tidy(() => optimizer.setDirections(tf.tensor2d([[1, 0, 0]])));
    const before = tf.memory().numTensors;
    optimizer.minimize(() => tf.sum(tf.mul(variable, [2, 2, 2])), false, [variable]);
    expect(Array.from(variable.dataSync())).toEqual([1, 0, 0]);
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 1);
    optimizer.dispose();
    variable.dispose();
  });

  it('changes no tensor that shares its numbers with a variable', () => {
    const variable = tf.variable(tf.tensor1d([1, 2]), true, 'nsgd-step/shared');
    const optimizer = new NSGD({ learningRate: 0.5, k: 1, gamma: 0.5, refreshEvery: 0 });
    tf.tidy(() => optimizer.setDirections(tf.tensor2d([[1, 0]])));
    const copy = tf.clone(variable);
    optimizer.minimize(() => tf.sum(variable), false, [variable]);
    expect(Array.from(copy.dataSync())).toEqual([1, 2]);
    expect(Array.from(variable.dataSync())).toEqual([0.75, 1.5]);
    optimizer.dispose();
    tf.dispose([variable, copy]);
  });
});

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  distanceToModes,
  eightGaussians,
  modes,
  modesReached,
  SeededSampler,
} from '../../examples/gradient-penalty/samples.js';
import { Wgan } from '../../examples/gradient-penalty/wgan.js';
import { compareWithSolution, poissonProblem, relativeError } from '../../examples/pinn/poisson.js';
import { train } from '../../examples/pinn/train.js';
import { linearize, registerExactGradients } from '../../src/index.js';

let unregister: () => void;

beforeAll(async () => {
  await tf.setBackend('cpu');
  unregister = registerExactGradients();
});

afterAll(() => unregister());

/** (L(θ + h d) − L(θ − h d)) / 2h along the unit vector of equal entries d. */
function slopeByDifferences(loss: () => tf.Scalar, variables: readonly Variable[], h: number): number {
  const n = variables.reduce((sum, { size }) => sum + size, 0);
  const move = (length: number): void => {
    for (const variable of variables) {
      tf.tidy(() => variable.assign(tf.add(variable, length / Math.sqrt(n))));
    }
  };
  const value = (): number => tf.tidy(() => loss().dataSync()[0]!);
  move(h);
  const after = value();
  move(-2 * h);
  const before = value();
  move(h);
  return (after - before) / (2 * h);
}

function slopeByGradient(loss: () => tf.Scalar, variables: Variable[]): number {
  return tf.tidy(() => {
    const linearization = linearize(loss, variables);
    const slope = tf.sum(linearization.gradient).dataSync()[0]! / Math.sqrt(linearization.gradient.size);
    linearization.dispose();
    return slope;
  });
}

describe('the physics-informed net', () => {
  it('has the gradient that central differences give', () => {
    const problem = poissonProblem(16, 8, 1);
    const slope = slopeByGradient(problem.loss, problem.variables);
    // Differences of a loss of some 50 in float32, step 1e-2: a relative error of h² and 50 · 2^-24 / h each.
    expect(slope).toBeCloseTo(slopeByDifferences(problem.loss, problem.variables, 1e-2), 1);
    problem.dispose();
  });

  it('comes near the solution by Adam', async () => {
    const tensors = tf.memory().numTensors;
    const problem = poissonProblem(16, 8, 1);
    const adam = tf.train.adam(0.02);
    const { steps, losses } = await train(problem, adam, 150, 50);
    expect(steps).toEqual([0, 50, 100, 150]);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 20);
    expect(relativeError(compareWithSolution(problem.net))).toBeLessThan(0.2);
    problem.dispose();
    adam.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

describe('the GAN with gradient penalty', () => {
  const settings = { units: 8, batchSize: 16, criticSteps: 2, penalty: 1, seed: 1 };

  it('has the gradient that central differences give', () => {
    const wgan = new Wgan(settings);
    const sampler = new SeededSampler(5);
    const real = eightGaussians(sampler, 16);
    const fake = wgan.sample(16);
    const share = sampler.uniform([16, 1]);
    const variables = wgan.critic.trainableWeights.map((weight) => weight.read() as Variable);
    const loss = () => wgan.criticLoss(real, fake, share);
    // A loss of size 1 in float32: the differences have a relative error of h² and 2^-24 / h.
    expect(slopeByGradient(loss, variables)).toBeCloseTo(slopeByDifferences(loss, variables, 1e-2), 3);
    wgan.dispose();
  });

  it('moves the samples towards the modes and loses no tensor', () => {
    const wgan = new Wgan({ ...settings, units: 16, batchSize: 64 });
    const critic = tf.train.adam(5e-3, 0.5, 0.9);
    const generator = tf.train.adam(5e-3, 0.5, 0.9);
    const distance = (): number => tf.tidy(() => distanceToModes((wgan.sample(200) as Tensor2D).arraySync()));
    const before = distance();
    wgan.step(critic, generator);
    const tensors = tf.memory().numTensors;
    for (let i = 0; i < 60; i++) wgan.step(critic, generator);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(distance()).toBeLessThan(0.8 * before);
    wgan.dispose();
  });

  it('measures distances from the nearest mode', () => {
    expect(
      distanceToModes([
        [2.3, 0],
        [0, 2.1],
      ]),
    ).toBeCloseTo(0.2, 12);
    expect(
      modesReached([
        [2.1, 0],
        [0, 2.5],
      ]),
    ).toBe(1);
    expect(modesReached(modes)).toBe(8);
  });
});

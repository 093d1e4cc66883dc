import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { NSGD } from '../../../src/optimizers/nsgd.js';
import type { NSGDOptions } from '../../../src/optimizers/nsgd-options.js';
import type { Schedule } from '../../../src/optimizers/schedule.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';
import type { ReferenceSettings } from './reference-nsgd.js';
import { referenceTrajectory } from './reference-nsgd.js';
import type { TrainingProblem } from './training-problems.js';
import { makeVariables, quadratic, randomRows, readAll, smallNet } from './training-problems.js';

beforeAll(() => useBackend('cpu'));

/** Trains and returns the final weights, having checked that nothing stays on the device. */
function trajectory(
  problem: TrainingProblem,
  optimizer: tf.Optimizer,
  steps: number,
  prepare: (variables: tf.Variable[]) => void = () => undefined,
): number[] {
  const variables = makeVariables(problem);
  prepare(variables);
  for (let step = 0; step < steps; step++)
    optimizer.minimize(() => problem.loss(variables), false, variables);
  const weights = readAll(variables);
  tf.dispose(variables);
  return weights;
}

function nudgedTrajectory(
  problem: TrainingProblem,
  options: NSGDOptions,
  directions: readonly (readonly number[])[] | null,
  steps: number,
): number[] {
  const optimizer = new NSGD({ refreshEvery: 0, ...options });
  const weights = trajectory(problem, optimizer, steps, () => {
    if (directions == null) return;
    tf.tidy(() => optimizer.setDirections(tf.tensor2d(directions as number[][])));
  });
  optimizer.dispose();
  return weights;
}

const problems = { quadratic: quadratic([5, 3, 2, 1, 0.5, 0.2, 0.1, 0.1, 0.05, -0.01]), net: smallNet() };

describe.each(Object.entries(problems))('50 steps on the %s', (_, problem) => {
  const steps = 50;
  const directions = randomRows(3, problem.start.length, 9);
  const base: ReferenceSettings = {
    eta: 0.05,
    gamma: 0.1,
    mu: 0,
    nesterov: false,
    correction: 'update',
    directions,
  };

  function compare(changes: Partial<ReferenceSettings>): void {
    const settings = { ...base, ...changes };
    const { eta, gamma, mu, nesterov, directions: rows, ...others } = settings;
    const before = tf.memory().numTensors;
    const got = nudgedTrajectory(
      problem,
      { learningRate: eta, gamma, momentum: mu, useNesterov: nesterov, ...others },
      rows,
      steps,
    );
    expect(tf.memory().numTensors).toBe(before);
    const want = referenceTrajectory(problem.start, problem.gradient, steps, settings);
    // Float32 against double: 50 steps of rounding at 6e-8 each, amplified where γ = 5 overshoots.
    expect(relativeError(got, want)).toBeLessThan(1e-5);
  }

  describe.each(['update', 'gradient', 'both'] as const)('correction %s', (correction) => {
    it.each([
      [0, false],
      [0.9, false],
      [0.9, true],
    ])('momentum %f, Nesterov %s, every gamma', (mu, nesterov) => {
      for (const gamma of [0, 0.01, 0.5, 1, 2]) compare({ correction, mu, nesterov, gamma });
    });
  });

  it('learning-rate decay', () => compare({ mu: 0.9, decay: 0.1 }));
  it('learning rate and gamma by schedule, with warm-up from 0', () =>
    compare({ mu: 0.9, eta: (t) => 0.05 * Math.min(1, t / 10), gamma: (t) => (t < 25 ? 0.1 : 2) }));
  it('gradients clipped by norm, then by value, before the projection', () =>
    compare({ clipNorm: 0.5, clipValue: 0.1, correction: 'both' }));
  it('decoupled weight decay, outside of the nudge', () => compare({ mu: 0.9, weightDecay: 0.3 }));
});

describe('on a quadratic with known spectrum', () => {
  it('a step moves by γη along the given eigenvectors and by η along the others', () => {
    const eigenvalues = [8, 4, 2, 1, 0.5, 0.25];
    const problem = quadratic(eigenvalues, 3);
    const [eta, gamma] = [0.05, 0.2];
    const weights = nudgedTrajectory(
      problem,
      { learningRate: eta, gamma },
      problem.eigenvectors.slice(0, 2),
      1,
    );
    eigenvalues.forEach((lambda, i) => {
      const along = (x: readonly number[]): number =>
        x.reduce((sum, value, j) => sum + value * problem.eigenvectors[i]![j]!, 0);
      // θ·e ← (1 − rate·λ) θ·e
      const rate = (1 - along(weights) / along(problem.start)) / lambda;
      expect(rate / eta).toBeCloseTo(i < 2 ? gamma : 1, 4);
    });
  });
});

describe('on a slope of 1 that is gone down twice, with momentum', () => {
  const [mu, number] = [0.9, 0.01];
  const schedule = (): number => number;
  const kinds = { number, schedule, 'another schedule': () => 2 * number };
  const changes = Object.entries(kinds).flatMap(([a, first]) =>
    Object.entries(kinds).map(([b, second]) => [a, b, first, second] as const),
  );
  const rate = (eta: Schedule): number => (typeof eta === 'number' ? eta : eta(0));

  it.each(changes)('a change from %s to %s leaves the velocity', async (_, __, first, second) => {
    // θ₁ = −η₁ and m = η₁, then θ₂ = θ₁ − (μη₁ + η₂)
    const want = -(rate(first) + mu * rate(first) + rate(second));
    const settings = { momentum: mu, gamma: 1 };
    for (const way of ['set', 'saved', 'saved, then set'] as const) {
      const x = tf.variable(tf.scalar(0));
      const step = (optimizer: NSGD): void =>
        void optimizer.minimize(() => tf.mul(x, 1) as tf.Scalar, false, [x]);
      const before = tf.memory().numTensors;
      const optimizer = new NSGD({ learningRate: first, ...settings });
      step(optimizer);
      const other = new NSGD({ learningRate: way === 'saved' ? second : first, ...settings });
      if (way !== 'set') await other.setWeights(await optimizer.getWeights());
      const last = way === 'set' ? optimizer : other;
      if (way !== 'saved') last.setLearningRate(second);
      step(last);
      // Some roundings of float32.
      expect(x.dataSync()[0]! / want, way).toBeCloseTo(1, 6);
      optimizer.dispose();
      other.dispose();
      expect(tf.memory().numTensors).toBe(before);
      x.dispose();
    }
  });

  it('η = 0 instead of a schedule stops all', () => {
    const x = tf.variable(tf.scalar(0));
    const optimizer = new NSGD({ learningRate: schedule, momentum: mu, gamma: 1 });
    for (const eta of [schedule, 0, schedule]) {
      optimizer.setLearningRate(eta);
      optimizer.minimize(() => tf.mul(x, 1) as tf.Scalar, false, [x]);
    }
    expect(x.dataSync()[0]! / (-2 * number)).toBeCloseTo(1, 6);
    optimizer.dispose();
    x.dispose();
  });
});

describe.each(['cpu', 'wasm'] as const)('bit for bit on %s', (backend) => {
  beforeAll(() => useBackend(backend));
  const problem = smallNet(11);
  const directions = randomRows(3, problem.start.length, 2);
  const stock: [string, NSGDOptions, () => tf.Optimizer][] = [
    ['tf.train.sgd', { learningRate: 0.1 }, () => tf.train.sgd(0.1)],
    ['tf.train.momentum', { learningRate: 0.1, momentum: 0.9 }, () => tf.train.momentum(0.1, 0.9)],
    [
      'tf.train.momentum with Nesterov',
      { learningRate: 0.1, momentum: 0.9, useNesterov: true },
      () => tf.train.momentum(0.1, 0.9, true),
    ],
  ];

  it.each(stock)('γ = 1, no directions and burn-in are %s', (_, options, make) => {
    const optimizer = make();
    const want = trajectory(problem, optimizer, 50);
    optimizer.dispose();
    for (const correction of ['update', 'gradient', 'both'] as const) {
      const at = (changes: Partial<NSGDOptions>, rows: number[][] | null): number[] =>
        nudgedTrajectory(problem, { ...options, correction, ...changes }, rows, 50);
      expect(at({ gamma: 1 }, directions)).toEqual(want);
      expect(at({ gamma: 1, refreshEvery: 10 }, null)).toEqual(want);
      expect(at({ gamma: 0.1 }, null)).toEqual(want);
      expect(at({ gamma: 0.1, burnIn: 50, refreshEvery: 10 }, directions)).toEqual(want);
    }
  });

  it('a learning rate changed on the way acts as in tf.train.momentum', () => {
    const change = (optimizer: tf.MomentumOptimizer | NSGD): number[] => {
      const variables = makeVariables(problem);
      for (let step = 0; step < 20; step++) {
        if (step === 10) optimizer.setLearningRate(0.02);
        optimizer.minimize(() => problem.loss(variables), false, variables);
      }
      const weights = readAll(variables);
      tf.dispose(variables);
      optimizer.dispose();
      return weights;
    };
    const want = change(tf.train.momentum(0.1, 0.9));
    expect(change(new NSGD({ learningRate: 0.1, momentum: 0.9, gamma: 1 }))).toEqual(want);
  });
});

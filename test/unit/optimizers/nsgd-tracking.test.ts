import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CurvatureArgumentError, DifferentiationError } from '../../../src/errors.js';
import type { NSGDOptions } from '../../../src/optimizers/nsgd-options.js';
import { NSGD } from '../../../src/optimizers/nsgd.js';
import { useBackend } from '../../wasm-backend.js';
import { makeVariables, quadratic, readAll, smallNet } from './training-problems.js';

beforeAll(() => useBackend('cpu'));

const spectrum = [9, 7, 5, 1, 0.8, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01];

describe('directions found inside minimize', () => {
  it('are the sharpest eigenvectors, and the steps along them γη long', () => {
    const problem = quadratic(spectrum);
    const [eta, gamma] = [0.05, 0.1];
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: eta, gamma, k: 3, tol: 1e-4 });
    const before = readAll(variables);
    const cost = optimizer.minimize(() => problem.loss(variables), true, variables);
    const after = readAll(variables);
    expect(optimizer.status).toBe('converged');
    optimizer.eigenvalues!.forEach((value, i) => expect(value).toBeCloseTo(spectrum[i]!, 3));
    spectrum.forEach((lambda, i) => {
      const along = (x: number[]): number =>
        x.reduce((sum, value, j) => sum + value * problem.eigenvectors[i]![j]!, 0);
      const rate = (1 - along(after) / along(before)) / lambda;
      // Directions are right to the residual 1e-4, which the other components multiply.
      expect(Math.abs(rate / eta - (i < 3 ? gamma : 1))).toBeLessThan(i < 6 ? 1e-2 : 0.2);
    });
    tf.dispose([cost!, ...variables]);
    optimizer.dispose();
  });

  it('give way to others that have overtaken them, though their residuals are zero', () => {
    // Σ xᵢ⁴ has the Hessian diag(12 xᵢ²): its directions never mix.
    const variables = [2, 1, 0.5, 0.25].map((x) => tf.variable(tf.scalar(x)));
    const loss = (): tf.Scalar => tf.tidy(() => tf.addN(variables.map((x) => tf.pow(x, 4))));
    const optimizer = new NSGD({ learningRate: 0, k: 1, gamma: 0.1, refreshEvery: 1 });
    for (const [i, x] of [
      [0, 2],
      [1, 3],
      [2, 4],
    ] as const) {
      variables[i]!.assign(tf.scalar(x));
      optimizer.minimize(loss, false, variables);
      // Within the square of the tolerance of a search, 0.05.
      expect(optimizer.eigenvalues![0]! / (12 * x ** 2)).toBeCloseTo(1, 2);
    }
    optimizer.dispose();
    tf.dispose(variables);
  });

  it('cost one call of the loss a step, at a refresh or not', () => {
    const problem = smallNet();
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.05, k: 2, refreshEvery: 3 });
    let calls = 0;
    for (let step = 0; step < 7; step++) {
      optimizer.minimize(
        () => {
          calls++;
          return problem.loss(variables);
        },
        false,
        variables,
      );
    }
    expect(calls).toBe(7);
    tf.dispose(variables);
    optimizer.dispose();
  });

  it('are sought at the end of burn-in, often at first, then every refreshEvery steps, never at γ = 1', () => {
    const problem = smallNet();
    const variables = makeVariables(problem);
    const optimizer = new NSGD({
      learningRate: 0.05,
      k: 2,
      refreshEvery: 8,
      burnIn: 2,
      gamma: (t) => (t < 30 ? 0.1 : 1),
    });
    const found: number[] = [];
    let last: tf.Tensor | null = null;
    for (let step = 0; step < 40; step++) {
      optimizer.minimize(() => problem.loss(variables), false, variables);
      if (optimizer.directions !== last) found.push(step);
      last = optimizer.directions;
    }
    expect(found).toEqual([2, 3, 4, 6, 10, 18, 26]);
    tf.dispose(variables);
    optimizer.dispose();
  });

  it('leave no tensor behind, inside and outside of tf.tidy', () => {
    const problem = smallNet();
    const variables = makeVariables(problem);
    const before = tf.memory().numTensors;
    const optimizer = new NSGD({ learningRate: 0.05, k: 2, refreshEvery: 3, trackEvery: 1, momentum: 0.9 });
    const train = (): void => {
      optimizer.minimize(() => problem.loss(variables), true, variables)!.dispose();
    };
    for (let step = 0; step < 5; step++) train();
    const settled = tf.memory().numTensors;
    for (let step = 0; step < 20; step++) train();
    for (let step = 0; step < 20; step++) tf.tidy(() => void train());
    expect(tf.memory().numTensors).toBe(settled);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(variables);
  });
});

describe('a step that cannot be taken', () => {
  const cases: [string, NSGDOptions][] = [
    ['η is NaN', { learningRate: () => NaN, refreshEvery: 0 }],
    ['η is NaN at a refresh', { learningRate: () => NaN, refreshEvery: 1, k: 2 }],
    ['γ is negative', { learningRate: 0.1, gamma: () => -1, k: 2 }],
  ];
  it.each(cases)('leaves weights and memory as they are: %s', (_, options) => {
    const problem = smallNet();
    const variables = makeVariables(problem);
    const before = readAll(variables);
    const { numTensors } = tf.memory();
    for (const returnCost of [true, false]) {
      const optimizer = new NSGD(options);
      expect(() => optimizer.minimize(() => problem.loss(variables), returnCost, variables)).toThrow(
        CurvatureArgumentError,
      );
      optimizer.dispose();
    }
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(readAll(variables)).toEqual(before);
    tf.dispose(variables);
  });

  it('after dispose says so, and takes nothing on', async () => {
    const problem = smallNet();
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.1, momentum: 0.9, k: 1 });
    optimizer.minimize(() => problem.loss(variables), false, variables);
    optimizer.dispose();
    optimizer.dispose();
    const before = readAll(variables);
    const gradients = variables.map(({ name, shape }) => ({ name, tensor: tf.ones(shape) }));
    const { numTensors } = tf.memory();
    const minimize = (): unknown => optimizer.minimize(() => problem.loss(variables), false, variables);
    for (const use of [
      minimize,
      () => optimizer.applyGradients(gradients),
      () => optimizer.setDirections(null),
    ]) {
      expect(use).toThrow(/live optimizer.*disposed/);
    }
    await expect(optimizer.setWeights([])).rejects.toThrow(/live optimizer.*disposed/);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(readAll(variables)).toEqual(before);
    tf.dispose([...variables, ...gradients.map(({ tensor }) => tensor)]);
  });
});

describe('a loss that goes wrong', () => {
  it('that becomes NaN trains on as SGD would, keeps the directions and says so', () => {
    const problem = smallNet();
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.05, k: 2, refreshEvery: 2 });
    const poison = tf.variable(tf.scalar(1));
    const loss = (): tf.Scalar => tf.mul(problem.loss(variables), poison);
    for (let step = 0; step < 2; step++) optimizer.minimize(loss, false, variables);
    const { directions } = optimizer;
    tf.tidy(() => poison.assign(tf.scalar(NaN)));
    optimizer.minimize(loss, false, variables);
    expect(optimizer.status).toBe('nonFinite');
    expect(optimizer.directions).toBe(directions);
    expect(readAll(variables).every(Number.isNaN)).toBe(true);
    tf.dispose([poison, ...variables]);
    optimizer.dispose();
  });

  it('in one variable only does not spread to the others through the projection', () => {
    const problem = smallNet();
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.05, k: 2, refreshEvery: 100 });
    optimizer.minimize(() => problem.loss(variables), false, variables);
    const gradients = variables.map((variable, i) => ({
      name: variable.name,
      tensor: tf.fill(variable.shape, i === 1 ? NaN : 0.5),
    }));
    optimizer.applyGradients(gradients);
    expect(variables.map((variable) => readAll([variable]).some(Number.isNaN))).toEqual([
      false,
      true,
      false,
      false,
    ]);
    tf.dispose([...variables, ...gradients.map(({ tensor }) => tensor)]);
    optimizer.dispose();
  });

  const customGradient = tf.customGrad((y, save) => {
    (save as tf.GradSaveFunc)([y as tf.Tensor]);
    const values = (y as tf.Tensor).dataSync();
    return {
      value: tf.tensor1d(Array.from(values, (v) => v * v)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.mul(2, saved[0]!)),
    };
  });

  /** An op with a gradient that is itself made of an op without one. */
  function kernelGradient(): (x: tf.Tensor) => tf.Tensor {
    const [backendName, kernelName] = ['cpu', 'OnceDifferentiable'];
    const { kernelFunc: square } = tf.getKernel('Square', backendName);
    const { kernelFunc: multiply } = tf.getKernel('Multiply', backendName);
    tf.registerKernel({ backendName, kernelName, kernelFunc: square });
    tf.registerKernel({ backendName, kernelName: `${kernelName}Grad`, kernelFunc: multiply });
    tf.registerGradient({
      kernelName,
      inputsToSave: ['x'],
      gradFunc: (dy, [x]) => ({
        x: () => tf.engine().runKernel(`${kernelName}Grad`, { a: dy as tf.Tensor, b: tf.mul(2, x!) }),
      }),
    });
    onTestFinished(() => {
      tf.unregisterKernel(kernelName, backendName);
      tf.unregisterKernel(`${kernelName}Grad`, backendName);
      tf.unregisterGradient(kernelName);
    });
    return (x) => tf.engine().runKernel(kernelName, { x });
  }

  it.each([
    ['a custom gradient that reads values', () => customGradient, /tf.customGrad/],
    ['a kernel', kernelGradient, /OnceDifferentiableGrad/],
  ])('that cannot be differentiated twice fails at the refresh and names the op: %s', (_, make, name) => {
    const op = make();
    const x = tf.variable(tf.tensor1d([1, 2, 3]));
    const optimizer = new NSGD({ learningRate: 0.1, k: 1 });
    const before = tf.memory().numTensors;
    const minimize = (): void => {
      tf.tidy(() => void optimizer.minimize(() => tf.sum(op(x)) as tf.Scalar, false, [x]));
    };
    expect(minimize).toThrow(DifferentiationError);
    // Not only once: training does not go on without directions unnoticed.
    expect(minimize).toThrow(name);
    expect(minimize).toThrow(/finiteDifference/);
    expect(tf.memory().numTensors).toBe(before);
    optimizer.setGamma(1);
    minimize();
    expect(readAll([x])[0]).toBeCloseTo(0.8, 6);
    x.dispose();
    optimizer.dispose();
  });
});

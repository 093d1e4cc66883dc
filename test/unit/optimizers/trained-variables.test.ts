import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NSGDOptions } from '../../../src/index.js';
import { NSGD } from '../../../src/index.js';
import { DirectionTracker } from '../../../src/optimizers/direction-tracker.js';
import { useBackend } from '../../wasm-backend.js';
import { readAll } from './training-problems.js';

// What a loss does not depend on is no part of the training: as with tf.train.sgd.

let [used, unused]: tf.Variable[] = [];
let tensors: number;

beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  tensors = tf.memory().numTensors;
  used = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3]), true, 'trained/used'));
  unused = tf.tidy(() => tf.variable(tf.tensor1d([4, 5]), true, 'trained/unused'));
});
afterEach(() => {
  tf.dispose([used!, unused!]);
  expect(tf.memory().numTensors).toBe(tensors);
});

/** ½ Σ c x², with the Hessian diag(c). */
const along = (x: tf.Variable, c: number[]): tf.Scalar =>
  tf.tidy(() => tf.mul(0.5, tf.sum(tf.mul(c, tf.square(x)))));
const loss = (): tf.Scalar => along(used!, [9, 4, 1]);
const both = (): tf.Scalar => tf.tidy(() => tf.add(loss(), along(unused!, [16, 2])));

const assign = (x: tf.Variable, values: number[]): void => tf.tidy(() => void x.assign(tf.tensor1d(values)));

const make = (options: Partial<NSGDOptions> = {}): NSGD =>
  new NSGD({ learningRate: 0.01, gamma: 0, k: 1, refreshEvery: 1, ...options });

describe.each<[string, () => tf.Variable[] | undefined]>([
  ['no list of variables', () => undefined],
  ['a list with a variable that the loss does not use', () => [used!, unused!]],
])('%s', (_, list) => {
  it('leaves the others bit for bit, weight decay and momentum or not', () => {
    const optimizer = make({ weightDecay: 0.1, momentum: 0.5 });
    const before = readAll([unused!]);
    for (let step = 0; step < 30; step++) optimizer.minimize(loss, false, list());
    expect(readAll([unused!])).toEqual(before);
    expect(readAll([used!])[1]).toBeLessThan(2);
    expect(optimizer.variables).toEqual([used]);
    // V [1, 3] and the velocity [3] of the one, in float32, are all there is.
    const { numBytes } = tf.memory();
    optimizer.dispose();
    expect(numBytes - tf.memory().numBytes).toBe(4 * (3 + 3));
  });

  it('gives the gradients that tf.variableGrads gives, at a search and elsewhere', () => {
    const frozen = tf.tidy(() => tf.variable(tf.scalar(1), false, 'trained/frozen'));
    const variables = list()?.concat(frozen);
    const optimizer = make({ refreshEvery: 100 });
    const stock = tf.variableGrads(loss, variables);
    for (const kind of ['search', 'other']) {
      const { value, grads } = optimizer.computeGradients(loss, variables);
      expect(Object.keys(grads), kind).toEqual(Object.keys(stock.grads));
      expect(readAll([grads['trained/used']!])).toEqual([9, 8, 3]);
      optimizer.applyGradients(grads);
      tf.dispose([value, grads]);
      assign(used!, [1, 2, 3]);
    }
    tf.dispose([frozen, stock.value, stock.grads]);
    optimizer.dispose();
  });

  it('takes variables that the loss depends on piecewise constantly for used, as tf.variableGrads does', () => {
    const rounded = (): tf.Scalar => tf.tidy(() => tf.add(loss(), tf.sum(tf.round(unused!))));
    const optimizer = make();
    const { value, grads } = optimizer.computeGradients(rounded, list());
    const stock = tf.variableGrads(rounded, list());
    expect(Object.keys(grads)).toEqual(Object.keys(stock.grads));
    expect(readAll([grads['trained/unused']!])).toEqual([0, 0]);
    tf.dispose([value, grads, stock.value, stock.grads]);
    optimizer.dispose();
  });
});

it('variables that come and go beside the loss cause no search', async () => {
  const optimizer = make({ refreshEvery: 1000, recordSteps: 5 });
  for (let step = 0; step < 5; step++) {
    const stray = tf.tidy(() => tf.variable(tf.scalar(step)));
    optimizer.minimize(loss);
    stray.dispose();
  }
  expect((await optimizer.records()).map(({ age }) => age)).toEqual([0, 1, 2, 3, 4]);
  optimizer.dispose();
});

it('a variable that the loss begins to depend on is stepped plainly, and the next step finds directions anew', () => {
  const optimizer = make({ refreshEvery: 1000 });
  optimizer.minimize(loss);
  expect(optimizer.eigenvalues![0]).toBeCloseTo(9, 4);
  optimizer.minimize(both);
  // γ = 0 along the first axis of the one; η c x along the others and in the new one.
  expect(readAll([unused!])).toEqual([4 - 0.01 * 16 * 4, 5 - 0.01 * 2 * 5].map((x) => expect.closeTo(x, 5)));
  expect(optimizer.directions!.shape).toEqual([1, 5]);
  optimizer.minimize(both);
  expect(optimizer.variables).toEqual([used, unused]);
  expect(optimizer.eigenvalues![0]).toBeCloseTo(16, 4);
  optimizer.dispose();
});

it('losses that take turns, each with variables of its own, are searched as often as one is', () => {
  const optimizer = make({ refreshEvery: 1000 });
  const { search } = DirectionTracker.prototype;
  const searches: number[] = [];
  DirectionTracker.prototype.search = function (f, kind, step) {
    searches.push(step);
    return search.call(this, f, kind, step);
  };
  try {
    for (let step = 0; step < 10; step++) optimizer.minimize(step % 2 === 0 ? loss : both);
  } finally {
    DirectionTracker.prototype.search = search;
  }
  // At the first step, and after the second variable has entered.
  expect(searches).toEqual([0, 2]);
  expect(optimizer.variables).toEqual([used, unused]);
  optimizer.dispose();
});

it('a saved optimizer goes on the same where the next loss depends on a part of what was trained', async () => {
  const train = async (reload: boolean): Promise<number[]> => {
    assign(used!, [1, 2, 3]);
    assign(unused!, [4, 5]);
    let optimizer = make({ refreshEvery: 1000, momentum: 0.5, gamma: 0.1 });
    for (let step = 0; step < 4; step++)
      optimizer.minimize(step % 2 === 0 ? loss : both, false, [used!, unused!]);
    if (reload) {
      const next = make({ refreshEvery: 1000, momentum: 0.5, gamma: 0.1 });
      await next.setWeights(await optimizer.getWeights());
      optimizer.dispose();
      optimizer = next;
    }
    for (let step = 0; step < 4; step++)
      optimizer.minimize(step % 2 === 0 ? loss : both, false, [used!, unused!]);
    optimizer.dispose();
    return readAll([used!, unused!]);
  };
  expect(await train(true)).toEqual(await train(false));
});

it('a search that comes to nothing for variables that are new is not made again at each step', () => {
  const search = vi.spyOn(DirectionTracker.prototype, 'search');
  const optimizer = make({ refreshEvery: 100 });
  optimizer.minimize(loss);
  assign(unused!, [0, 0]);
  // x^1.5 has the slope 0 at 0, and no finite second derivative.
  const steep = (): tf.Scalar => tf.tidy(() => tf.add(loss(), tf.sum(tf.pow(tf.abs(unused!), 1.5))));
  search.mockClear();
  const { directions } = optimizer;
  // The first step finds that there is another variable, the second seeks directions for all.
  for (let step = 0; step < 8; step++) optimizer.minimize(steep);
  expect(optimizer.status).toBe('nonFinite');
  expect(optimizer.directions!.shape).toEqual([1, 5]);
  expect(directions).not.toBe(null);
  expect(search).toHaveBeenCalledTimes(1);
  search.mockRestore();
  optimizer.dispose();
});

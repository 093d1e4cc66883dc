import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CurvatureArgumentError, NSGD } from '../../../src/index.js';
import type { NamedTensor } from '../../../src/optimizers/named-tensor.js';
import { useBackend } from '../../wasm-backend.js';

const options = { learningRate: 0.01, k: 2, momentum: 0.9 };
const n = 3;

let variable: tf.Variable;
const loss = (): tf.Scalar => tf.sum(tf.mul(tf.exp(variable), tf.square(variable)));
const step = (optimizer: NSGD): void => void optimizer.minimize(loss, false, [variable]);

/** A change of what getWeights gave after a step: iter, a velocity and all that begins with nsgd/. */
type Change = (saved: readonly NamedTensor[]) => unknown;

const named = (name: string, tensor: tf.Tensor): NamedTensor => ({ name, tensor });
/** One tensor in place of that of its name. */
const instead =
  (name: string, make: () => unknown): Change =>
  (saved) =>
    saved.map((entry) => (entry.name === name ? { name, tensor: make() } : entry));
const without =
  (...gone: string[]): Change =>
  (saved) =>
    saved.filter(({ name }) => !gone.includes(name));
const disposed = (): tf.Tensor => {
  const tensor = tf.ones([2, n]);
  tensor.dispose();
  return tensor;
};
const velocity = 'nsgd-weights/w/velocity';

const refused: Record<string, [Change, RegExp]> = {
  'no list': [() => undefined, /a list of named tensors, received undefined/],
  null: [() => null, /a list of named tensors, received null/],
  'a text': [() => 'iter', /a list of named tensors, received "iter"/],
  'a map of tensors': [
    (saved) => Object.fromEntries(saved.map(({ name, tensor }) => [name, tensor])),
    /a list of named tensors, received Object/,
  ],
  'an iterator': [(saved) => saved.values(), /a list of named tensors, received/],
  'an empty list': [() => [], /a tensor 'iter', the number of steps, among them, received \[\]/],
  'a list with holes': [() => new Array(2), /named tensors \{name, tensor\}, received undefined/],
  'tensors without names': [(saved) => saved.map(({ tensor }) => tensor), /named tensors \{name, tensor\}/],
  'names without tensors': [(saved) => saved.map(({ name }) => ({ name })), /named tensors \{name, tensor\}/],
  'numbers for tensors': [instead('iter', () => 1), /named tensors \{name, tensor\}, received Object/],
  'names that are symbols': [
    (saved) => saved.map(({ tensor }) => ({ name: Symbol('iter'), tensor })),
    /named tensors \{name, tensor\}/,
  ],
  'weights of SGD': [
    (saved) => [...saved, named('momentum', tf.ones([n]))],
    /getWeights of an NSGD gave, received "momentum"/,
  ],
  'the name of a prototype': [
    (saved) => [...saved, named('__proto__', tf.ones([n]))],
    /received "__proto__"/,
  ],
  'one name twice': [(saved) => [...saved, saved[0]], /each name once/],
  'two velocities of one name': [(saved) => [...saved, named(velocity, tf.ones([n]))], /each name once/],

  'no number of steps': [without('iter'), /a tensor 'iter', the number of steps, among them/],
  'steps that are NaN': [
    instead('iter', () => tf.scalar(NaN)),
    /whole number from 0 as 'iter', received \[NaN\]/,
  ],
  'negative steps': [instead('iter', () => tf.scalar(-1)), /whole number from 0 as 'iter', received \[-1\]/],
  'a fraction of a step': [
    instead('iter', () => tf.scalar(0.5)),
    /whole number from 0 as 'iter', received \[0.5\]/,
  ],
  'infinitely many steps': [instead('iter', () => tf.scalar(Infinity)), /whole number from 0 as 'iter'/],
  'steps in words': [
    instead('iter', () => tf.tensor(['1'])),
    /int32 or float32 numbers as 'iter', received tensor string/,
  ],
  'steps that are true': [
    instead('iter', () => tf.tensor([true])),
    /int32 or float32 numbers as 'iter', received tensor bool/,
  ],
  'two numbers of steps': [
    instead('iter', () => tf.tensor1d([1, 2])),
    /whole number from 0 as 'iter', received \[1,2\]/,
  ],
  'none of one': [instead('iter', () => tf.tensor1d([])), /whole number from 0 as 'iter', received \[\]/],
  'steps disposed': [instead('iter', disposed), /a live tensor 'iter', received a disposed one/],
  'two times': [instead('nsgd/times', () => tf.tensor1d([1, 2])), /whole numbers from -1 as 'nsgd\/times'/],
  'times that are NaN': [
    instead('nsgd/times', () => tf.tensor1d([1, NaN, 1])),
    /whole numbers from -1 as 'nsgd\/times'/,
  ],
  'times before -1': [
    instead('nsgd/times', () => tf.tensor1d([1, -2, 1])),
    /whole numbers from -1 as 'nsgd\/times'/,
  ],

  'directions of length 2': [
    instead('nsgd/directions', () => tf.mul(tf.eye(2, n), 2)),
    /orthonormal rows.* = 3.00/,
  ],
  'directions that lean': [
    instead('nsgd/directions', () =>
      tf.tensor2d([
        [1, 0, 0],
        [0.6, 0.8, 0],
      ]),
    ),
    /orthonormal rows.* = 0.600/,
  ],
  'one direction twice': [
    instead('nsgd/directions', () =>
      tf.tensor2d([
        [1, 0, 0],
        [1, 0, 0],
      ]),
    ),
    /orthonormal rows/,
  ],
  'more directions than parameters': [instead('nsgd/directions', () => tf.ones([4, n])), /orthonormal rows/],
  'directions that are NaN': [
    instead('nsgd/directions', () => tf.fill([2, n], NaN)),
    /orthonormal rows.* = NaN/,
  ],
  'directions that are zero': [instead('nsgd/directions', () => tf.zeros([2, n])), /orthonormal rows/],
  'a vector for directions': [
    instead('nsgd/directions', () => tf.ones([n])),
    /float32 tensor of orthonormal rows \[k, n\]/,
  ],
  'no directions in a matrix': [
    instead('nsgd/directions', () => tf.zeros([0, n])),
    /float32 tensor of orthonormal rows \[k, n\]/,
  ],
  'directions of integers': [
    instead('nsgd/directions', () => tf.eye(2, n, undefined, 'int32')),
    /float32 numbers as 'nsgd\/directions'/,
  ],
  'directions disposed': [instead('nsgd/directions', disposed), /a live tensor 'nsgd\/directions'/],
  'directions without one of their eigenvalues': [
    instead('nsgd/eigenvalues', () => tf.ones([1])),
    /as many eigenvalues as directions/,
  ],
  'eigenvalues without directions': [without('nsgd/directions'), /as many eigenvalues as directions/],
  'eigenvalues in words': [
    instead('nsgd/eigenvalues', () => tf.tensor(['1', '2'])),
    /float32 numbers as 'nsgd\/eigenvalues'/,
  ],
  'a unit that is NaN': [instead('nsgd/unit', () => tf.tensor1d([NaN])), /η as 'nsgd\/unit'/],
  'a unit below -1': [instead('nsgd/unit', () => tf.tensor1d([-2])), /η as 'nsgd\/unit'/],
  'a velocity of integers': [
    instead(velocity, () => tf.ones([n], 'int32')),
    /float32 numbers as '.*velocity'/,
  ],
  'a velocity of truths': [instead(velocity, () => tf.ones([n], 'bool')), /float32 numbers as '.*velocity'/],
  'a velocity disposed': [instead(velocity, disposed), /a live tensor '.*velocity'/],
};

/** All that an optimizer is by. */
async function stateOf(optimizer: NSGD): Promise<unknown> {
  const weights = await optimizer.getWeights();
  const state = weights.map(({ name, tensor }) => [name, tensor.shape, Array.from(tensor.dataSync())]);
  return { state, status: optimizer.status };
}

describe.each(['cpu', 'wasm'] as const)('setWeights on %s', (backend) => {
  let optimizer: NSGD;

  beforeAll(() => useBackend(backend));
  beforeEach(() => {
    variable = tf.variable(tf.tensor1d([1, -2, 0.5]), true, 'nsgd-weights/w');
    optimizer = new NSGD(options);
    step(optimizer);
  });
  afterEach(() => {
    optimizer.dispose();
    variable.dispose();
  });

  it.each(Object.entries(refused))(
    'refuses %s, changes nothing and keeps nothing',
    async (_, [change, message]) => {
      const saved = await optimizer.getWeights();
      expect(saved.map(({ name }) => name).sort()).toEqual(
        ['iter', 'nsgd/directions', 'nsgd/eigenvalues', 'nsgd/times', 'nsgd/unit', velocity].sort(),
      );
      const copies = saved.map(({ name, tensor }) => named(name, tensor.clone()));
      const before = await stateOf(optimizer);
      const { numTensors } = tf.memory();
      tf.engine().startScope();
      const given = change(copies) as NamedTensor[];
      const error = await optimizer.setWeights(given).catch((reason: unknown) => reason);
      tf.engine().endScope();
      expect(error).toBeInstanceOf(CurvatureArgumentError);
      expect((error as Error).message).toMatch(/^NSGD.setWeights: expected /);
      expect((error as Error).message).toMatch(message);
      expect(await stateOf(optimizer)).toEqual(before);
      expect(tf.memory().numTensors).toBe(numTensors);
      tf.dispose(copies.map(({ tensor }) => tensor));
    },
  );

  it.each<[string, Change]>([
    ['what getWeights gave', (saved) => saved],
    ['another order', (saved) => [...saved].reverse()],
    ['a list of a version that wrote no unit', without('nsgd/unit')],
    ['steps as float32, as files may hold them', instead('iter', () => tf.scalar(1))],
  ])('takes %s', async (_, change) => {
    const before = await stateOf(optimizer);
    const again = new NSGD(options);
    const given = change(await optimizer.getWeights()) as NamedTensor[];
    await again.setWeights(given);
    expect(await stateOf(again)).toEqual({ ...(before as object), status: 'given' });
    again.dispose();
  });

  it('says at the next step, by the name of the optimizer, that directions are those of another model', async () => {
    const given = [named('iter', tf.scalar(1)), named('nsgd/directions', tf.eye(2, n + 1))];
    await optimizer.setWeights(given);
    expect(() => step(optimizer)).toThrow(
      `NSGD: expected directions of shape [k, ${n}], one column per trainable parameter, received tensor float32 [2,4]`,
    );
    tf.dispose(given.map(({ tensor }) => tensor));
  });

  it('is not there after dispose, nor is getWeights', async () => {
    const saved = (await optimizer.getWeights()).map(({ name, tensor }) => named(name, tensor.clone()));
    optimizer.dispose();
    const { numTensors } = tf.memory();
    await expect(optimizer.setWeights(saved)).rejects.toThrow(/^NSGD.setWeights: expected a live optimizer/);
    await expect(optimizer.getWeights()).rejects.toThrow(/^NSGD.getWeights: expected a live optimizer/);
    expect(tf.memory().numTensors).toBe(numTensors);
    tf.dispose(saved.map(({ tensor }) => tensor));
  });
});

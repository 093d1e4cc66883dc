import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { conditionNumber, lanczos, solve } from '../../../src/index.js';
import type { AsyncLinearOperator } from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

// The cpu backend hands out the memory of its tensors, and takes over what it makes tensors of.
beforeAll(() => useBackend('cpu'));

const diagonal = [1, 2, 3, 4];
const times = (v: Float32Array, out: Float32Array): Float32Array => {
  diagonal.forEach((d, i) => {
    out[i] = d * v[i]!;
  });
  return out;
};
const answer = new Float32Array(4);

const operators: [string, AsyncLinearOperator][] = [
  ['writes into the vector it is given', { size: 4, multiply: (v) => Promise.resolve(times(v, v)) }],
  ['answers with the same memory each time', { size: 4, multiply: (v) => Promise.resolve(times(v, answer)) }],
];

it.each(operators)(
  'an operator elsewhere that %s has its own eigenvalues and solutions',
  async (_, operator) => {
    const b = tf.tensor1d(diagonal);
    const { numTensors } = tf.memory();
    const found = await lanczos(operator, { k: 4 });
    found.eigenvalues.forEach((value, i) => expect(value).toBeCloseTo(4 - i, 5));
    found.dispose();
    const solution = await solve(operator, b, { tol: 1e-6 });
    for (const x of solution.x.dataSync()) expect(x).toBeCloseTo(1, 5);
    solution.dispose();
    expect((await conditionNumber(operator)).value).toBeCloseTo(4, 4);
    expect(tf.memory().numTensors).toBe(numTensors);
    b.dispose();
  },
);

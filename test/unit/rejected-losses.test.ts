import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { HessianOperator, linearize, lossObjective, NSGD, variableGrads } from '../../src/index.js';
import { useBackend } from '../wasm-backend.js';

const unhandled = vi.fn();

beforeAll(async () => {
  await useBackend('cpu');
  process.on('unhandledRejection', unhandled);
});
afterAll(() => void process.off('unhandledRejection', unhandled));

/** An async loss that fails: what it rejects with is nobody's, since it was refused before. */
const loss = (): never => Promise.reject(new Error('late')) as never;

it.each<[string, (variable: tf.Variable) => void]>([
  ['linearize', (variable) => void linearize(loss, [variable])],
  ['variableGrads', (variable) => void variableGrads(loss, [variable])],
  ['HessianOperator', (variable) => void new HessianOperator(lossObjective(loss, [variable])).gradient()],
  [
    'HessianOperator',
    (variable) => {
      new HessianOperator(lossObjective(loss, [variable]), { method: 'finiteDifference' }).gradient();
    },
  ],
  ['NSGD.minimize', (variable) => void new NSGD({ learningRate: 1, k: 1 }).minimize(loss, false, [variable])],
])('%s refuses a loss that is async, and its rejection ends nothing', async (name, use) => {
  const variable = tf.variable(tf.tensor1d([1, 2]));
  expect(() => use(variable)).toThrow(new RegExp(`^${name}: expected (the loss|f) to .*a? ?[Pp]romise`));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(unhandled).not.toHaveBeenCalled();
  variable.dispose();
});

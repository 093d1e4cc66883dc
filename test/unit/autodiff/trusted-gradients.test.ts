import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { withTrustedGradients } from '../../../src/autodiff/trusted-gradients.js';
import { useBackend } from '../../wasm-backend.js';

/** The gradient of a sum by TensorFlow.js, at x, with its own tape asked first. */
function trusted(f: (x: tf.Tensor) => tf.Tensor, x: number[]): number[] {
  const before = tf.memory().numTensors;
  const variable = tf.tidy(() => tf.variable(tf.tensor1d(x)));
  const { value, grads } = withTrustedGradients(() =>
    tf.variableGrads(() => tf.sum(f(variable)), [variable]),
  );
  const gradient = Array.from(Object.values(grads)[0]!.dataSync());
  tf.dispose([variable, value, grads]);
  expect(tf.memory().numTensors).toBe(before);
  return gradient;
}

describe.each(['cpu', 'wasm'] as const)('withTrustedGradients, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each<[string, (x: tf.Tensor) => tf.Tensor, number[], number[]]>([
    ['√relu(x)', (x) => tf.sqrt(tf.relu(x)), [-1, 4], [0, 1 / 4]],
    ['a power of relu', (x) => tf.pow(tf.relu(x), 0.5), [-1, 4], [0, 1 / 4]],
    ['acos(min(x, 1))', (x) => tf.acos(tf.minimum(x, 1)), [1.5, 0.6], [0, -1 / 0.8]],
    ['asin(relu6(6x)/6)', (x) => tf.asin(tf.div(tf.relu6(tf.mul(x, 6)), 6)), [1.5, 0.6], [0, 1 / 0.8]],
    ['acosh(1 + relu(x))', (x) => tf.acosh(tf.add(tf.relu(x), 1)), [-1, 0.25], [0, 1 / 0.75]],
    ['e^log relu(x)', (x) => tf.exp(tf.log(tf.relu(x))), [-1, 4], [0, 1]],
    ['e^(−1/relu(x))', (x) => tf.exp(tf.div(-1, tf.relu(x))), [-1, 1], [0, Math.exp(-1)]],
    ['tanh(1/√relu(x))', (x) => tf.tanh(tf.rsqrt(tf.relu(x))), [-1, 1], [0, -0.5 / Math.cosh(1) ** 2]],
    ['the least of atanh', (x) => tf.minimum(tf.atanh(tf.minimum(x, 1)), 9), [1.5, 0.5], [0, 4 / 3]],
  ])('are numbers where %s is constant', (_, f, x, wanted) => {
    trusted(f, x).forEach((slope, i) => expect(slope).toBeCloseTo(wanted[i]!, 5));
  });

  it('stay infinite where the slope is', () => {
    expect(trusted(tf.sqrt, [0, 4])).toEqual([Infinity, 1 / 4]);
  });

  it('stay no number where the loss is none', () => {
    expect(trusted(tf.square, [NaN, 1])).toEqual([NaN, 2]);
  });
});

import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CurvatureArgumentError,
  GaussNewtonOperator,
  grad,
  HessianOperator,
  JacobianOperator,
  linearize,
  lossObjective,
  registerExactGradients,
  vjp,
} from '../../../src/index.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

/*
 * What was made outside of a derivative that TensorFlow.js takes, and is used inside of it: its tape sees a product as a
 * constant. L = Σ w³ at w = (1, 2, 3), so that ∇L = 3w² and Hu = 6wu; J = diag(3w²) for z = w³.
 */

beforeAll(() => useBackend('cpu'));

let w: tf.Variable;
let u: Tensor1D;
let tensors: number;

beforeEach(() => {
  tensors = tf.memory().numTensors;
  w = variableOf([1, 2, 3]);
  u = tf.ones([3]) as Tensor1D;
});

afterEach(() => {
  tf.dispose([w, u]);
  expect(tf.memory().numTensors).toBe(tensors);
});

interface Product {
  readonly times: (x: Tensor1D) => Tensor;
  dispose(): void;
}

const loss = (): Scalar => tf.sum(tf.pow(w, 3)) as Scalar;
const products: Record<string, { readonly diagonal: readonly number[]; make(): Product }> = {
  'a pullback of vjp': {
    diagonal: [3, 12, 27],
    make: () => {
      const [value, pullback] = vjp((x) => tf.pow(x, 3), w);
      value.dispose();
      return { times: (x) => pullback(x), dispose: () => pullback.dispose() };
    },
  },
  'hvp of linearize': {
    diagonal: [6, 12, 18],
    make: () => {
      const at = linearize(loss, [w]);
      return { times: (x) => at.hvp(x), dispose: () => at.dispose() };
    },
  },
  'matvec of HessianOperator': {
    diagonal: [6, 12, 18],
    make: () => {
      const hessian = new HessianOperator(lossObjective(loss, [w]));
      return { times: (x) => hessian.matvec(x), dispose: () => hessian.dispose() };
    },
  },
  'matvec of HessianOperator by differences': {
    diagonal: [6, 12, 18],
    make: () => {
      const hessian = new HessianOperator(lossObjective(loss, [w]), { method: 'finiteDifference' });
      return { times: (x) => hessian.matvec(x), dispose: () => hessian.dispose() };
    },
  },
  'matvec of GaussNewtonOperator': {
    // J²: z = w³, ℓ = ½Σz².
    diagonal: [9, 144, 729],
    make: () => {
      const objective = lossObjective(
        {
          outputs: () => tf.pow(w, 3),
          loss: (z) => tf.mul(0.5, tf.sum(tf.square(z))),
          likelihood: 'gaussian',
        },
        [w],
      );
      const gaussNewton = new GaussNewtonOperator(objective);
      return { times: (x) => gaussNewton.matvec(x), dispose: () => gaussNewton.dispose() };
    },
  },
  'rmatvec of JacobianOperator': {
    diagonal: [3, 12, 27],
    make: () => {
      const jacobian = new JacobianOperator(() => tf.pow(w, 3), [w]);
      return { times: (x) => jacobian.rmatvec(x), dispose: () => jacobian.dispose() };
    },
  },
  'matvec of JacobianOperator': {
    diagonal: [3, 12, 27],
    make: () => {
      const jacobian = new JacobianOperator(() => tf.pow(w, 3), [w]);
      return { times: (x) => jacobian.matvec(x), dispose: () => jacobian.dispose() };
    },
  },
};

describe.each(Object.entries(products))('%s', (name, { diagonal, make }) => {
  let product: Product;
  beforeEach(() => {
    product = make();
  });
  afterEach(() => product.dispose());

  /** ½ uᵀAu, whose gradient is Au. */
  const form = (x: Tensor): Scalar => tf.mul(0.5, tf.sum(tf.mul(x, product.times(x as Tensor1D))));

  it('refuses to be a constant of tf.grad, tf.variableGrads and minimize', () => {
    const variable = tf.variable(u);
    const optimizer = tf.train.sgd(0.1);
    const calls = [
      () => tf.grad(form)(u),
      () => tf.variableGrads(() => form(variable), [variable]),
      () => optimizer.minimize(() => form(variable), false, [variable]),
    ];
    for (const call of calls) {
      // TensorFlow.js leaves what a function that throws has made.
      const before = tf.memory().numTensors;
      expect(() => tf.tidy(() => void call())).toThrow(CurvatureArgumentError);
      expect(() => tf.tidy(() => void call())).toThrow(/outside of TensorFlow.js's own tf.grad/);
      expect(tf.memory().numTensors).toBe(before);
    }
    expect(Array.from(variable.dataSync())).toEqual([1, 1, 1]);
    optimizer.dispose();
    variable.dispose();
  });

  it.skipIf(name.endsWith('differences'))(
    'is differentiated by grad, and by tf.grad with exact gradients',
    () => {
      const unregister = registerExactGradients();
      const gradients = [grad(form)(u), tf.grad(form)(u)];
      unregister();
      for (const gradient of gradients) {
        gradient.dataSync().forEach((value, i) => expect(value).toBeCloseTo(diagonal[i]!, 4));
        gradient.dispose();
      }
    },
  );
});

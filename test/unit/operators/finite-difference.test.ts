import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DifferentiationError } from '../../../src/errors.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { checkOperator } from '../../../src/operators/check-operator.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { ZERO_SHARE } from '../../../src/operators/magnitude.js';
import { lanczos } from '../../../src/solvers/lanczos.js';
import { powerIteration } from '../../../src/solvers/power-iteration.js';
import type { EigenResult } from '../../../src/solvers/result.js';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';
import { nets } from './nine-nets.js';

let tensors: number;
let putBack: () => void;

beforeAll(async () => {
  await useBackend('wasm');
  putBack = await registerWasmTrainingKernels();
});

afterAll(() => putBack());

beforeEach(() => {
  tensors = tf.memory().numTensors;
});

afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});

/** ‖Av − λv‖ of each pair. */
function residualsOf(operator: LinearOperator, { eigenvalues, eigenvectors }: EigenResult): number[] {
  return Array.from(eigenvalues, (value, i) =>
    tf.tidy(() => {
      const v = tf.reshape(tf.slice(eigenvectors, [i, 0], [1, operator.size]), [operator.size]);
      return tf.norm(tf.sub(operator.matvec(v as tf.Tensor1D), tf.mul(v, value))).dataSync()[0]!;
    }),
  );
}

describe.each(Object.entries(nets))('%s', (_, make) => {
  it('has a threshold of zero far below its eigenvalues, and converges to those of the exact Hessian', async () => {
    const { objective, dispose } = make();
    const exact = new HessianOperator(objective);
    const differences = new HessianOperator(objective, { method: 'finiteDifference' });
    const wanted = await lanczos(exact, { which: 'LM' });
    const norm = Math.abs(wanted.eigenvalues[0]!);
    wanted.dispose();
    const zero = ZERO_SHARE * differences.magnitude();
    expect(zero).toBeGreaterThan(0);
    expect(zero).toBeLessThan(1e-2 * norm);
    for (const tol of [1e-3, 1e-4]) {
      const found = [await lanczos(differences, { k: 2, tol })];
      if (tol === 1e-3) found.push(await powerIteration(differences, { tol }));
      for (const result of found) {
        expect(['converged', 'stagnated']).toContain(result.status);
        const residuals = residualsOf(exact, result);
        const noise = result.asymmetry * norm;
        if (result.status === 'converged') {
          result.eigenvalues.forEach((value, i) => {
            expect(residuals[i]).toBeLessThan(tol * Math.abs(value) + noise);
          });
        }
        result.dispose();
      }
    }
    exact.dispose();
    differences.dispose();
    dispose();
  });
});

it('takes the gradient for its terms where the tape cannot record the loss', () => {
  const [w, u] = [variableOf([1, -2]), variableOf([3])];
  // Its value depends on u, which it is not given.
  const hidden = tf.customGrad((x) => ({
    value: tf.sum(tf.square(tf.mul(x as tf.Tensor, tf.div(u, u)))),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, tf.mul(x as tf.Tensor, 2)),
  }));
  const objective = lossObjective(() => tf.tidy(() => hidden(w) as tf.Scalar), [w, u]);
  expect(() => new HessianOperator(objective)).toThrow(DifferentiationError);
  const hessian = new HessianOperator(objective, { method: 'finiteDifference' });
  // The step of the differences is 2⁻¹⁰ (1 + Σ|θ_i v_i|), where the sum is ‖θ‖ at most.
  const [shortest, longest] = [2 ** -10, 2 ** -10 * (1 + Math.sqrt(14))];
  const gradient = Math.sqrt(4 + 16);
  expect(hessian.magnitude()).toBeGreaterThan(gradient / longest);
  expect(hessian.magnitude()).toBeLessThan(gradient / shortest);
  hessian.dispose();
  tf.dispose([w, u]);
});

it.each([1e-4, 1e-12])('takes steps as small as the parameters, if these are all some %d', async (size) => {
  const theta = [0.9, -0.4, 0].map((x) => x * size);
  const w = variableOf(theta);
  const objective = lossObjective(() => tf.sum(tf.square(tf.tanh(tf.div(w, size)))), [w]);
  const hessian = new HessianOperator(objective, { method: 'finiteDifference' });
  const ones = tf.ones([3]) as tf.Tensor1D;
  const product = hessian.matvec(ones);
  // Of tanh²x: 2 (1 − t²) (1 − 3t²).
  const wanted = theta.map((x) => {
    const t = Math.tanh(x / size) ** 2;
    return 2 * (1 - t) * (1 - 3 * t);
  });
  product.dataSync().forEach((value, i) => expect(value * size * size).toBeCloseTo(wanted[i]!, 2));
  hessian.dispose();
  const exact = new HessianOperator(objective);
  expect((await checkOperator(exact)).findings).toEqual([]);
  exact.dispose();
  tf.dispose([w, ones, product]);
});

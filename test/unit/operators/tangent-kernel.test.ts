import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import { JacobianOperator } from '../../../src/operators/jacobian-operator.js';
import { materialize } from '../../../src/operators/materialize.js';
import { tangentKernel } from '../../../src/operators/tangent-kernel.js';
import { lanczos } from '../../../src/solvers/lanczos.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';
import { dense, normal } from './kfac-case.js';

beforeAll(() => useBackend('cpu'));

it('is x xᵀ + 1 for a linear model, once for each output', async () => {
  const { numTensors } = tf.memory();
  const inputs = [
    [1, 2],
    [0.5, -1],
    [-2, 0],
  ];
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [2] })] });
  const xs = tf.tensor2d(inputs);
  const jacobian = new JacobianOperator(model, xs, { batchSize: 2 });
  const matrix = await materialize(tangentKernel(jacobian));
  const expected = inputs.flatMap((x) =>
    [0, 1].map((k) =>
      inputs.flatMap((y) => [0, 1].map((l) => (k === l ? x[0]! * y[0]! + x[1]! * y[1]! + 1 : 0))),
    ),
  );
  expect(matrix.arraySync()).toEqual(expected);
  tf.dispose([matrix, xs]);
  jacobian.dispose();
  model.dispose();
  expect(tf.memory().numTensors).toBe(numTensors);
});

it('has the eigenvalues of the Gauss-Newton matrix of mean squared error, m/2 of them', async () => {
  const layers = [dense(4, 'tanh', 1, { inputShape: [3] }), dense(2, 'linear', 2)];
  const model = tfl.sequential({ layers });
  const [xs, ys] = [normal([6, 3], 3), normal([6, 2], 4)];
  const objective = modelObjective(model, { xs, ys }, { loss: 'meanSquaredError' });
  const gaussNewton = new GaussNewtonOperator(objective);
  const jacobian = new JacobianOperator(model, xs);
  const kernel = tangentKernel(jacobian);
  expect([kernel.size, gaussNewton.size]).toEqual([12, 26]);
  const [one, other] = [
    await lanczos(kernel, { k: 12, tol: 1e-5 }),
    await lanczos(gaussNewton, { k: 12, tol: 1e-5 }),
  ];
  one.eigenvalues.forEach((value, i) => {
    expect(Math.abs((2 / 12) * value - other.eigenvalues[i]!)).toBeLessThan(3e-6 * other.eigenvalues[0]!);
  });
  for (const held of [one, other, kernel, jacobian, gaussNewton, model]) held.dispose();
  tf.dispose([xs, ys]);
});

it('is refused where the variables of its Jacobian are assigned to while a solver waits', async () => {
  const w = variableOf([1, 2, 3]);
  const jacobian = new JacobianOperator(() => tf.square(w), [w]);
  const run = lanczos(tangentKernel(jacobian));
  await Promise.resolve();
  const next = tf.tensor1d([3, 2, 1]);
  w.assign(next);
  await expect(run).rejects.toThrow(/parameters that stay as they are/);
  jacobian.dispose();
  tf.dispose([w, next]);
});

it('knows the size of its terms: that of the Jacobian, twice', () => {
  const w = variableOf([1, 2, 3]);
  const jacobian = new JacobianOperator(() => tf.square(w), [w]);
  expect(tangentKernel(jacobian).magnitude!()).toBeCloseTo(jacobian.magnitude() ** 2, 5);
  const { shape } = jacobian;
  const bare = {
    shape,
    matvec: (v: tf.Tensor1D) => jacobian.matvec(v),
    rmatvec: (u: tf.Tensor1D) => jacobian.rmatvec(u),
    dispose: () => {},
  };
  // Without any, products count: of the order of the largest eigenvalue, 36.
  const measured = tangentKernel(bare).magnitude!();
  expect(measured).toBeGreaterThan(4);
  expect(measured).toBeLessThan(36.01);
  jacobian.dispose();
  w.dispose();
});

import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { conditionNumber } from '../../../src/estimators/condition-number.js';
import { spectralNorm } from '../../../src/estimators/norm.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { checkOperator } from '../../../src/operators/check-operator.js';
import { deflated } from '../../../src/operators/deflated.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { projected } from '../../../src/operators/projected.js';
import { scaled } from '../../../src/operators/scaled.js';
import { shifted } from '../../../src/operators/shifted.js';
import { subset } from '../../../src/operators/subset.js';
import { sum } from '../../../src/operators/sum.js';
import { solve } from '../../../src/solvers/conjugate-gradient.js';
import { lanczos } from '../../../src/solvers/lanczos.js';
import { powerIteration } from '../../../src/solvers/power-iteration.js';
import { SeededRandom } from '../../../src/random.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import { zeroHessians } from './zero-hessians.js';

/** What counts as zero: ten times the rounding of float32. */
const ZERO = 1e-6;

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  let tensors: number;
  let undo: (() => void) | null;

  beforeEach(async () => {
    await useBackend(backend);
    undo = backend === 'wasm' ? await registerWasmTrainingKernels() : null;
    tensors = tf.memory().numTensors;
  });

  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors);
    undo?.();
  });

  const expectZero = async (operator: LinearOperator): Promise<void> => {
    const zero = ZERO * operator.magnitude!();
    expect(zero).toBeGreaterThan(0);
    for (const which of ['LA', 'SA'] as const) {
      const k = Math.min(3, operator.size);
      const found = await lanczos(operator, { k, which });
      found.dispose();
      expect(found.status).toBe('converged');
      for (const value of found.eigenvalues) expect(Math.abs(value)).toBeLessThanOrEqual(zero);
      for (const norm of found.residualNorms) expect(norm).toBeLessThanOrEqual(zero);
    }
    const iterated = await powerIteration(operator, { maxIterations: 50 });
    iterated.dispose();
    expect(iterated.status).toBe('converged');
    const norm = await spectralNorm(operator);
    expect(norm.status).toBe('converged');
    expect(norm.value).toBeLessThanOrEqual(zero);
  };

  const cases = zeroHessians.flatMap(([name, make]) => {
    return (['exact', 'finiteDifference'] as const).map((method) => [name, method, make] as const);
  });

  it.each(cases)('%s, %s: every solver says converged, and zero', async (_, method, make) => {
    const { objective, variable, dispose } = make();
    const hessian = new HessianOperator(objective, { method });
    const block = subset(hessian, [variable]);
    await expectZero(block);
    expect(await checkOperator(block)).toMatchObject({ passed: true, findings: [] });
    expect((await conditionNumber(block)).status).toBe('singular');
    const b = tf.ones([block.size]) as tf.Tensor1D;
    const solution = await solve(block, b);
    // No step of a solver leads anywhere: what is returned is no worse than the start.
    expect(solution.status).toBe('stagnated');
    expect(solution.residualNorm).toBeLessThanOrEqual(Math.sqrt(block.size) * (1 + 1e-6));
    solution.dispose();
    b.dispose();
    block.dispose();
    hessian.dispose();
    dispose();
  });

  it.each([
    ['Gauss-Newton', (objective) => new GaussNewtonOperator(objective)],
    ['Fisher', (objective) => new FisherOperator(objective, { type: 'exact' })],
    ['sampled Fisher', (objective) => new FisherOperator(objective, { type: 'monteCarlo' })],
  ] as [string, (objective: Parameters<typeof lossObjective>[0] & never) => GaussNewtonOperator][])(
    '%s of the bias before a batch normalisation',
    async (_, make) => {
      const { objective, variable, dispose } = zeroHessians.at(-1)![1]();
      const operator = make(objective as never);
      const block = subset(operator, [variable]);
      await expectZero(block);
      block.dispose();
      operator.dispose();
      dispose();
    },
  );

  it('operators that cancel: sum, shift, deflation of everything, projection on nothing', async () => {
    const w = variableOf([0.5, -1, 2, 0.3, 1.5]);
    const loss = (): tf.Scalar => tf.tidy(() => tf.sum(tf.mul(tf.exp(tf.sin(w)), tf.sum(tf.cos(w)))));
    const hessian = new HessianOperator(lossObjective(loss, [w]));
    const again = new HessianOperator(lossObjective(() => tf.tidy(() => tf.mul(loss(), -1)), [w]));
    const all = await lanczos(hessian, { k: 5, tol: 1e-6 });
    const square = variableOf([1, 2, 3, 4, 5]);
    const unit = new HessianOperator(
      lossObjective(
        () => tf.tidy(() => tf.log(tf.exp(tf.mul(0.05, tf.sum(tf.square(square))))) as tf.Scalar),
        [square],
      ),
    );
    const made = [
      sum(hessian, scaled(hessian, -1)),
      sum(hessian, again),
      deflated(hessian, all),
      projected(hessian, all.eigenvectors),
      shifted(unit, -0.1),
    ];
    for (const operator of made) await expectZero(operator);
    for (const { dispose } of [...made, all]) dispose();
    for (const operator of [hessian, again, unit]) operator.dispose();
    tf.dispose([w, square]);
  });

  it('is that of the block for a block, whatever the others are', () => {
    const small = variableOf([1, 2]);
    const large = variableOf([1, 2]);
    const loss = (): tf.Scalar =>
      tf.tidy(() => tf.add(tf.sum(tf.square(small)), tf.mul(1e8, tf.sum(tf.square(large)))));
    const hessian = new HessianOperator(lossObjective(loss, [small, large]));
    const block = subset(hessian, [small]);
    expect(hessian.magnitude()).toBeGreaterThan(1e7);
    expect(block.magnitude!()).toBeLessThan(100);
    const inner = subset(block, [small]);
    expect(inner.magnitude!()).toBeLessThan(100);
    hessian.dispose();
    tf.dispose([small, large]);
  });

  it('is measured once at each point, and asks for no product where all is well', async () => {
    const w = variableOf([0.5, -1, 2]);
    let evaluations = 0;
    const loss = (): tf.Scalar => {
      evaluations++;
      return tf.tidy(() => tf.sum(tf.exp(tf.mul(w, w))));
    };
    const hessian = new HessianOperator(lossObjective(loss, [w]));
    const found = await lanczos(hessian, { k: 2 });
    found.dispose();
    expect(evaluations).toBe(1);
    const first = hessian.magnitude();
    const after = evaluations;
    expect(hessian.magnitude()).toBe(first);
    expect(evaluations).toBe(after);
    const same = tf.mul(w, 1);
    w.assign(same);
    same.dispose();
    hessian.magnitude();
    expect(evaluations).toBeGreaterThan(after);
    hessian.dispose();
    w.dispose();
  });

  it('does not excuse an operator that is not symmetric', async () => {
    const matrix = tf.tensor2d([
      [1, 2],
      [0, 1],
    ]);
    const operator = matrixOperator(matrix);
    const told = { ...operator, magnitude: () => 1e3 };
    await expect(lanczos(operator)).rejects.toThrow('a symmetric operator');
    await expect(lanczos(told)).rejects.toThrow('a symmetric operator');
    expect((await checkOperator(told)).passed).toBe(false);
    // By a custom gradient that is not the derivative of its function.
    const w = variableOf([1, 2]);
    const claimed = tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([x as tf.Tensor]);
      const gradFunc = (dy: tf.Tensor, [saved]: tf.Tensor[]): tf.Tensor =>
        tf.mul(dy, tf.concat([tf.slice(saved!, [1], [1]), tf.zeros([1])]));
      return { value: tf.sum(x as tf.Tensor), gradFunc: gradFunc as never };
    });
    const hessian = new HessianOperator(lossObjective(() => tf.tidy(() => claimed(w) as tf.Scalar), [w]));
    await expect(lanczos(hessian)).rejects.toThrow('a symmetric operator');
    hessian.dispose();
    operator.dispose();
    tf.dispose([matrix, w]);
  });

  it('goes on from what operands say', () => {
    const said = (magnitude: number): LinearOperator => ({
      size: 2,
      matvec: (v) => tf.clone(v),
      magnitude: () => magnitude,
      dispose: () => {},
    });
    const rows = tf.tensor2d([[1, 0]]);
    const pairs = { eigenvalues: [-4], eigenvectors: rows };
    const [deflation, projection] = [deflated(said(7), pairs), projected(said(7), rows)];
    expect(scaled(said(7), -3).magnitude!()).toBe(21);
    expect(sum(said(7), said(2), said(1)).magnitude!()).toBe(10);
    expect(shifted(said(7), -2).magnitude!()).toBe(9);
    expect(deflation.magnitude!()).toBe(11);
    expect(projection.magnitude!()).toBe(7);
    expect(sum(said(7), said(NaN)).magnitude!()).toBeNaN();
    deflation.dispose();
    projection.dispose();
    rows.dispose();
  });

  it('is the largest column of a matrix, and the size of the products of an operator that does not say', () => {
    const random = new SeededRandom(1);
    const matrix = tf.tensor2d(
      Array.from({ length: 9 }, () => random.normal()),
      [3, 3],
    );
    const operator = matrixOperator(matrix);
    const columns = tf.tidy(() => tf.max(tf.norm(matrix, 'euclidean', 0)).dataSync()[0]!);
    expect(operator.magnitude!()).toBeCloseTo(columns, 5);
    const silent: LinearOperator = { size: 3, matvec: (v) => tf.mul(v, -5), dispose: () => {} };
    expect(scaled(silent, 2).magnitude!()).toBeCloseTo(10, 5);
    operator.dispose();
    matrix.dispose();
  });
});

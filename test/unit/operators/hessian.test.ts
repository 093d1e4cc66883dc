import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CurvatureArgumentError } from '../../../src/errors.js';
import type { LossTerm, Objective } from '../../../src/objectives/objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import type { ClosedForm } from '../../closed-form.js';
import { logisticRegression, quadratic, variableOf } from '../../closed-form.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';

// Rounding of a handful of float32 operations on numbers of order one.
const rounding = 1e-6;

const closedForms: Record<string, () => ClosedForm> = {
  quadratic: () =>
    quadratic(
      [
        [4, 1, 0],
        [1, -3, 2],
        [0, 2, 0.5],
      ],
      [1, -2, 3],
      [0.5, -1, 2],
    ),
  'logistic regression': () =>
    logisticRegression(
      [
        [1, 2],
        [-1, 0.5],
        [0.25, -3],
      ],
      [1, 0, 1],
      [0.3, -0.2],
    ),
};

const product = (matrix: number[][], v: number[]): number[] =>
  matrix.map((row) => row.reduce((sum, x, j) => sum + x * v[j]!, 0));

describe.each(['cpu', 'wasm'] as const)('HessianOperator on %s', (backend) => {
  let before: { numTensors: number; numBytes: number };

  beforeEach(async () => {
    await useBackend(backend);
    before = tf.memory();
  });

  afterEach(() => {
    const { numTensors, numBytes } = tf.memory();
    expect({ numTensors, numBytes }).toEqual({ numTensors: before.numTensors, numBytes: before.numBytes });
  });

  describe.each(Object.entries(closedForms))('%s', (_, make) => {
    it.each([
      ['exact', true, rounding],
      ['exact', false, rounding],
      // ε^(2/3) truncation and rounding of a central difference, with room for the third derivative.
      ['finiteDifference', 'auto', 2e-3],
    ] as const)('method %s, retain %s: loss, gradient, products', (method, retain, tolerance) => {
      const form = make();
      const operator = new HessianOperator(lossObjective(form.loss, [form.variable]), { method, retain });
      expect(operator.size).toBe(form.gradient.length);
      expect(operator.loss()).toBeCloseTo(form.value, 5);
      const gradient = operator.gradient();
      expect(relativeError(gradient.dataSync(), form.gradient)).toBeLessThan(rounding);
      form.gradient.forEach((_, i) => {
        const direction = form.gradient.map((_, j) => (i === j ? 1 : 0.25));
        const v = tf.tensor1d(direction);
        const hv = operator.matvec(v);
        expect(relativeError(hv.dataSync(), product(form.hessian, direction))).toBeLessThan(tolerance);
        tf.dispose([v, hv]);
      });
      tf.dispose(gradient);
      operator.dispose();
      operator.dispose();
      form.dispose();
    });
  });

  it('linearizes afresh when a variable was assigned to, and only then', () => {
    const w = variableOf([1, 2]);
    let evaluations = 0;
    const loss = (): tf.Scalar => {
      evaluations++;
      return tf.tidy(() => tf.sum(tf.pow(w, 3)));
    };
    const operator = new HessianOperator(lossObjective(loss, [w]));
    const v = tf.tensor1d([1, 1]);
    // d²(w³) = 6w
    const products = (): number[] => tf.tidy(() => Array.from(operator.matvec(v).dataSync()));
    expect(products()).toEqual([6, 12]);
    expect(products()).toEqual([6, 12]);
    expect(evaluations).toBe(1);
    const moved = tf.tensor1d([3, -1]);
    w.assign(moved);
    expect(products()).toEqual([18, -6]);
    expect(evaluations).toBe(2);
    operator.refresh();
    expect(evaluations).toBe(3);
    operator.dispose();
    tf.dispose([w, v, moved]);
  });

  it('weighs terms and rebuilds those that are not kept', () => {
    const w = variableOf([1, 2]);
    const term = (weight: number, power: number): LossTerm => ({
      weight,
      loss: () => tf.tidy(() => tf.sum(tf.pow(w, power))),
    });
    const objective: Objective = {
      ...lossObjective(() => tf.scalar(0), [w]),
      terms: [term(0.25, 2), term(0.75, 3)],
    };
    const v = tf.tensor1d([1, -1]);
    for (const retain of [true, false, 'auto'] as const) {
      const operator = new HessianOperator(objective, { retain });
      const hv = operator.matvec(v);
      // 0.25 · 2 v + 0.75 · 6 w v
      expect(Array.from(hv.dataSync())).toEqual([5, -9.5]);
      // 0.25 · 5 + 0.75 · 9
      expect(operator.loss()).toBe(8);
      hv.dispose();
      operator.dispose();
    }
    tf.dispose([w, v]);
  });

  it('gives zero rows to variables that the loss does not reach', () => {
    const [a, b, c] = [variableOf(2), variableOf([1, 1]), variableOf(3)];
    const loss = (): tf.Scalar => tf.tidy(() => tf.mul(tf.square(a), c));
    const operator = new HessianOperator(lossObjective(loss, [a, b, c]));
    const v = tf.tensor1d([1, 5, 5, 10]);
    const hv = operator.matvec(v);
    // L = a²c: L_aa = 2c = 6, L_ac = 2a = 4, L_cc = 0
    expect(Array.from(hv.dataSync())).toEqual([46, 0, 0, 4]);
    operator.dispose();
    tf.dispose([a, b, c, v, hv]);
  });

  it('puts the variables back bit for bit after finite differences, also when the loss throws', () => {
    const w = variableOf([0.1, 0.2, 0.3]);
    const original = w.dataId;
    let calls = 0;
    const loss = (): tf.Scalar => {
      if (++calls === 3) throw new Error('the data ran out');
      return tf.tidy(() => tf.sum(tf.square(w)));
    };
    const operator = new HessianOperator(lossObjective(loss, [w]), { method: 'finiteDifference' });
    const v = tf.tensor1d([1, 0, 0]);
    expect(() => operator.matvec(v)).toThrow('the data ran out');
    expect(w.dataId).toBe(original);
    const hv = operator.matvec(v);
    expect(w.dataId).toBe(original);
    operator.dispose();
    tf.dispose([w, v, hv]);
  });

  describe('bad input', () => {
    it('names the function, what it expected and what came', () => {
      const w = variableOf([1, 2]);
      const flags = variableOf([1, 0], 'int32');
      const gone = variableOf([1]);
      gone.dispose();
      const square = (): tf.Scalar => tf.tidy(() => tf.sum(tf.square(w)));
      const operator = new HessianOperator(lossObjective(square, [w]));
      const disposed = tf.tensor1d([1, 1]);
      disposed.dispose();
      const long = tf.tensor1d([1, 1, 1]);
      const integers = tf.tensor1d([1, 1], 'int32');
      const infinite = tf.tensor1d([1, Infinity]);
      const cases: [() => unknown, RegExp][] = [
        [() => lossObjective(square, []), /lossObjective: expected at least one tf.Variable/],
        [() => lossObjective(square, [flags]), /float32 variables, received .*int32/],
        [() => lossObjective(square, [gone]), /not disposed/],
        [() => lossObjective(square, [w, w]), /each variable once/],
        [() => lossObjective(3 as never, [w]), /a function that returns the loss.*received 3/],
        [() => new HessianOperator(lossObjective(() => tf.square(w) as never, [w])), /scalar.*\[2\]/],
        [
          () => new HessianOperator(lossObjective(() => tf.tidy(() => tf.cast(tf.sum(w), 'int32')), [w])),
          /float32 scalar/,
        ],
        [
          () =>
            new HessianOperator(
              lossObjective(() => tf.tidy(() => tf.log(tf.neg(tf.sum(tf.square(w))))), [w]),
            ),
          /finite.*NaN/,
        ],
        [
          () => new HessianOperator(lossObjective(() => tf.tidy(() => tf.div(tf.sum(tf.square(w)), 0)), [w])),
          /finite.*Infinity/,
        ],
        [() => new HessianOperator(lossObjective(() => tf.scalar(1), [w])), /depends on none of them/],
        [
          () => new HessianOperator(lossObjective(square, [w]), { method: 'magic' as never }),
          /method.*"magic"/,
        ],
        [() => operator.matvec(long), /shape \[2\], received tensor float32 \[3\]/],
        [() => operator.matvec(integers), /float32 vector.*int32/],
        [() => operator.matvec(disposed), /disposed tensor/],
        [() => operator.matvec(infinite), /finite/],
        [() => operator.matvec(undefined as never), /shape \[2\], received undefined/],
      ];
      for (const [call, message] of cases) {
        expect(call).toThrow(message);
        expect(call).toThrow(CurvatureArgumentError);
      }
      operator.dispose();
      expect(() => operator.matvec(long)).toThrow(/live operator, received a disposed one/);
      expect(() => operator.loss()).toThrow(CurvatureArgumentError);
      tf.dispose([w, flags, long, integers, infinite]);
    });

    it('refuses to run inside of a function that tfjs differentiates', () => {
      const w = variableOf([1, 2]);
      const inner = (): tf.Scalar => {
        new HessianOperator(lossObjective(() => tf.sum(tf.square(w)), [w]));
        return tf.sum(w);
      };
      expect(() => tf.tidy(() => tf.variableGrads(inner, [w]))).toThrow(/outside of tf.grad/);
      w.dispose();
    });
  });
});

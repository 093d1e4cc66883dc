import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeEach, describe, expect, it } from 'vitest';
import { CurvatureArgumentError } from '../../../src/errors.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import { JacobianOperator } from '../../../src/operators/jacobian-operator.js';
import type { RectangularOperator } from '../../../src/operators/rectangular-operator.js';
import { variableOf } from '../../closed-form.js';
import { relativeError } from '../../golden-case.js';
import { ownedByTest } from '../../owned.js';
import { dense, matrixOf, normal } from './kfac-case.js';

// A sweep or two in float32.
const rounding = 2e-6;

/** The products with all unit vectors. */
function products(product: (v: Tensor1D) => Tensor1D, size: number): number[][] {
  return Array.from({ length: size }, (_, at) => {
    const unit = new Float32Array(size);
    unit[at] = 1;
    return tf.tidy(() => Array.from(product(tf.tensor1d(unit)).dataSync()));
  });
}

const transposed = (rows: readonly (readonly number[])[]): number[][] =>
  rows[0]!.map((_, j) => rows.map((row) => row[j]!));

/** Both products are those of a matrix. */
function expectMatrix(operator: RectangularOperator, expected: readonly (readonly number[])[]): void {
  const [m, n] = operator.shape;
  expect([m, n]).toEqual([expected.length, expected[0]!.length]);
  const columns = transposed(products((v) => operator.matvec(v), n));
  const rows = products((u) => operator.rmatvec(u), m);
  for (const received of [columns, rows]) {
    expect(relativeError(received.flat(), expected.flat())).toBeLessThan(rounding);
  }
}

/** ∂z/∂(W, b) of z = x W + b with c outputs, row by row. */
const linearJacobian = (x: readonly (readonly number[])[], c: number): number[][] =>
  x.flatMap((row) =>
    Array.from({ length: c }, (_, k) => [
      ...row.flatMap((value) => Array.from({ length: c }, (_, j) => (j === k ? value : 0))),
      ...Array.from({ length: c }, (_, j) => Number(j === k)),
    ]),
  );

const inputs = [
  [1, 0.5],
  [-2, 0.25],
  [0.75, 3],
  [-1, -1],
  [0, 2],
];

describe('JacobianOperator', () => {
  let xs: tf.Tensor2D;
  const own = ownedByTest();
  beforeEach(() => void (xs = own(tf.tensor2d(inputs))));

  const sequential = (...layers: tfl.layers.Layer[]): tfl.LayersModel => own(tfl.sequential({ layers }));
  const linear = (units: number): tfl.layers.Layer => tfl.layers.dense({ units, inputShape: [2] });

  it.each([1, 2, 5, 100])('holds the inputs of a linear model, in batches of %i', (batchSize) => {
    const model = sequential(linear(3));
    const jacobian = own(new JacobianOperator(model, xs, { batchSize }));
    expectMatrix(jacobian, linearJacobian(inputs, 3));
    expect(jacobian.parameters.names).toEqual(model.trainableWeights.map(({ originalName }) => originalName));
  });

  it('is that of a net with a hidden layer, in closed form', () => {
    const [h, c] = [3, 2];
    const model = sequential(dense(h, 'tanh', 1, { inputShape: [2] }), dense(c, 'linear', 2));
    const [w1, b1, w2] = model.getWeights().map((weight) => Array.from(weight.dataSync())) as [
      number[],
      number[],
      number[],
    ];
    const expected = inputs.flatMap((x) => {
      const t = b1.map((b, j) => Math.tanh(x.reduce((sum, value, a) => sum + value * w1[a * h + j]!, b)));
      return Array.from({ length: c }, (_, k) => {
        const down = t.map((value, j) => (1 - value * value) * w2[j * c + k]!);
        const outputs = (value: number): number[] =>
          Array.from({ length: c }, (_, j) => (j === k ? value : 0));
        return [
          ...x.flatMap((value) => down.map((d) => value * d)),
          ...down,
          ...t.flatMap(outputs),
          ...outputs(1),
        ];
      });
    });
    expectMatrix(own(new JacobianOperator(model, xs)), expected);
  });

  it('has the rows of several outputs example by example, and sums over the uses of a shared layer', () => {
    const [a, b] = [tfl.input({ shape: [2], name: 'a' }), tfl.input({ shape: [2], name: 'b' })];
    // Each of its uses counts as one who holds it.
    const shared = own(linear(2));
    const other = tfl.layers.dense({ units: 1, useBias: false });
    const outputs = [shared.apply(a), other.apply(shared.apply(b))] as tfl.SymbolicTensor[];
    const model = own(tfl.model({ inputs: [a, b], outputs }));
    const second = inputs.map((row) => row.map((x) => 2 * x - 1));
    const jacobian = own(
      new JacobianOperator(model, { b: own(tf.tensor2d(second)), a: xs }, { batchSize: 2 }),
    );
    const [w, bias, v] = model.getWeights().map((weight) => Array.from(weight.dataSync())) as [
      number[],
      number[],
      number[],
    ];
    const [first, below] = [linearJacobian(inputs, 2), linearJacobian(second, 2)];
    const expected = inputs.flatMap((_, i) => {
      const z = [0, 1].map((k) => second[i]!.reduce((sum, x, d) => sum + x * w[d * 2 + k]!, bias[k]!));
      const combined = below[2 * i]!.map((_, j) => below[2 * i]![j]! * v[0]! + below[2 * i + 1]![j]! * v[1]!);
      return [
        [...first[2 * i]!, 0, 0],
        [...first[2 * i + 1]!, 0, 0],
        [...combined, ...z],
      ];
    });
    expectMatrix(jacobian, expected);
  });

  it('leaves frozen weights out, and has rows of zeros for an output that no other enters', () => {
    const input = tfl.input({ shape: [2] });
    const frozen = tfl.layers.dense({ units: 2, trainable: false });
    const outputs = [frozen.apply(input), linear(1).apply(input)] as tfl.SymbolicTensor[];
    const model = own(tfl.model({ inputs: input, outputs }));
    const expected = linearJacobian(inputs, 1).flatMap((row) => [[0, 0, 0], [0, 0, 0], row]);
    expectMatrix(own(new JacobianOperator(model, xs)), expected);
  });

  it('runs layers as in inference, or as in training, and leaves their averages alone', () => {
    const model = sequential(
      tfl.layers.batchNormalization({ inputShape: [2], epsilon: 1e-3 }),
      tfl.layers.dropout({ rate: 0.5 }),
    );
    const moments = [own(tf.tensor1d([0.5, -1])), own(tf.tensor1d([4, 0.25]))] as const;
    model.setWeights([...model.getWeights().slice(0, 2), ...moments]);
    const normalised = (mean: number[], variance: number[]): number[][] =>
      inputs.flatMap((x) =>
        x.map((value, j) => {
          const slope = (value - mean[j]!) / Math.sqrt(variance[j]! + 1e-3);
          return [...x.map((_, k) => (k === j ? slope : 0)), ...x.map((_, k) => Number(k === j))];
        }),
      );
    expectMatrix(own(new JacobianOperator(model, xs)), normalised([0.5, -1], [4, 0.25]));

    const columns = transposed(inputs);
    const mean = columns.map((x) => x.reduce((sum, value) => sum + value, 0) / x.length);
    const variance = columns.map(
      (x, j) => x.reduce((sum, value) => sum + (value - mean[j]!) ** 2, 0) / x.length,
    );
    const whole = normalised(mean, variance);
    const training = own(new JacobianOperator(model, xs, { training: true }));
    const rows = products((u) => training.rmatvec(u), training.shape[0]);
    rows.forEach((row, i) => {
      // Half of the numbers are dropped, the others doubled.
      const isDropped = row.every((x) => x === 0);
      const expected = whole[i]!.map((x) => (isDropped ? 0 : 2 * x));
      row.forEach((x, j) => expect(x).toBeCloseTo(expected[j]!, 4));
    });
    const dropped = rows.filter((row) => row.every((x) => x === 0)).length;
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(rows.length);
    expect(products((u) => training.rmatvec(u), training.shape[0])).toEqual(rows);
    const present = model.getWeights().slice(2);
    expect(present.map((weight) => Array.from(weight.dataSync()))).toEqual([
      [0.5, -1],
      [4, 0.25],
    ]);
  });

  it('goes through the states of a stateful layer, from batch to batch', () => {
    const layer = tfl.layers.simpleRNN({
      units: 1,
      activation: 'linear',
      recurrentInitializer: 'zeros',
      stateful: true,
      batchInputShape: [1, 1, 1],
    });
    const model = sequential(layer);
    const weights = [tf.tensor2d([[0.5]]), tf.tensor2d([[-0.75]]), tf.tensor1d([0.25])].map(own);
    model.setWeights(weights);
    const steps = own(tf.tensor3d([[[2]], [[-1]]]));
    const first = 0.5 * 2 + 0.25;
    // h₁ = w x₁ + b, h₂ = w x₂ + u h₁ + b
    expectMatrix(own(new JacobianOperator(model, steps)), [
      [2, 0, 1],
      [-1 - 0.75 * 2, first, 1 - 0.75],
    ]);
    tf.dispose((layer as unknown as { states_: Tensor[] }).states_);
  });

  it('takes numbers [N] for a column, as model.fit does', () => {
    const model = sequential(tfl.layers.dense({ units: 1, inputShape: [1] }));
    const column = own(tf.tensor1d([1, 2, 3]));
    expectMatrix(own(new JacobianOperator(model, column)), [
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
  });

  it('is taken of any function of variables, such as logits', () => {
    const [w, c] = [own(variableOf([2, 3])), own(variableOf(5))];
    const outputs = (): Tensor[] => [
      tf.reshape(tf.mul(tf.square(w), c), [2, 1]),
      tf.reshape(tf.sin(w), [2, 1]),
    ];
    const jacobian = own(new JacobianOperator(outputs, [w, c]));
    expectMatrix(jacobian, [
      [20, 0, 4],
      [Math.cos(2), 0, 0],
      [0, 30, 9],
      [0, Math.cos(3), 0],
    ]);
    const bare = own(new JacobianOperator(() => tf.sum(tf.mul(w, w)), [w]));
    expectMatrix(bare, [[4, 6]]);
  });

  it('makes the Gauss-Newton matrix of mean squared error: G = 2/m JᵀJ', () => {
    const model = sequential(dense(3, 'tanh', 1, { inputShape: [2] }), dense(2, 'linear', 2));
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const ys = own(normal([5, 2], 3));
    const gaussNewton = own(new GaussNewtonOperator(modelObjective(model, { xs, ys }, { batchSize: 3 })));
    const jacobian = own(new JacobianOperator(model, xs, { batchSize: 2 }));
    const [m, n] = jacobian.shape;
    const rows = products((u) => jacobian.rmatvec(u), m);
    const expected = Array.from({ length: n }, (_, a) =>
      Array.from({ length: n }, (_, b) => (2 / m) * rows.reduce((sum, row) => sum + row[a]! * row[b]!, 0)),
    );
    expect(relativeError(matrixOf(gaussNewton).flat(), expected.flat())).toBeLessThan(rounding);
  });

  it('follows its variables, and linearizes afresh when told', () => {
    const w = own(variableOf([2, 3]));
    let factor = 1;
    const jacobian = own(new JacobianOperator(() => tf.mul(tf.square(w), factor), [w]));
    expectMatrix(jacobian, [
      [4, 0],
      [0, 6],
    ]);
    w.assign(own(tf.tensor1d([1, -1])));
    expectMatrix(jacobian, [
      [2, 0],
      [0, -2],
    ]);
    factor = 10;
    jacobian.refresh();
    expectMatrix(jacobian, [
      [20, 0],
      [0, -20],
    ]);
  });

  it('knows the size of its terms: the outputs of one softmax unit do not depend on anything', () => {
    const model = sequential(dense(1, 'softmax', 1, { inputShape: [2] }));
    const jacobian = own(new JacobianOperator(model, xs));
    const rest = Math.max(
      ...products((u) => jacobian.rmatvec(u), 5)
        .flat()
        .map(Math.abs),
    );
    expect(rest).toBeLessThan(1e-6 * jacobian.magnitude());
    const other = own(new JacobianOperator(sequential(linear(1)), xs));
    // The largest singular value of (x, 1), in double precision by hand: the terms do not cancel, so that they are of its size.
    expect(other.magnitude()).toBeGreaterThan(1);
    expect(other.magnitude()).toBeLessThan(20);
  });

  describe('refuses', () => {
    const refusal = (call: () => unknown): string => {
      try {
        call();
      } catch (error) {
        expect(error).toBeInstanceOf(CurvatureArgumentError);
        return (error as Error).message;
      }
      return 'nothing';
    };

    it('what is no model, inputs that do not fit it, and options that it does not have', () => {
      const model = sequential(linear(1));
      const wrong = own(tf.ones([5, 3]));
      expect(refusal(() => new JacobianOperator(3 as never, xs))).toMatch(
        /^JacobianOperator: expected a LayersModel/,
      );
      expect(refusal(() => new JacobianOperator(model, wrong))).toMatch(/xs of shape \[…,2\]/);
      expect(refusal(() => new JacobianOperator(model, [xs, xs]))).toMatch(/xs: 1 tensor, received 2/);
      expect(refusal(() => new JacobianOperator(model, xs, { batchSize: 0 }))).toMatch(/batchSize >= 1/);
      expect(refusal(() => new JacobianOperator(model, xs, { train: true } as never))).toMatch(/"train"/);
      model.trainable = false;
      expect(refusal(() => new JacobianOperator(model, xs))).toMatch(/2 weights, all of them frozen/);
    });

    it('functions whose outputs have no examples in common, or change their number, and options beside one', () => {
      const w = own(variableOf([1, 2]));
      const uneven = (): Tensor[] => [tf.square(w), tf.reshape(tf.sum(w), [1])];
      expect(refusal(() => new JacobianOperator(uneven, [w]))).toMatch(
        /^JacobianOperator: expected outputs of which the first axis counts the same examples, received \[2\], \[1\]/,
      );
      const whole = (): Tensor => tf.cast(tf.square(w), 'int32');
      expect(refusal(() => new JacobianOperator(whole, [w]))).toMatch(
        /expected float32 outputs, received tensor int32 \[2\]/,
      );
      expect(refusal(() => new JacobianOperator(() => own(tf.ones([2])), [w]))).toMatch(
        /outputs that depend on none of them\. Reads .*compute the outputs/,
      );
      expect(
        refusal(
          () => new (JacobianOperator as never as new (...args: unknown[]) => unknown)(() => w, [w], {}),
        ),
      ).toMatch(/no options beside a function/);
      let isLong = false;
      const growing = own(new JacobianOperator(() => tf.tile(tf.square(w), [isLong ? 2 : 1]), [w]));
      isLong = true;
      expect(refusal(() => growing.refresh())).toMatch(/2 numbers of output at every evaluation.*received 4/);
    });

    it('vectors that do not fit or are not finite, inputs and itself once they are disposed', () => {
      const model = sequential(linear(1));
      const gone = tf.tensor2d(inputs);
      const jacobian = own(new JacobianOperator(model, gone));
      const [long, bad] = [own(tf.ones<tf.Rank.R1>([4])), own(tf.tensor1d([1, NaN, 1]))];
      expect(refusal(() => jacobian.matvec(long))).toMatch(/^JacobianOperator.matvec: .*\[3\]/);
      expect(refusal(() => jacobian.rmatvec(long))).toMatch(/^JacobianOperator.rmatvec: .*\[5\]/);
      expect(refusal(() => jacobian.matvec(bad))).toMatch(/finite numbers/);
      gone.dispose();
      expect(refusal(() => jacobian.refresh())).toMatch(/xs that live as long as they are used/);
      jacobian.dispose();
      jacobian.dispose();
      expect(refusal(() => jacobian.matvec(long))).toMatch(/a live operator, received a disposed one/);
    });
  });
});

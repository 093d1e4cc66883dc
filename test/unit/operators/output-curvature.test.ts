import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linearizeOutputs } from '../../../src/autodiff/linearize-outputs.js';
import { CurvatureArgumentError } from '../../../src/errors.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import type { Objective } from '../../../src/objectives/objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { ParameterSpace } from '../../../src/parameters.js';
import { variableOf } from '../../closed-form.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';

// A product through two or three sweeps in float32.
const rounding = 2e-6;

const normal = (shape: number[], seed: number): Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** The matrix of an operator, column by column. */
function matrixOf(operator: LinearOperator): number[] {
  const { size } = operator;
  return Array.from({ length: size }, (_, i) =>
    tf.tidy(() =>
      Array.from(
        operator.matvec(tf.cast(tf.oneHot(tf.scalar(i, 'int32'), size), 'float32') as Tensor1D).dataSync(),
      ),
    ),
  ).flat();
}

/** Builds an operator, takes its matrix and disposes it. */
function matrixFrom(make: () => LinearOperator): number[] {
  const operator = make();
  const matrix = matrixOf(operator);
  operator.dispose();
  return matrix;
}

interface Problem {
  objective: Objective;
  /** The same objective on one example alone. */
  example: (i: number) => Objective;
  examples: number;
  dispose(): void;
}

/** A model without hidden layer, or with one, under a loss of tfjs-layers. */
function problem(loss: string, activation: 'softmax' | 'sigmoid' | 'linear', hidden: boolean): Problem {
  const examples = 5;
  const classes = 3;
  const dense = (
    args: { units: number; activation: typeof activation | 'tanh' },
    seed: number,
  ): tfl.layers.Layer =>
    tfl.layers.dense({
      ...args,
      inputShape: [2],
      kernelInitializer: tfl.initializers.glorotNormal({ seed }),
    });
  const last = dense({ units: classes, activation }, 11);
  const model = tfl.sequential({
    layers: hidden ? [dense({ units: 4, activation: 'tanh' }, 12), last] : [last],
  });
  const xs = normal([examples, 2], 13);
  const labels = tf.tensor1d([0, 2, 1, 1, 0], 'int32');
  const ys =
    loss === 'sparseCategoricalCrossentropy'
      ? tf.tidy(() => tf.reshape(tf.cast(labels, 'float32'), [examples, 1]))
      : loss === 'meanSquaredError'
        ? normal([examples, classes], 14)
        : tf.tidy(() => tf.cast(tf.oneHot(labels, classes), 'float32'));
  const rows = (t: Tensor): Tensor[] => tf.split(t, examples);
  const [xRows, yRows] = [rows(xs), rows(ys)];
  return {
    examples,
    // Batches of two, so that the last is short.
    objective: modelObjective(model, { xs, ys }, { loss, batchSize: 2 }),
    example: (i) => modelObjective(model, { xs: xRows[i]!, ys: yRows[i]! }, { loss }),
    dispose: () => {
      tf.dispose([xs, ys, labels, xRows, yRows]);
      model.dispose();
    },
  };
}

const likelihoods = [
  ['categoricalCrossentropy', 'softmax'],
  ['sparseCategoricalCrossentropy', 'softmax'],
  ['binaryCrossentropy', 'sigmoid'],
  ['meanSquaredError', 'linear'],
] as const;

describe('Gauss-Newton and Fisher operators', () => {
  let before: tf.MemoryInfo;

  beforeEach(async () => {
    await useBackend('cpu');
    before = tf.memory();
  });

  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  });

  it('linearizes outputs: Jv as central differences, Jᵀ as its adjoint', () => {
    const w = variableOf([0.3, -0.7, 1.1]);
    const outputs = (): Tensor[] =>
      tf.tidy(() => [tf.tanh(tf.mul(w, w)), tf.reshape(tf.sum(tf.exp(w)), [1])]);
    const linearization = linearizeOutputs(outputs, new ParameterSpace([w]), 'test');
    const v = tf.tensor1d([1, -2, 0.5]);
    const u = [tf.tensor1d([0.25, 1, -1]), tf.tensor1d([2])];
    const jv = linearization.jvp([v]);
    const [jtu] = linearization.vjp(u);
    // ∂ tanh(w²) = 2w(1 − tanh²(w²)); ∂ Σeʷ = eʷ
    const values = [0.3, -0.7, 1.1];
    const diagonal = values.map((x) => 2 * x * (1 - Math.tanh(x * x) ** 2));
    const direction = [1, -2, 0.5];
    const expected = [
      ...diagonal.map((d, i) => d * direction[i]!),
      values.reduce((sum, x, i) => sum + Math.exp(x) * direction[i]!, 0),
    ];
    expect(
      relativeError(
        jv.flatMap((part) => [...part.dataSync()]),
        expected,
      ),
    ).toBeLessThan(rounding);
    const adjoint = diagonal.map((d, i) => d * [0.25, 1, -1][i]! + 2 * Math.exp(values[i]!));
    expect(relativeError(jtu!.dataSync(), adjoint)).toBeLessThan(rounding);
    linearization.dispose();
    tf.dispose([w, v, u, jv, jtu!]);
  });

  describe.each(likelihoods)('%s', (loss, activation) => {
    it('equal the Hessian of a model that is linear in its parameters', () => {
      const { objective, dispose } = problem(loss, activation, false);
      const hessian = matrixFrom(() => new HessianOperator(objective));
      const gaussNewton = matrixFrom(() => new GaussNewtonOperator(objective));
      const fisher = matrixFrom(() => new FisherOperator(objective, { type: 'exact' }));
      expect(relativeError(gaussNewton, hessian)).toBeLessThan(rounding);
      expect(relativeError(fisher, hessian)).toBeLessThan(rounding);
      dispose();
    });

    it('Monte Carlo Fisher: the exact one in expectation, the same for the same seed', () => {
      const { objective, dispose } = problem(loss, activation, true);
      const exact = matrixFrom(() => new GaussNewtonOperator(objective));
      const sampled = (samples: number, seed: number): number[] =>
        matrixFrom(() => new FisherOperator(objective, { type: 'monteCarlo', samples, seed }));
      expect(sampled(3, 1)).toEqual(sampled(3, 1));
      expect(sampled(3, 1)).not.toEqual(sampled(3, 2));
      // 400 samples: a standard error of 1/20 of what one sample deviates, which is of the order of the matrix.
      expect(relativeError(sampled(400, 3), exact)).toBeLessThan(0.15);
      dispose();
    });

    it('empirical Fisher: the mean outer product of the gradients of the examples', () => {
      const { objective, example, examples, dispose } = problem(loss, activation, true);
      const n = objective.parameters.size;
      const expected = new Array<number>(n * n).fill(0);
      for (let i = 0; i < examples; i++) {
        const hessian = new HessianOperator(example(i));
        const gradient = hessian.gradient();
        const g = gradient.dataSync();
        for (let r = 0; r < n; r++)
          for (let c = 0; c < n; c++) expected[r * n + c]! += (g[r]! * g[c]!) / examples;
        gradient.dispose();
        hessian.dispose();
      }
      const empirical = matrixFrom(() => new FisherOperator(objective, { type: 'empirical' }));
      expect(relativeError(empirical, expected)).toBeLessThan(1e-5);
      dispose();
    });

    it('are positive semidefinite where the Hessian is not', () => {
      const { objective, dispose } = problem(loss, activation, true);
      const quadraticForms = (operator: LinearOperator): number[] => {
        const forms = Array.from({ length: 30 }, (_, seed) =>
          tf.tidy(() => {
            const v = normal([operator.size], seed + 1) as Tensor1D;
            return tf.dot(v, operator.matvec(v)).dataSync()[0]! / tf.sum(tf.square(v)).dataSync()[0]!;
          }),
        );
        operator.dispose();
        return forms;
      };
      for (const type of ['exact', 'monteCarlo', 'empirical'] as const) {
        const forms = quadraticForms(new FisherOperator(objective, { type }));
        expect(Math.min(...forms)).toBeGreaterThan(-1e-6 * Math.max(...forms));
      }
      const forms = quadraticForms(new GaussNewtonOperator(objective));
      expect(Math.min(...forms)).toBeGreaterThan(-1e-6 * Math.max(...forms));
      dispose();
    });
  });

  it('take a custom loss with its outputs', () => {
    const w = variableOf([2, 3]);
    const custom = {
      outputs: (): Tensor => tf.tidy(() => tf.reshape(tf.mul(w, w), [2, 1])),
      loss: (z: Tensor): Scalar => tf.tidy(() => tf.mean(tf.square(z))),
      likelihood: 'gaussian' as const,
    };
    const objective = lossObjective(custom, [w]);
    // z = w², J = diag(2w), ∇²ℓ = I: G = diag(4w²)
    expect(matrixFrom(() => new GaussNewtonOperator(objective))).toEqual([16, 0, 0, 36]);
    expect(matrixFrom(() => new FisherOperator(objective, { type: 'exact' }))).toEqual([16, 0, 0, 36]);
    // ℓ = ½Σw⁴: H = diag(6w²)
    expect(matrixFrom(() => new HessianOperator(objective))).toEqual([24, 0, 0, 54]);
    w.dispose();
  });

  it('say what they lack', () => {
    const w = variableOf([1, 2]);
    const bare = lossObjective(() => tf.tidy(() => tf.sum(tf.square(w))), [w]);
    const unknown = lossObjective(
      { outputs: () => tf.tidy(() => tf.reshape(w, [2, 1])), loss: (z) => tf.tidy(() => tf.mean(tf.abs(z))) },
      [w],
    );
    const cases: [() => unknown, RegExp][] = [
      [() => new GaussNewtonOperator(bare), /GaussNewtonOperator: .*lossObjective\(\{outputs, loss\}/],
      [() => new FisherOperator(unknown, { type: 'exact' }), /negative log-likelihood/],
      [() => new FisherOperator(unknown, { type: 'monteCarlo' }), /negative log-likelihood/],
      [() => new FisherOperator(unknown, { type: 'guessed' as never }), /type.*"guessed"/],
      [() => new FisherOperator(unknown, { type: 'monteCarlo', samples: 0 }), /samples.*0/],
    ];
    for (const [call, message] of cases) {
      expect(call).toThrow(message);
      expect(call).toThrow(CurvatureArgumentError);
    }
    w.dispose();
  });
});

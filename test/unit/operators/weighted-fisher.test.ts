import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import type { FisherOptions } from '../../../src/operators/fisher.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { variableOf } from '../../closed-form.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';

const xs = [
  [0.5, -1],
  [1.5, 0.3],
  [-0.7, 0.8],
  [0.2, 1.1],
  [-1.2, -0.4],
];
const weights = [1, 4, 0, 0.5, 2.5];
const examples = xs.length;

/** The part of a model behind one output z = xW, as it is known on paper. */
interface Head {
  readonly loss: string;
  readonly activation: 'softmax' | 'sigmoid' | 'linear';
  readonly kernel: number[][];
  readonly targets: number[][];
  /** ∇ℓ(z) at a target, and ∇²ℓ(z). */
  readonly residual: (z: number[], y: number[]) => number[];
  readonly hessian: (z: number[]) => number[][];
}

const softmax = (z: number[]): number[] => {
  const total = z.reduce((sum, x) => sum + Math.exp(x), 0);
  return z.map((x) => Math.exp(x) / total);
};
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const diagonal = (values: number[]): number[][] =>
  values.map((value, i) => values.map((_, j) => (i === j ? value : 0)));
const oneHot = (classes: number[], count: number): number[][] =>
  classes.map((c) => Array.from({ length: count }, (_, j) => Number(j === c)));

const heads: readonly Head[] = [
  {
    // ℓ = -Σ_c y_c log p_c
    loss: 'categoricalCrossentropy',
    activation: 'softmax',
    kernel: [
      [0.3, -0.8, 0.5],
      [1.1, 0.2, -0.6],
    ],
    targets: oneHot([0, 2, 1, 1, 0], 3),
    residual: (z, y) => softmax(z).map((p, c) => p - y[c]!),
    hessian: (z) => {
      const p = softmax(z);
      return diagonal(p).map((row, i) => row.map((value, j) => value - p[i]! * p[j]!));
    },
  },
  {
    // The mean of two cross-entropies.
    loss: 'binaryCrossentropy',
    activation: 'sigmoid',
    kernel: [
      [-0.4, 0.9],
      [0.7, 0.1],
    ],
    targets: [
      [1, 0],
      [0, 0],
      [1, 1],
      [0, 1],
      [1, 0],
    ],
    residual: (z, y) => z.map((x, c) => (sigmoid(x) - y[c]!) / 2),
    hessian: (z) => diagonal(z.map((x) => (sigmoid(x) * (1 - sigmoid(x))) / 2)),
  },
  {
    // The mean of three squares.
    loss: 'meanSquaredError',
    activation: 'linear',
    kernel: [
      [0.6, -0.2, 0.9],
      [-0.5, 1.3, 0.4],
    ],
    targets: xs.map(([a, b]) => [a! + 1, b!, a! * b!]),
    residual: (z, y) => z.map((x, c) => (2 / 3) * (x - y[c]!)),
    hessian: (z) => diagonal(z.map(() => 2 / 3)),
  },
];

const outputsOf = (head: Head, x: number[]): number[] =>
  head.kernel[0]!.map((_, c) => x.reduce((sum, value, a) => sum + value * head.kernel[a]![c]!, 0));

/** x ⊗ r, the gradient by the kernels of all heads, flat. */
const gradientOf = (x: number[], residuals: number[][]): number[] =>
  residuals.flatMap((r) => x.flatMap((value) => r.map((part) => value * part)));

/** Σ_i w_i r_i r_iᵀ / N in the parameters of the heads, r_i the gradient of the loss of example i. */
function weighedOuterProducts(some: readonly Head[]): number[] {
  const gradients = xs.map((x, i) =>
    gradientOf(
      x,
      some.map((head) => head.residual(outputsOf(head, x), head.targets[i]!)),
    ),
  );
  const n = gradients[0]!.length;
  return Array.from({ length: n * n }, (_, at) =>
    gradients.reduce((sum, g, i) => sum + (weights[i]! / examples) * g[Math.floor(at / n)]! * g[at % n]!, 0),
  );
}

/** Σ_i w_i xxᵀ ⊗ ∇²ℓ / N, a block for each head. */
function weighedHessian(some: readonly Head[]): number[] {
  const owner = some.flatMap((head, h) => head.kernel.flatMap((row, a) => row.map((_, c) => ({ h, a, c }))));
  return owner.flatMap((p) =>
    owner.map((q) =>
      p.h !== q.h
        ? 0
        : xs.reduce((sum, x, i) => {
            const curvature = some[p.h]!.hessian(outputsOf(some[p.h]!, x))[p.c]![q.c]!;
            return sum + (weights[i]! / examples) * x[p.a]! * x[q.a]! * curvature;
          }, 0),
    ),
  );
}

/** The matrix of an operator, which is disposed. */
function matrixOf(operator: LinearOperator): number[] {
  const { size } = operator;
  const columns = Array.from({ length: size }, (_, i) =>
    tf.tidy(() => {
      const unit = tf.cast(tf.oneHot(tf.scalar(i, 'int32'), size), 'float32') as Tensor1D;
      return Array.from(operator.matvec(unit).dataSync());
    }),
  );
  operator.dispose();
  return columns.flat();
}

/** The model of the heads, which have no bias; each weight of the data is given. */
function withModel(some: readonly Head[], check: (fisher: (o: FisherOptions) => number[]) => void): void {
  const input = tfl.input({ shape: [2] });
  const layers = some.map(({ kernel, activation }) =>
    tfl.layers.dense({ units: kernel[0]!.length, activation, useBias: false }),
  );
  const outputs = layers.map((layer) => layer.apply(input) as tfl.SymbolicTensor);
  const model = tfl.model({ inputs: input, outputs });
  const kernels = some.map(({ kernel }) => tf.tensor2d(kernel));
  layers.forEach((layer, i) => layer.setWeights([kernels[i]!]));
  const data = { xs: tf.tensor2d(xs), ys: some.map(({ targets }) => tf.tensor2d(targets)) };
  const sampleWeight = tf.tensor1d(weights);
  // Batches of two, so that the last is short.
  const objective = modelObjective(
    model,
    { ...data, sampleWeight },
    { loss: some.map(({ loss }) => loss), batchSize: 2 },
  );
  expect(relativeError(matrixOf(new GaussNewtonOperator(objective)), weighedHessian(some))).toBeLessThan(
    rounding,
  );
  check((options) => matrixOf(new FisherOperator(objective, options)));
  tf.dispose([data.xs, data.ys, sampleWeight, kernels] as tf.TensorContainer);
  model.dispose();
}

// Logits are taken back from probabilities in float32, and products go through two or three sweeps.
const rounding = 5e-6;

describe('the Fisher matrix of weighed examples', () => {
  let tensors: number;
  beforeEach(async () => {
    await useBackend('cpu');
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

  const cases: [string, readonly Head[]][] = [
    ...heads.map((head): [string, Head[]] => [head.loss, [head]]),
    ['three outputs', heads],
  ];
  it.each(cases)('is, of every type, that of the weighed loss: %s', (_, some) => {
    withModel(some, (fisher) => {
      const expected = weighedHessian(some);
      expect(relativeError(fisher({ type: 'exact' }), expected)).toBeLessThan(rounding);
      expect(relativeError(fisher({ type: 'empirical' }), weighedOuterProducts(some))).toBeLessThan(rounding);
      // 300 samples: a standard error of 1/17 of what one sample deviates, which is of the order of the matrix.
      expect(relativeError(fisher({ type: 'monteCarlo', samples: 300, seed: 2 }), expected)).toBeLessThan(
        0.15,
      );
    });
  });

  it('is that of a custom loss which names its weights', () => {
    const w = variableOf([2, 3]);
    const sampleWeight = tf.tensor1d([0, 5]);
    // z = w, ℓ = ½ Σ s_i (z_i - 1)²: ∇ℓ_i = 2(z_i - 1), Hessian diag(s).
    const objective = lossObjective(
      {
        outputs: (): Tensor => tf.tidy(() => tf.reshape(w, [2, 1])),
        loss: (z) =>
          tf.tidy(() => tf.mean(tf.mul(tf.square(tf.sub(z, 1)), tf.reshape(sampleWeight, [2, 1])))),
        likelihood: 'gaussian',
        sampleWeight,
      },
      [w],
    );
    expect(matrixOf(new FisherOperator(objective, { type: 'exact' }))).toEqual([0, 0, 0, 5]);
    expect(matrixOf(new FisherOperator(objective, { type: 'empirical' }))).toEqual([0, 0, 0, 40]);
    const sampled = matrixOf(new FisherOperator(objective, { type: 'monteCarlo', samples: 800 }));
    // r² has the variance 8: a standard error of 5 √2 / √800 = 0.25.
    expect(Math.abs(sampled[3]! - 5)).toBeLessThan(1);
    expect(sampled.slice(0, 3)).toEqual([0, 0, 0]);
    tf.dispose([w, sampleWeight]);
  });
});

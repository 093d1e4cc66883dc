import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { LuDecomposition, Matrix } from 'ml-matrix';
import { beforeEach, describe, expect, it } from 'vitest';
import { influence } from '../../../src/analysis/influence.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { loadMnist } from '../../../examples/data/mnist.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

const classes = 10;

/** Images of 28 × 28 as the means of 4 × 4 pixels, with a 1 for the bias, and their classes. */
function digits(
  images: tf.TypedArray,
  labels: ArrayLike<number>,
): { inputs: number[][]; targets: number[][] } {
  const inputs = Array.from(labels, (_, n) => {
    const means = new Array<number>(49).fill(0);
    for (let i = 0; i < 784; i++) {
      means[7 * Math.floor(i / 112) + Math.floor((i % 28) / 4)]! += images[784 * n + i]! / 16;
    }
    return [...means, 1];
  });
  return {
    inputs,
    targets: Array.from(labels, (c) => Array.from({ length: classes }, (_, k) => Number(k === c))),
  };
}

function probabilities(logits: readonly number[]): number[] {
  const highest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/**
 * Softmax regression in double precision, for truth: L(W) = Σ_i c_i ℓ_i + ½ρ‖W‖², W [features, classes] row by row.
 */
class Regression {
  constructor(
    private readonly inputs: readonly number[][],
    private readonly targets: readonly number[][],
    private readonly rho: number,
  ) {}

  private outputs(weights: Float64Array, x: readonly number[]): number[] {
    const logits = new Array<number>(classes).fill(0);
    x.forEach((value, f) => {
      for (let k = 0; k < classes; k++) logits[k]! += value * weights[f * classes + k]!;
    });
    return probabilities(logits);
  }

  /** Mean loss, without the penalty. */
  loss(weights: Float64Array): number {
    const losses = this.inputs.map((x, i) => {
      const p = this.outputs(weights, x);
      return -this.targets[i]!.reduce((sum, y, k) => sum + y * Math.log(p[k]!), 0);
    });
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  }

  gradient(weights: Float64Array, shares: readonly number[]): Float64Array {
    const gradient = weights.map((w) => this.rho * w);
    this.inputs.forEach((x, i) => {
      const p = this.outputs(weights, x);
      x.forEach((value, f) => {
        for (let k = 0; k < classes; k++) {
          gradient[f * classes + k]! += shares[i]! * value * (p[k]! - this.targets[i]![k]!);
        }
      });
    });
    return gradient;
  }

  hessian(weights: Float64Array, shares: readonly number[]): Matrix {
    const n = weights.length;
    const hessian = Matrix.eye(n, n).mul(this.rho);
    this.inputs.forEach((x, i) => {
      const p = this.outputs(weights, x);
      for (let f = 0; f < x.length; f++) {
        for (let g = 0; g < x.length; g++) {
          const both = shares[i]! * x[f]! * x[g]!;
          if (both === 0) continue;
          for (let k = 0; k < classes; k++) {
            for (let l = 0; l < classes; l++) {
              const entry = both * p[k]! * ((k === l ? 1 : 0) - p[l]!);
              hessian.set(
                f * classes + k,
                g * classes + l,
                hessian.get(f * classes + k, g * classes + l) + entry,
              );
            }
          }
        }
      }
    });
    return hessian;
  }

  /** The minimum, by Newton's steps; with one Hessian for all of them where it is given, each step gains less. */
  minimum(from: Float64Array, shares: readonly number[], solver?: LuDecomposition): Float64Array {
    let weights = from;
    for (let step = 0; step < 100; step++) {
      const gradient = this.gradient(weights, shares);
      if (Math.hypot(...gradient) < 1e-10) return weights;
      const factors = solver ?? new LuDecomposition(this.hessian(weights, shares));
      const move = factors.solve(Matrix.columnVector(gradient));
      weights = weights.map((w, i) => w - move.get(i, 0));
    }
    throw new Error('no minimum found');
  }
}

describe('influence', () => {
  beforeEach(() => useBackend('cpu'));

  it('foretells the test loss of logistic regression trained without each of 200 digits', async () => {
    const rho = 0.02;
    const read = loadMnist({ train: 200, test: 50, seed: 1 });
    const [train, test] = [read.train, read.test].map(({ images, labels }) => digits(images, labels));
    const regression = new Regression(train!.inputs, train!.targets, rho);
    const ofTest = new Regression(test!.inputs, test!.targets, 0);
    const shares = train!.inputs.map(() => 1 / 200);
    const weights = regression.minimum(new Float64Array(50 * classes), shares);
    const factors = new LuDecomposition(regression.hessian(weights, shares));
    const before = ofTest.loss(weights);
    const changes = shares.map((_, left) => {
      const without = shares.map((share, i) => (i === left ? 0 : share));
      return ofTest.loss(regression.minimum(weights, without, factors)) - before;
    });

    const l2 = tfl.regularizers.l2({ l2: rho / 2 });
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({
          units: classes,
          inputShape: [49],
          activation: 'softmax',
          kernelRegularizer: l2,
          biasRegularizer: l2,
        }),
      ],
    });
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const [kernel, bias] = [weights.slice(0, 49 * classes), weights.slice(49 * classes)];
    model.setWeights([tf.tensor2d([...kernel], [49, classes]), tf.tensor1d([...bias])]);
    const dataOf = ({ inputs, targets }: { inputs: number[][]; targets: number[][] }) => ({
      xs: tf.tensor2d(inputs.map((x) => x.slice(0, 49))),
      ys: tf.tensor2d(targets),
    });
    const [data, asked] = [dataOf(train!), dataOf(test!)];
    const tensors = tf.memory().numTensors;
    const found = await influence({ model, data, objective: { batchSize: 64 } }, { test: asked, tol: 1e-5 });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(found.status).toBe('converged');
    expect(found.testLoss).toBeCloseTo(before, 5);
    expect(found.scores).toHaveLength(200);
    expect(correlation(found.scores, changes)).toBeGreaterThan(0.99);
    // First order: right in size, too, to what second order leaves.
    const size = (numbers: readonly number[]): number => Math.hypot(...numbers);
    expect(size(found.scores) / size(changes)).toBeGreaterThan(0.85);
    expect(size(found.scores) / size(changes)).toBeLessThan(1.05);

    // Without a curved model the Gauss-Newton matrix is the Hessian but for the penalty, which damping makes up for.
    const again = await influence(
      { model, data },
      { test: asked, curvature: 'gaussNewton', damping: rho, tol: 1e-5 },
    );
    found.scores.forEach((score, i) =>
      expect(Math.abs(again.scores[i]! - score)).toBeLessThan(1e-4 * size(changes)),
    );
    tf.dispose([data, asked]);
    model.dispose();
  });

  it('counts an example by its weight, and serves an objective of one’s own', async () => {
    // L = ½ Σ w_i (θ − y_i)²/3: H = Σw/3; c_i' = w_i (θ − y_i)/3. L_test = ½(θ − 5)²: score_i = (θ − 5)/H · c_i'.
    const theta = variableOf([2]);
    const [targets, weights] = [
      [1, 2.5, 7],
      [1, 2, 3],
    ];
    const objectiveOf = (ys: number[], shares: number[]) =>
      lossObjective(
        {
          outputs: () => tf.mul(tf.ones([ys.length]), theta),
          loss: (z) =>
            tf.mean(tf.mul(tf.square(tf.sub(z, tf.tensor1d(ys))), tf.mul(tf.tensor1d(shares), 0.5))),
        },
        [theta],
      );
    const found = await influence(objectiveOf(targets!, weights!), { test: objectiveOf([5], [1]) });
    const h = 2;
    targets!.forEach((y, i) =>
      expect(found.scores[i]).toBeCloseTo(((2 - 5) / h) * ((weights![i]! * (2 - y)) / 3), 5),
    );
    expect(found.testLoss).toBeCloseTo(4.5, 6);
    theta.dispose();
  });

  it('tells of a Hessian that is indefinite', async () => {
    const theta = variableOf([0]);
    const objective = lossObjective(
      { outputs: () => tf.sub(tf.pow(theta, 4), tf.square(theta)), loss: (z) => tf.sum(z) },
      [theta],
    );
    const test = lossObjective({ outputs: () => tf.mul(theta, 1), loss: (z) => tf.sum(z) }, [theta]);
    expect((await influence(objective, { test })).status).toBe('negativeCurvature');
    theta.dispose();
  });

  it('refuses a bare loss, and test data that do not fit', async () => {
    const [theta, other] = [variableOf([1]), variableOf([1])];
    const bare = lossObjective(() => tf.sum(tf.square(theta)), [theta]);
    const split = (of: tf.Variable) =>
      lossObjective({ outputs: () => tf.mul(of, 1), loss: (z) => tf.sum(tf.square(z)) }, [of]);
    const tensors = tf.memory().numTensors;
    await expect(influence(bare, { test: split(theta) })).rejects.toThrow(
      /^influence: expected an objective that knows/,
    );
    await expect(influence(split(theta), { test: bare })).rejects.toThrow(
      /^influence: expected an objective that knows/,
    );
    await expect(influence(split(theta), { test: split(other) })).rejects.toThrow(
      /a test loss of the same variables/,
    );
    await expect(influence(split(theta), { test: {} as never })).rejects.toThrow(
      /^influence: expected an objective/,
    );
    await expect(influence(split(theta), {} as never)).rejects.toThrow(/^influence: expected test, data/);
    expect(tf.memory().numTensors).toBe(tensors);
    tf.dispose([theta, other]);
  });
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const [ma, mb] = [mean(a), mean(b)];
  const product = (x: readonly number[], mx: number, y: readonly number[], my: number): number =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  return product(a, ma, b, mb) / Math.sqrt(product(a, ma, a, ma) * product(b, mb, b, mb));
}

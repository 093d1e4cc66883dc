import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { CholeskyDecomposition, inverse, Matrix } from 'ml-matrix';
import { beforeEach, describe, expect, it } from 'vitest';
import { laplace } from '../../../src/analysis/laplace.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { SeededRandom } from '../../../src/random.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

const random = new SeededRandom(3);
const normals = (rows: number, columns: number): Matrix =>
  new Matrix(Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal())));

/** x with a 1 for the bias. */
const withOne = (x: Matrix): Matrix => new Matrix(x.to2DArray().map((row) => [...row, 1]));

/** L with L Lᵀ the symmetric part of a matrix, which rounding may have left not quite symmetric. */
function rootOf(matrix: Matrix): Matrix {
  const symmetric = matrix.clone().add(matrix.transpose()).div(2);
  return new CholeskyDecomposition(symmetric).lowerTriangularMatrix;
}

function logDeterminant(matrix: Matrix): number {
  const l = rootOf(matrix);
  return 2 * l.diagonal().reduce((sum, entry) => sum + Math.log(entry), 0);
}

/** A layer without a hidden one: weights [features + 1, outputs], the last row the bias. */
function linearModel(weights: Matrix, activation: 'linear' | 'sigmoid' | 'softmax', loss: string) {
  const model = tfl.sequential({
    layers: [tfl.layers.dense({ units: weights.columns, inputShape: [weights.rows - 1], activation })],
  });
  model.compile({ optimizer: 'sgd', loss });
  const rows = weights.to2DArray();
  model.setWeights([tf.tensor2d(rows.slice(0, -1)), tf.tensor1d(rows.at(-1)!)]);
  return model;
}

const near = (received: number, expected: number, tolerance = 1e-3): void =>
  expect(Math.abs(received - expected)).toBeLessThan(tolerance * Math.abs(expected));

describe('laplace', () => {
  beforeEach(() => useBackend('cpu'));

  describe('on Bayesian linear regression', () => {
    const [sigma, delta, examples] = [0.4, 1.5, 40];
    const x = normals(examples, 3);
    const truth = normals(4, 2);
    const phi = withOne(x);
    const y = phi.mmul(truth).add(normals(examples, 2).mul(sigma));
    const precision = phi
      .transpose()
      .mmul(phi)
      .div(sigma ** 2)
      .add(Matrix.eye(4).mul(delta));
    const posterior = inverse(precision.clone());
    const mean = posterior
      .mmul(phi.transpose())
      .mmul(y)
      .div(sigma ** 2);
    const asked = normals(5, 3);
    const at = withOne(asked);

    it.each([
      { structure: 'full' },
      { structure: 'full', curvature: 'hessian' },
      { structure: 'kronecker' },
      { structure: 'lowRank', k: 8, tol: 1e-5 },
    ] as const)('gives mean, variance and evidence in closed form by %j', async (settings) => {
      const model = linearModel(mean, 'linear', 'meanSquaredError');
      const data = { xs: tf.tensor2d(x.to2DArray()), ys: tf.tensor2d(y.to2DArray()) };
      const xs = tf.tensor2d(asked.to2DArray());
      const tensors = tf.memory().numTensors;
      const target = { model, data, objective: { batchSize: 16 } };
      const found = await laplace(target, { ...settings, noise: sigma, priorPrecision: delta, test: { xs } });
      expect(tf.memory().numTensors).toBe(tensors);
      expect(found.status).toBe('converged');
      // The density of y under its prior, N(0, σ²I + ΦΦᵀ/δ), for each of the two outputs.
      const prior = phi
        .mmul(phi.transpose())
        .div(delta)
        .add(Matrix.eye(examples).mul(sigma ** 2));
      const evidence = [0, 1].reduce((sum, c) => {
        const column = y.getColumnVector(c);
        const fit = column.transpose().mmul(inverse(prior.clone())).mmul(column).get(0, 0);
        return sum - (fit + logDeterminant(prior) + examples * Math.log(2 * Math.PI)) / 2;
      }, 0);
      near(found.evidences[0]!.logEvidence, evidence);
      near(found.evidences[0]!.logDeterminant, 2 * logDeterminant(precision));
      // At the maximum there is no slope; float32 gradients of 40 examples, divided by σ².
      expect(found.gradientNorm).toBeLessThan(1e-2);
      const means = at.mmul(mean);
      const variances = at.mmul(posterior).mmul(at.transpose()).diagonal();
      expect(found.predictions).toHaveLength(5);
      found.predictions.forEach((prediction, i) => {
        expect(prediction.probabilities).toBeNull();
        for (const c of [0, 1]) {
          near(prediction.mean[c]!, means.get(i, c));
          near(prediction.variance[c]!, variances[i]!);
        }
      });
      tf.dispose([data, xs]);
      model.dispose();
    });

    it('takes the prior with the largest evidence', async () => {
      const model = linearModel(mean, 'linear', 'meanSquaredError');
      const data = { xs: tf.tensor2d(x.to2DArray()), ys: tf.tensor2d(y.to2DArray()) };
      const priorPrecision = [1e-4, 0.1, 1, 10, 1e4];
      const found = await laplace({ model, data }, { noise: sigma, priorPrecision });
      expect(found.evidences.map((one) => one.priorPrecision)).toEqual(priorPrecision);
      const best = Math.max(...found.evidences.map(({ logEvidence }) => logEvidence));
      expect(found.evidences.find(({ logEvidence }) => logEvidence === best)!.priorPrecision).toBe(
        found.priorPrecision,
      );
      // Eight weights of a standard normal distribution.
      expect(found.priorPrecision).toBe(1);
      tf.dispose([data]);
      model.dispose();
    });

    it('counts what the low rank leaves out at the variance of the prior', async () => {
      const model = linearModel(mean, 'linear', 'meanSquaredError');
      const data = { xs: tf.tensor2d(x.to2DArray()), ys: tf.tensor2d(y.to2DArray()) };
      const xs = tf.tensor2d(asked.to2DArray());
      const options = { noise: sigma, priorPrecision: delta, test: { xs } };
      const whole = await laplace({ model, data }, options);
      const part = await laplace({ model, data }, { ...options, structure: 'lowRank', k: 4 });
      part.predictions.forEach(({ variance }, i) =>
        variance.forEach((value, c) => {
          expect(value).toBeGreaterThan(whole.predictions[i]!.variance[c]! * 0.999);
          const square = at.getRow(i).reduce((sum, entry) => sum + entry ** 2, 0);
          expect(value).toBeLessThan(square / delta);
        }),
      );
      tf.dispose([data, xs]);
      model.dispose();
    });
  });

  it('agrees with Newton and Laplace in double precision on logistic regression', async () => {
    const [delta, examples] = [0.5, 60];
    const x = withOne(normals(examples, 2));
    const labels = x.to2DArray().map(([a, b], i) => Number(a! - 2 * b! + 0.3 > (i % 7) / 4 - 0.7));
    let weights = Matrix.zeros(3, 1);
    let precision = Matrix.eye(3);
    const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
    for (let step = 0; step < 30; step++) {
      const p = x.mmul(weights).to1DArray().map(sigmoid);
      const slope = x.transpose().mmul(Matrix.columnVector(p.map((value, i) => value - labels[i]!)));
      slope.add(weights.clone().mul(delta));
      precision = x
        .transpose()
        .mmul(Matrix.diag(p.map((value) => value * (1 - value))))
        .mmul(x)
        .add(Matrix.eye(3).mul(delta));
      weights = weights.sub(inverse(precision.clone()).mmul(slope));
    }
    const posterior = inverse(precision.clone());
    const logits = x.mmul(weights).to1DArray();
    const logLikelihood = logits.reduce((sum, z, i) => sum + labels[i]! * z - Math.log(1 + Math.exp(z)), 0);
    const length = weights.to1DArray().reduce((sum, w) => sum + w * w, 0);
    const evidence = logLikelihood + (3 * Math.log(delta) - delta * length - logDeterminant(precision)) / 2;

    const model = linearModel(weights, 'sigmoid', 'binaryCrossentropy');
    const inputs = x.to2DArray().map((row) => row.slice(0, 2));
    const data = { xs: tf.tensor2d(inputs), ys: tf.tensor2d(labels.map((label) => [label])) };
    const options = { priorPrecision: delta, test: { xs: data.xs } };
    const found = await laplace({ model, data, objective: { batchSize: 25 } }, options);
    near(found.logLikelihood, logLikelihood);
    near(found.evidences[0]!.logEvidence, evidence);
    expect(found.gradientNorm).toBeLessThan(1e-3);
    found.predictions.forEach(({ mean, variance, probabilities }, i) => {
      const row = new Matrix([x.getRow(i)]);
      const expected = row.mmul(posterior).mmul(row.transpose()).get(0, 0);
      expect(Math.abs(mean[0]! - logits[i]!)).toBeLessThan(1e-3 * (1 + Math.abs(logits[i]!)));
      near(variance[0]!, expected);
      // The mean of a sigmoid of a normal distribution by quadrature; MacKay's formula is within 0.02 of it.
      let [total, weight] = [0, 0];
      for (let t = -6; t <= 6; t += 0.05) {
        const density = Math.exp((-t * t) / 2);
        total += density * sigmoid(logits[i]! + t * Math.sqrt(expected));
        weight += density;
      }
      expect(Math.abs(probabilities![0]! - total / weight)).toBeLessThan(0.02);
    });
    tf.dispose([data]);
    model.dispose();
  });

  it('gives the probabilities of several classes under the uncertainty of logits less their mean', async () => {
    const [delta, examples, classes] = [0.3, 30, 3];
    const x = withOne(normals(examples, 2));
    const weights = normals(3, classes);
    const model = linearModel(weights, 'softmax', 'categoricalCrossentropy');
    const inputs = x.to2DArray().map((row) => row.slice(0, 2));
    const ys = tf.tensor2d(inputs.map((_, i) => [0, 1, 2].map((c) => Number(c === i % 3))));
    const data = { xs: tf.tensor2d(inputs), ys };
    const xs = tf.tensor2d(inputs.slice(0, 4));
    const found = await laplace({ model, data }, { priorPrecision: delta, test: { xs } });
    const softmax = (z: readonly number[]): number[] => {
      const powers = z.map(Math.exp);
      const total = powers.reduce((sum, power) => sum + power, 0);
      return powers.map((power) => power / total);
    };
    const n = 3 * classes;
    const precision = Matrix.eye(n).mul(delta);
    const logits = x.mmul(weights);
    for (let i = 0; i < examples; i++) {
      const p = softmax(logits.getRow(i));
      for (let a = 0; a < n; a++) {
        for (let b = 0; b < n; b++) {
          const [f, c, g, d] = [Math.floor(a / classes), a % classes, Math.floor(b / classes), b % classes];
          const curvature = p[c]! * (Number(c === d) - p[d]!);
          precision.set(a, b, precision.get(a, b) + x.get(i, f) * x.get(i, g) * curvature);
        }
      }
    }
    const l = rootOf(inverse(precision));
    const draws = new SeededRandom(9);
    found.predictions.forEach(({ mean, variance, probabilities }, i) => {
      const center = (z: readonly number[]): number[] =>
        z.map((value) => value - z.reduce((sum, one) => sum + one, 0) / classes);
      center(logits.getRow(i)).forEach((z, c) => expect(mean[c]).toBeCloseTo(z, 4));
      const count = 20000;
      const sums = [0, 0, 0];
      const squares = [0, 0, 0];
      for (let draw = 0; draw < count; draw++) {
        const noise = Matrix.columnVector(Array.from({ length: n }, () => draws.normal()));
        const step = l.mmul(noise).to1DArray();
        const moved = [0, 1, 2].map((c) =>
          [0, 1, 2].reduce((z, f) => z + x.get(i, f) * step[f * classes + c]!, 0),
        );
        center(moved).forEach((z, c) => (squares[c]! += z * z));
        softmax(logits.getRow(i).map((z, c) => z + moved[c]!)).forEach((p, c) => (sums[c]! += p));
      }
      // 20 000 draws here, 1000 there.
      squares.forEach((square, c) => near(variance[c]!, square / count, 0.05));
      sums.forEach((sum, c) => expect(Math.abs(probabilities![c]! - sum / count)).toBeLessThan(0.05));
      expect(probabilities!.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
    });
    tf.dispose([data, xs]);
    model.dispose();
  });

  it('serves an objective of one’s own, and says where the Hessian is no precision', async () => {
    const theta = variableOf([1.5]);
    // f = θ, y = 1, 2, 3 and σ = 1: P = 3 + δ, and the mean of squares has the factor 3/2.
    const objectiveOf = (ys: number[]) =>
      lossObjective(
        {
          outputs: () => tf.mul(tf.ones([ys.length, 1]), theta),
          loss: (z) => tf.mean(tf.square(tf.sub(z, tf.tensor2d(ys, [ys.length, 1])))),
          likelihood: 'gaussian',
        },
        [theta],
      );
    const found = await laplace(objectiveOf([1, 2, 3]), { priorPrecision: 1, test: objectiveOf([0]) });
    expect(found.predictions[0]!.mean[0]).toBeCloseTo(1.5, 6);
    expect(found.predictions[0]!.variance[0]).toBeCloseTo(1 / 4, 6);
    expect(found.gradientNorm).toBeCloseTo(0, 5);

    const saddle = lossObjective(
      {
        outputs: () => tf.reshape(tf.square(theta), [1, 1]),
        loss: (z) => tf.mean(tf.square(tf.sub(z, 20))),
        likelihood: 'gaussian',
      },
      [theta],
    );
    const none = await laplace(saddle, { curvature: 'hessian', test: saddle });
    expect(none.evidences[0]!.logEvidence).toBeNaN();
    expect(none.predictions).toEqual([]);
    // L″ = 12θ² − 80 = −53: P = δ − 26.5, and dz/dθ = 2θ = 3.
    for (const priorPrecision of [
      [1, 100],
      [100, 1],
    ]) {
      const some = await laplace(saddle, { curvature: 'hessian', test: saddle, priorPrecision });
      expect(some.priorPrecision).toBe(100);
      near(some.predictions[0]!.variance[0]!, 9 / 73.5);
    }
    theta.dispose();
  });

  it('predicts for inputs of whatever class, where the classes of the examples are weighed', async () => {
    // One feature and three classes, of which none is 0: each example counts w times, as one of sample weight w does.
    const model = linearModel(normals(2, 3), 'softmax', 'sparseCategoricalCrossentropy');
    const data = { xs: tf.tensor2d([[1], [-2], [0.5]]), ys: tf.tensor2d([[1], [2], [1]]) };
    const sampleWeight = tf.tensor1d([3, 0.5, 3]);
    const test = { xs: tf.tensor2d([[2], [-1]]) };
    const byClass = await laplace({ model, data, objective: { classWeight: { 1: 3, 2: 0.5 } } }, { test });
    const byExample = await laplace({ model, data: { ...data, sampleWeight } }, { test });
    expect(byClass.predictions).toHaveLength(2);
    expect(byClass.predictions).toEqual(byExample.predictions);
    tf.dispose([data, sampleWeight, test]);
    model.dispose();
  });

  it('refuses what it cannot take', async () => {
    const [theta, other] = [variableOf([1]), variableOf([1])];
    const bare = lossObjective(() => tf.sum(tf.square(theta)), [theta]);
    const split = (of: tf.Variable, likelihood?: 'gaussian') =>
      lossObjective(
        { outputs: () => tf.reshape(of, [1, 1]), loss: (z) => tf.mean(tf.square(z)), likelihood },
        [of],
      );
    const wide = tf.variable(tf.zeros([2001]));
    const large = lossObjective(
      {
        outputs: () => tf.reshape(wide, [1, -1]),
        loss: (z) => tf.mean(tf.square(z)),
        likelihood: 'gaussian',
      },
      [wide],
    );
    const right = split(theta, 'gaussian');
    const tensors = tf.memory().numTensors;
    await expect(laplace(bare)).rejects.toThrow(/^laplace: expected an objective that knows/);
    await expect(laplace(split(theta))).rejects.toThrow(
      /^laplace: expected softmax or sigmoid cross-entropy/,
    );
    await expect(laplace(right, { priorPrecision: 0 })).rejects.toThrow(/a number priorPrecision > 0/);
    await expect(laplace(right, { priorPrecision: [] })).rejects.toThrow(/priorPrecision/);
    await expect(laplace(right, { structure: 'kronecker', curvature: 'hessian' })).rejects.toThrow(
      /^laplace: expected curvature 'gaussNewton' with structure 'kronecker'/,
    );
    await expect(laplace(large)).rejects.toThrow(/^laplace: expected at most 2000 parameters/);
    await expect(laplace(right, { test: split(other, 'gaussian') })).rejects.toThrow(
      /^laplace: expected a test loss of the same variables/,
    );
    await expect(laplace(right, { test: { xs: tf.tensor1d([1]) } })).rejects.toThrow(
      /^laplace: expected an objective/,
    );
    tf.dispose([theta, other, wide]);
    expect(tf.memory().numTensors).toBeLessThanOrEqual(tensors);
  });
});

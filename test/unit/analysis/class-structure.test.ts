import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { beforeEach, describe, expect, it } from 'vitest';
import { classStructure } from '../../../src/analysis/class-structure.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { SeededRandom } from '../../../src/random.js';
import { useBackend } from '../../wasm-backend.js';

const [features, classes, examples] = [4, 3, 30];
const n = (features + 1) * classes;

/** Softmax regression on three clouds of points, in double precision. */
function problem(separation: number) {
  const random = new SeededRandom(4);
  const labels = Array.from({ length: examples }, (_, i) => i % classes);
  const inputs = labels.map((label) => [
    ...Array.from({ length: features }, (_, f) => random.normal() + (f === label ? separation : 0)),
    1,
  ]);
  const weights = Array.from({ length: features + 1 }, () =>
    Array.from({ length: classes }, () => 0.3 * random.normal()),
  );
  const shares = inputs.map((_, i) => (i % 4 === 0 ? 2 : 1));
  const probabilities = inputs.map((x) => {
    const powers = [0, 1, 2].map((c) => Math.exp(x.reduce((z, value, f) => z + value * weights[f]![c]!, 0)));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  });
  /** ∇(-log p_c′) of an example. */
  const gradient = (i: number, other: number): number[] =>
    inputs[i]!.flatMap((value) => probabilities[i]!.map((p, c) => value * (p - Number(c === other))));
  return { labels, inputs, weights, shares, probabilities, gradient };
}

function eigen(matrix: Matrix): { values: number[]; vectors: number[][] } {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((i, j) => realEigenvalues[j]! - realEigenvalues[i]!);
  return {
    values: order.map((i) => realEigenvalues[i]!),
    vectors: order.map((i) => eigenvectorMatrix.getColumn(i)),
  };
}

const outer = (v: readonly number[], weight: number): Matrix =>
  Matrix.columnVector([...v])
    .mmul(Matrix.rowVector([...v]))
    .mul(weight);

describe('classStructure', () => {
  beforeEach(() => useBackend('cpu'));

  it.each(['class', 'crossClass'] as const)(
    'splits the matrix of softmax regression as double precision does: %s',
    async (level) => {
      const { labels, inputs, weights, shares, probabilities, gradient } = problem(1);
      const whole = Matrix.zeros(n, n);
      const groups = new Map<string, { sum: number[]; weight: number }>();
      for (let i = 0; i < examples; i++) {
        for (let other = 0; other < classes; other++) {
          const weight = (shares[i]! / examples) * probabilities[i]![other]!;
          const g = gradient(i, other);
          whole.add(outer(g, weight));
          if (other === labels[i]) continue;
          const key = level === 'class' ? `${labels[i]}` : `${labels[i]} ${other}`;
          const group = groups.get(key) ?? { sum: new Array<number>(n).fill(0), weight: 0 };
          g.forEach((entry, a) => (group.sum[a]! += weight * entry));
          group.weight += weight;
          groups.set(key, group);
        }
      }
      const between = Matrix.zeros(n, n);
      for (const { sum, weight } of groups.values()) between.add(outer(sum, 1 / weight));
      const [ofG, ofBetween] = [eigen(whole), eigen(between)];
      const span = ofBetween.vectors.filter((_, i) => ofBetween.values[i]! > 1e-5 * ofBetween.values[0]!);

      const model = tfl.sequential({
        layers: [tfl.layers.dense({ units: classes, inputShape: [features], activation: 'softmax' })],
      });
      model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
      model.setWeights([tf.tensor2d(weights.slice(0, features)), tf.tensor1d(weights[features]!)]);
      const xs = tf.tensor2d(inputs.map((x) => x.slice(0, features)));
      const ys = tf.tensor2d(labels.map((label) => [0, 1, 2].map((c) => Number(c === label))));
      const sampleWeight = tf.tensor1d(shares);
      const tensors = tf.memory().numTensors;
      const target = { model, data: { xs, ys, sampleWeight }, objective: { batchSize: 8 } };
      const found = await classStructure(target, { level, k: 4, tol: 1e-4 });
      expect(tf.memory().numTensors).toBe(tensors);
      expect(found.status).toBe('converged');
      expect(found.classes).toBe(classes);
      const scale = ofG.values[0]!;
      found.eigenvalues.forEach((value, i) =>
        expect(Math.abs(value - ofG.values[i]!)).toBeLessThan(1e-5 * scale),
      );
      expect(found.betweenEigenvalues).toHaveLength(groups.size);
      found.betweenEigenvalues.forEach((value, i) =>
        expect(Math.abs(value - ofBetween.values[i]!)).toBeLessThan(1e-5 * scale),
      );
      found.overlaps.forEach((overlap, i) => {
        const v = ofG.vectors[i]!;
        const expected = span.reduce((sum, q) => sum + q.reduce((part, x, a) => part + x * v[a]!, 0) ** 2, 0);
        expect(overlap).toBeCloseTo(expected, 3);
      });
      expect(found.betweenTrace).toBeCloseTo(between.trace(), 5);
      expect(Math.abs(found.trace - whole.trace())).toBeLessThan(3 * found.traceError + 1e-5);
      for (const { of, for: other, weight, norm } of found.means) {
        const group = groups.get(other == null ? `${of}` : `${of} ${other}`)!;
        expect(weight).toBeCloseTo(group.weight, 6);
        expect(norm).toBeCloseTo(Math.hypot(...group.sum) / group.weight, 4);
      }
      tf.dispose([xs, ys, sampleWeight]);
      model.dispose();
    },
  );

  it('has nothing within classes whose examples are all alike', async () => {
    const inputs = [
      [1, 0, 0.5],
      [0, 2, -0.5],
      [-1, 0.3, 1],
    ];
    const labels = Array.from({ length: 12 }, (_, i) => i % classes);
    // Weights of zero: all classes are as likely, and of p_c′‖p - e_c′‖² two thirds have c′ ≠ c.
    const kernel = tf.variable(tf.zeros([3, classes]));
    const x = tf.tensor2d(labels.map((label) => inputs[label]!));
    const y = tf.tensor2d(labels.map((label) => [0, 1, 2].map((c) => Number(c === label))));
    const objective = lossObjective(
      {
        outputs: () => tf.matMul(x, kernel as tf.Tensor2D),
        loss: (z) => tf.losses.softmaxCrossEntropy(y, z),
        likelihood: 'categorical',
      },
      [kernel],
    );
    const found = await classStructure(objective, { level: 'crossClass', k: 4, tol: 1e-4, traceTol: 1e-4 });
    // ‖p - e_c′‖² = 2/3, times the mean of ‖x‖².
    const trace = ((2 / 3) * (1.25 + 4.25 + 2.09)) / 3;
    expect(Math.abs(found.trace - trace)).toBeLessThan(3 * found.traceError + 1e-5);
    expect(found.betweenTrace).toBeCloseTo((2 / 3) * trace, 5);
    // As Σ_c′ p_c′ g_icc′ = 0, the mean of c′ = c lies in the span of the others.
    found.overlaps.forEach((overlap) => expect(overlap).toBeCloseTo(1, 4));
    tf.dispose([x, y, kernel]);
  });

  it('has no mean where a class has no example, and refuses other losses', async () => {
    const kernel = tf.variable(tf.tensor2d([[0.1, 0.2, 0.3]]));
    const objectiveOf = (likelihood?: 'gaussian' | 'categorical') =>
      lossObjective(
        {
          outputs: () => tf.matMul(tf.tensor2d([1, 2], [2, 1]), kernel as tf.Tensor2D),
          loss: (z) =>
            tf.losses.softmaxCrossEntropy(
              tf.tensor2d([
                [1, 0, 0],
                [0, 1, 0],
              ]),
              z,
            ),
          likelihood,
        },
        [kernel],
      );
    const found = await classStructure(objectiveOf('categorical'));
    expect(found.means.map(({ norm }) => norm > 0)).toEqual([true, true, false]);
    const tensors = tf.memory().numTensors;
    await expect(classStructure(objectiveOf('gaussian'))).rejects.toThrow(
      /^classStructure: expected one output with softmax cross-entropy, received the likelihood gaussian/,
    );
    await expect(classStructure(objectiveOf())).rejects.toThrow(/^classStructure: expected softmax/);
    expect(tf.memory().numTensors).toBe(tensors);
    kernel.dispose();
  });
});

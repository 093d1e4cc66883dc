import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { inverse, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { laplace } from '../../../src/analysis/laplace.js';
import { useBackend } from '../../wasm-backend.js';

/** A product with a kernel, then whatever layers are given. */
function classifier(
  kernel: number[][],
  loss: string,
  activation: 'linear' | 'sigmoid' | 'softmax',
  ...after: tfl.layers.Layer[]
) {
  const units = kernel[0]!.length;
  const dense = tfl.layers.dense({ units, inputShape: [kernel.length], useBias: false, activation });
  const model = tfl.sequential({ layers: [dense, ...after] });
  model.compile({ optimizer: 'sgd', loss });
  tf.tidy(() => model.setWeights([tf.tensor2d(kernel)]));
  return model;
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

// Seven digits of float32, through some sums and an inverse.
const near = (received: number, expected: number): void =>
  expect(Math.abs(received - expected)).toBeLessThan(1e-4 * Math.abs(expected));

describe.each(['cpu', 'wasm'] as const)(
  'laplace where probabilities have rounded to 0 or 1, on %s',
  (backend) => {
    const x = [-2, -1, -0.5, 0.3, 1, 2];
    const labels = [0, 0, 1, 0, 1, 1];
    const asked = [9, -9, 1, 60];
    // z = 2x: P = 1 + Σ p(1 - p)x², and the variance of z at x is x²/P.
    const precision = x.reduce((sum, xi) => sum + sigmoid(2 * xi) * (1 - sigmoid(2 * xi)) * xi ** 2, 1);

    it.each([
      ['in the layer', () => classifier([[2]], 'binaryCrossentropy', 'sigmoid')],
      [
        'in a layer of its own',
        () =>
          classifier([[2]], 'binaryCrossentropy', 'linear', tfl.layers.activation({ activation: 'sigmoid' })),
      ],
      [
        'before a change of shape',
        () =>
          classifier(
            [[2]],
            'binaryCrossentropy',
            'sigmoid',
            tfl.layers.reshape({ targetShape: [1, 1] }),
            tfl.layers.flatten(),
          ),
      ],
    ])('reads the logits that a sigmoid is given: %s', async (_, make) => {
      await useBackend(backend);
      const model = make();
      const data = { xs: tf.tensor2d(x, [6, 1]), ys: tf.tensor2d(labels, [6, 1]) };
      const test = { xs: tf.tensor2d(asked, [4, 1]) };
      const { numTensors } = tf.memory();
      const { predictions } = await laplace({ model, data, objective: { batchSize: 3 } }, { test });
      expect(tf.memory().numTensors).toBe(numTensors);
      asked.forEach((at, i) => {
        near(predictions[i]!.mean[0]!, 2 * at);
        near(predictions[i]!.variance[0]!, at ** 2 / precision);
      });
      tf.dispose([data, test]);
      model.dispose();
    });

    it('reads the logits that a softmax is given', async () => {
      await useBackend(backend);
      const weights = [9, 0, -9];
      const model = classifier([weights], 'sparseCategoricalCrossentropy', 'softmax');
      const inputs = [-0.2, -0.1, 0.05, 0.2];
      const data = { xs: tf.tensor2d(inputs, [4, 1]), ys: tf.tensor2d([0, 2, 1, 0], [4, 1]) };
      const test = { xs: tf.tensor2d([1, 4], [2, 1]) };
      const { predictions } = await laplace({ model, data }, { test });
      // P = I + Σ x²(diag p - p pᵀ), and of logits less their mean CP⁻¹C x² with C = I - 1/3.
      const matrix = Matrix.eye(3);
      for (const xi of inputs) {
        const powers = weights.map((w) => Math.exp(w * xi));
        const p = powers.map((power) => power / powers.reduce((sum, one) => sum + one, 0));
        p.forEach((pc, c) =>
          p.forEach((pd, d) =>
            matrix.set(c, d, matrix.get(c, d) + xi ** 2 * (c === d ? pc - pc * pd : -pc * pd)),
          ),
        );
      }
      const centre = Matrix.eye(3).sub(1 / 3);
      const covariance = centre.mmul(inverse(matrix)).mmul(centre);
      [1, 4].forEach((at, i) =>
        weights.forEach((w, c) => {
          expect(Math.abs(predictions[i]!.mean[c]! - w * at)).toBeLessThan(1e-4);
          near(predictions[i]!.variance[c]!, covariance.get(c, c) * at ** 2);
        }),
      );
      tf.dispose([data, test]);
      model.dispose();
    });

    it('says NaN, and no certainty, where the logits are not to be had', async () => {
      await useBackend(backend);
      const input = tfl.input({ shape: [1] });
      const units = { units: 1, useBias: false, activation: 'sigmoid' } as const;
      const [first, second] = [0, 1].map(() => tfl.layers.dense(units).apply(input) as tfl.SymbolicTensor);
      const model = tfl.model({
        inputs: input,
        outputs: tfl.layers.average().apply([first!, second!]) as tfl.SymbolicTensor,
      });
      model.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
      tf.tidy(() => model.setWeights([tf.tensor2d([[2]]), tf.tensor2d([[2]])]));
      const data = { xs: tf.tensor2d(x, [6, 1]), ys: tf.tensor2d(labels, [6, 1]) };
      const test = { xs: tf.tensor2d([1, 30, -60], [3, 1]) };
      const { predictions } = await laplace({ model, data }, { test });
      // z depends on the mean of both weights: J = (x/2, x/2), P = I + (h/4)11ᵀ with h = Σ p(1 - p)x², J P⁻¹ Jᵀ = (x²/2)/(1 + h/2).
      near(predictions[0]!.mean[0]!, 2);
      near(predictions[0]!.variance[0]!, 1 / 2 / (1 + (precision - 1) / 2));
      for (const { mean, variance, probabilities } of predictions.slice(1)) {
        expect([mean, variance, probabilities]).toEqual([[NaN], [NaN], [NaN]]);
      }
      tf.dispose([data, test]);
      model.dispose();
    });
  },
);

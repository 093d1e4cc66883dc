import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { laplace } from '../../../src/analysis/laplace.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import type { SplitLoss } from '../../../src/objectives/objective.js';
import { variableOf } from '../../closed-form.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';

// Some sums in float32, and a factor measured by a product.
const rounding = 1e-5;

const [x, w, deviation] = [[-2, -1, -0.5, 0.3, 1, 2], [0.7, -1.1, 0.4], 0.6];
const z = x.map((xi) => w.map((wc) => xi * wc));
const labels = x.map((xi, i) => w.map((_, c) => Number((i + c) % 3 < 1 + Number(xi > 0))));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));
const softplus = (value: number): number => Math.log(1 + Math.exp(value));

interface Truth {
  /** log p(y|z) of one number. */
  readonly logLikelihood: (y: number, z: number) => number;
  /** -∂² of it by z. */
  readonly curvature: (z: number) => number;
}

const truths: Record<'bernoulli' | 'gaussian', Truth> = {
  bernoulli: {
    logLikelihood: (y, at) => y * at - softplus(at),
    curvature: (at) => sigmoid(at) * (1 - sigmoid(at)),
  },
  gaussian: {
    logLikelihood: (y, at) =>
      -((y - at) ** 2) / (2 * deviation ** 2) - Math.log(2 * Math.PI * deviation ** 2) / 2,
    curvature: () => 1 / deviation ** 2,
  },
};

/** ℓ by number, [6, 3]. */
const terms = {
  bernoulli: (ys: Tensor, out: Tensor) => tf.sub(tf.softplus(out), tf.mul(ys, out)),
  gaussian: (ys: Tensor, out: Tensor) => tf.square(tf.sub(ys, out)),
};

/** Six examples of three numbers, or three of two positions of three. */
const shapes = { flat: [6, 3], sequences: [3, 2, 3] };

describe.each(['bernoulli', 'gaussian'] as const)(
  'laplace takes the likelihood of a loss of one’s own: %s',
  (likelihood) => {
    beforeEach(() => useBackend('cpu'));

    const { logLikelihood, curvature } = truths[likelihood];

    /** z_ic = x_i w_c, so that P = diag(1 + Σ_i ω_i h_ic x_i²). */
    async function expectTruth(
      shape: number[],
      lossOf: (ls: Tensor) => Tensor,
      { weights = x.map(() => 1), sampleWeight }: { weights?: number[]; sampleWeight?: Tensor } = {},
    ): Promise<void> {
      const [inputs, ys] = [tf.tensor2d(x, [6, 1]), tf.tensor(labels.flat(), shape)];
      const variable = variableOf(w);
      const split: SplitLoss = {
        outputs: () => tf.reshape(tf.matMul(inputs, tf.reshape(variable, [1, 3])), shape),
        loss: (out) => lossOf(terms[likelihood](ys, out)),
        likelihood,
        ...(sampleWeight != null && { sampleWeight }),
      };
      const objective = lossObjective(split, [variable]);
      const found = await laplace(objective, { noise: deviation, test: objective });
      const expected = sum(
        z.flatMap((row, i) => row.map((at, c) => weights[i]! * logLikelihood(labels[i]![c]!, at))),
      );
      expect(relativeError([found.logLikelihood], [expected])).toBeLessThan(rounding);
      const precisions = w.map(
        (_, c) => 1 + sum(x.map((xi, i) => weights[i]! * curvature(z[i]![c]!) * xi * xi)),
      );
      const variances = x.flatMap((xi) => precisions.map((precision) => xi ** 2 / precision));
      const received = found.predictions.flatMap(({ variance }) => variance);
      expect(relativeError(received, variances)).toBeLessThan(rounding);
      tf.dispose([inputs, ys, variable]);
    }

    it.each([
      ['a mean over outputs', shapes.flat, (ls: Tensor) => tf.mean(ls)],
      ['a sum over outputs', shapes.flat, (ls: Tensor) => tf.mean(tf.sum(ls, 1))],
      ['half of it', shapes.flat, (ls: Tensor) => tf.mul(tf.mean(tf.sum(ls, 1)), 0.5)],
      ['a mean over outputs and positions', shapes.sequences, (ls: Tensor) => tf.mean(ls)],
      ['a sum over positions', shapes.sequences, (ls: Tensor) => tf.mean(tf.sum(tf.mean(ls, 2), 1))],
      ['a sum over both', shapes.sequences, (ls: Tensor) => tf.mean(tf.sum(ls, [1, 2]))],
    ])('%s', async (_, shape, lossOf) => {
      await expectTruth(shape, lossOf);
    });

    it('with sample weights', async () => {
      // Their mean is 1, so that they weigh no constant.
      const weights = [1, 0.5, 1.5, 2, 0.75, 0.25];
      const sampleWeight = tf.tensor1d(weights);
      const column = tf.reshape(sampleWeight, [6, 1]);
      const lossOf = (ls: Tensor): Tensor => tf.mean(tf.sum(tf.mul(ls, column), 1));
      await expectTruth(shapes.flat, lossOf, { weights, sampleWeight });
      tf.dispose([sampleWeight, column]);
    });

    it('leaving out what a mask leaves out', async () => {
      const mask = [1, 1, 0, 1, 0, 1];
      const column = tf.tensor2d(mask, [6, 1]);
      await expectTruth(shapes.flat, (ls) => tf.div(tf.sum(tf.mul(ls, column)), 4), { weights: mask });
      column.dispose();
    });
  },
);

describe('laplace takes the likelihood of a softmax of one’s own', () => {
  it('whose loss is a sum over positions', async () => {
    await useBackend('cpu');
    // Two classes with logits 0 and z = xw: a Bernoulli distribution of z, and of logits less their mean z/2.
    const variable = variableOf([0.7]);
    const [inputs, ys] = [
      tf.tensor2d(x, [6, 1]),
      tf.tensor3d(
        [0, 1, 1, 0, 0, 1].flatMap((y) => [1 - y, y]),
        [3, 2, 2],
      ),
    ];
    const plane = tf.tensor2d([[0, 1]]);
    const objective = lossObjective(
      {
        outputs: () => tf.reshape(tf.matMul(tf.mul(inputs, variable), plane), [3, 2, 2]),
        loss: (out) => tf.mean(tf.neg(tf.sum(tf.mul(ys, tf.logSoftmax(out)), [1, 2]))),
        likelihood: 'categorical',
      },
      [variable],
    );
    const found = await laplace(objective, { test: objective });
    const expected = sum([0, 1, 1, 0, 0, 1].map((y, i) => y * 0.7 * x[i]! - softplus(0.7 * x[i]!)));
    expect(relativeError([found.logLikelihood], [expected])).toBeLessThan(rounding);
    const precision = 1 + sum(x.map((xi) => truths.bernoulli.curvature(0.7 * xi) * xi ** 2));
    const variances = x.flatMap((xi) => [xi ** 2 / precision / 4, xi ** 2 / precision / 4]);
    expect(
      relativeError(
        found.predictions.flatMap(({ variance }) => variance),
        variances,
      ),
    ).toBeLessThan(rounding);
    tf.dispose([inputs, ys, plane, variable]);
  });
});

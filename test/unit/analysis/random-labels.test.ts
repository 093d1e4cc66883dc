import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeEach, describe, expect, it } from 'vitest';
import { laplace } from '../../../src/analysis/laplace.js';
import { randomLabels } from '../../../src/analysis/random-labels.js';
import { useBackend } from '../../wasm-backend.js';

describe('randomLabels', () => {
  beforeEach(() => useBackend('cpu'));
  const count = 3000;
  const classes = 4;
  const oldNumbers = Array.from({ length: count }, (_, i) => i % classes);

  it.each([0, 0.5, 1])('replaces labels with chance %s by uniform classes', async (fraction) => {
    const ys = tf.tidy(() => tf.cast(tf.oneHot(oldNumbers, classes), 'float32'));
    const fresh = randomLabels(ys, { fraction, seed: 5 });
    expect(fresh.shape).toEqual(ys.shape);
    expect(fresh.dtype).toBe(ys.dtype);
    const rows = (await fresh.array()) as number[][];
    for (const row of rows) expect([...row].sort()).toEqual([0, 0, 0, 1]);
    const same = rows.filter((row, i) => row[oldNumbers[i]!] === 1).length / count;
    // Kept, or drawn again by chance; four standard deviations of a binomial of 3000.
    const expected = 1 - fraction + fraction / classes;
    expect(Math.abs(same - expected)).toBeLessThanOrEqual(4 * Math.sqrt((expected * (1 - expected)) / count));
    const share = rows.filter((row) => row[0] === 1).length / count;
    expect(Math.abs(share - 1 / classes)).toBeLessThan(0.035);
    tf.dispose([ys, fresh]);
  });

  it('takes class numbers, and repeats with the seed', async () => {
    const ys = tf.tensor1d(oldNumbers, 'int32');
    const [a, b, c] = [1, 1, 2].map((seed) => randomLabels(ys, { classes, seed }));
    expect(a!.dtype).toBe('int32');
    expect(Math.max(...(await a!.data()))).toBe(classes - 1);
    expect(await a!.data()).toEqual(await b!.data());
    expect(await a!.data()).not.toEqual(await c!.data());
    tf.dispose([ys, a!, b!, c!]);
  });

  it('knows two classes of a classifier with one output', async () => {
    const model = tfl.sequential({
      layers: [tfl.layers.dense({ units: 1, inputShape: [1], activation: 'sigmoid', useBias: false })],
    });
    model.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
    tf.tidy(() => model.setWeights([tf.tensor2d([[2]])]));
    const data = { xs: tf.ones([40, 1]), ys: tf.zeros([40, 1]) };
    const { logLikelihood } = await laplace({ model, data, randomLabels: { seed: 3 } });
    // With m ones of 40 it is 2m - 40 log(1 + e²), m from a binomial distribution: within four deviations of 20.
    const ones = (logLikelihood + 40 * Math.log(1 + Math.exp(2))) / 2;
    expect(Math.abs(ones - Math.round(ones))).toBeLessThan(1e-3);
    expect(Math.abs(ones - 20)).toBeLessThan(4 * Math.sqrt(10));
    tf.dispose([data]);
    model.dispose();
  });

  it('says which labels of a model are missing, or too many to replace', async () => {
    const input = tfl.input({ shape: [2] });
    const heads = [1, 2].map((units) => tfl.layers.dense({ units }).apply(input) as tfl.SymbolicTensor);
    const models = [[heads[0]!], heads].map((outputs) => tfl.model({ inputs: input, outputs }));
    const xs = tf.ones([3, 2]);
    const failure = (model: tfl.LayersModel, data: object): Promise<unknown> =>
      laplace({ model, data: data as { xs: tf.Tensor; ys: tf.Tensor }, randomLabels: {} });
    await expect(failure(models[0]!, { xs })).rejects.toThrow(
      'laplace: expected ys as one or several tensors',
    );
    await expect(failure(models[0]!, { xs, ys: 3 })).rejects.toThrow('expected ys as one or several tensors');
    await expect(failure(models[1]!, { xs, ys: [xs, xs] })).rejects.toThrow(
      'a model with one output, to replace its labels, received 2',
    );
    xs.dispose();
    // The second has the layers of the first, too.
    models[1]!.dispose();
  });

  it('says what is wrong', () => {
    const ys = tf.tensor1d([0, 1], 'int32');
    expect(() => randomLabels(ys)).toThrow(/classes.*received undefined/);
    expect(() => randomLabels(ys, { classes: 2, fraction: 2 })).toThrow(/fraction >= 0 and <= 1, received 2/);
    expect(() => randomLabels(tf.zeros([2, 2, 2]))).toThrow(/labels.*\[2,2,2\]/);
    ys.dispose();
  });
});

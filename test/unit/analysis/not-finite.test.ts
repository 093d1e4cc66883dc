import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classStructure } from '../../../src/analysis/class-structure.js';
import { laplace } from '../../../src/analysis/laplace.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import { useBackend } from '../../wasm-backend.js';

describe('a NaN among the examples', () => {
  let model: tfl.LayersModel;
  let data: { xs: tf.Tensor; ys: tf.Tensor };
  let tensors: number;
  beforeEach(async () => {
    await useBackend('cpu');
    model = tfl.sequential({
      layers: [tfl.layers.dense({ units: 2, activation: 'softmax', inputShape: [2] })],
    });
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    data = { xs: tf.tensor2d([1, 2, NaN, 1, 0, 1], [3, 2]), ys: tf.tensor2d([1, 0, 0, 1, 0, 1], [3, 2]) };
    tensors = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors);
    tf.dispose(data);
    model.dispose();
  });

  it.each(['full', 'kronecker', 'lowRank'] as const)('leaves laplace no evidence: %s', async (structure) => {
    const { evidences, status, predictions } = await laplace({ model, data }, { structure, test: data });
    expect(evidences).toEqual([{ priorPrecision: 1, logEvidence: NaN, logDeterminant: NaN }]);
    expect(status).toBe('nonFinite');
    expect(predictions).toEqual([]);
  });

  it('leaves classStructure no number that it makes up', async () => {
    const { status, eigenvalues, overlaps, betweenEigenvalues, means } = await classStructure({
      model,
      data,
    });
    expect(status).toBe('nonFinite');
    for (const numbers of [eigenvalues, overlaps, betweenEigenvalues, means.map(({ norm }) => norm)]) {
      expect(numbers.every(Number.isNaN)).toBe(true);
    }
  });

  it('leaves the inverse of KFACOperator NaN', async () => {
    const kfac = new KFACOperator(modelObjective(model, data));
    expect(await kfac.logDeterminant({ damping: 1 })).toBeNaN();
    const inverse = await kfac.inverse({ damping: 1 });
    const product = tf.tidy(() => Array.from(inverse.matvec(tf.ones([kfac.size])).dataSync()));
    expect(product.every(Number.isNaN)).toBe(true);
    for (const held of [inverse, kfac]) held.dispose();
  });
});

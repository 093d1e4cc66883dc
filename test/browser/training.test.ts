import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as layers from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { curvatureMonitor, modelObjective, NSGD } from '../../src/index.js';
import { relativeError } from '../golden-case.js';
import { backend, useBackend } from './backend.js';
import { synchronousReads } from './synchronous-reads.js';

const examples = 32;

/** Two arcs that no straight line parts. */
function arcs(): { xs: Tensor; ys: Tensor } {
  const angle = (i: number): number => (Math.PI * (i >> 1)) / (examples / 2 - 1);
  const points = Array.from({ length: examples }, (_, i) =>
    i % 2 === 0
      ? [Math.cos(angle(i)), Math.sin(angle(i))]
      : [1 - Math.cos(angle(i)), 0.5 - Math.sin(angle(i))],
  );
  return { xs: tf.tensor2d(points), ys: tf.tensor2d(points.map((_, i) => [i % 2])) };
}

function net(): LayersModel {
  const glorot = (seed: number): ReturnType<typeof layers.initializers.glorotNormal> =>
    layers.initializers.glorotNormal({ seed });
  return layers.sequential({
    layers: [
      layers.layers.dense({
        units: 6,
        inputShape: [2],
        activation: 'tanh',
        kernelInitializer: glorot(1),
      }),
      layers.layers.dense({ units: 1, activation: 'sigmoid', kernelInitializer: glorot(2) }),
    ],
  });
}

const fitOptions = { batchSize: 16, epochs: 2, shuffle: false, verbose: 0 } as const;

describe(`training on ${backend}`, () => {
  let data: ReturnType<typeof arcs>;
  beforeAll(async () => {
    await useBackend();
    data = arcs();
  });
  afterAll(() => tf.dispose(data));

  async function weightsAfter(optimizer: tf.Optimizer): Promise<number[]> {
    const model = net();
    model.compile({ optimizer, loss: 'binaryCrossentropy' });
    await model.fit(data.xs, data.ys, fitOptions);
    const weights = await Promise.all(model.getWeights().map((weight) => weight.data()));
    model.dispose();
    optimizer.dispose();
    return weights.flatMap((values) => Array.from(values));
  }

  it('NSGD with γ = 1 is SGD', async () => {
    const nudged = await weightsAfter(new NSGD({ learningRate: 0.5, gamma: 1, k: 2 }));
    const plain = await weightsAfter(tf.train.sgd(0.5));
    expect(relativeError(nudged, plain)).toBeLessThan(1e-6);
  });

  it('NSGD lowers the loss through fit, along directions it found, without a synchronous read or a leak', async () => {
    const model = net();
    const optimizer = new NSGD({ learningRate: 0.5, k: 2, gamma: 0.1, refreshEvery: 2, seed: 1 });
    model.compile({ optimizer, loss: 'binaryCrossentropy' });
    let last = 0;
    const fit = async (): Promise<void> => {
      const { history } = await model.fit(data.xs, data.ys, fitOptions);
      last = Number(history.loss!.at(-1));
      await optimizer.settled();
    };
    const first = Number((await model.fit(data.xs, data.ys, { ...fitOptions, epochs: 1 })).history.loss![0]);
    await fit();
    const { numTensors } = tf.memory();
    expect(await synchronousReads(fit)).toEqual([]);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(last).toBeLessThan(first);
    expect(optimizer.directions?.shape[0]).toBe(2);
    expect(optimizer.eigenvalues![0]).toBeGreaterThan(0);
    optimizer.dispose();
    model.dispose();
  });

  it('a monitor puts the sharpness into the history of fit', async () => {
    const model = net();
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'binaryCrossentropy' });
    const monitor = curvatureMonitor(modelObjective(model, data), { k: 2 });
    const reads = await synchronousReads(async () => {
      const { history } = await model.fit(data.xs, data.ys, { ...fitOptions, callbacks: monitor });
      expect(history.sharpness!.at(-1)).toBe(monitor.records.at(-1)!.sharpness);
      expect(monitor.records.at(-1)!.status).toBe('converged');
    });
    expect(reads).toEqual([]);
    monitor.dispose();
    model.dispose();
  });
});

import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeEach, describe, expect, it } from 'vitest';
import { distanceTravelled } from '../../../src/analysis/distance-travelled.js';
import { noiseGrid } from '../../../src/analysis/noise-grid.js';
import { noiseGridUnits } from '../../../src/analysis/noise-grid-units.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

beforeEach(() => useBackend('cpu'));

describe('noiseGrid', () => {
  // f(x) = w·x on x = ±2 with target 0: L = 4w², L'' = 8, whichever examples are drawn.
  function parabola() {
    const model = tfl.sequential();
    model.add(tfl.layers.dense({ units: 1, useBias: false, inputShape: [1] }));
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const start = tf.tensor2d([[0.75]]);
    model.setWeights([start]);
    start.dispose();
    const xs = tf.tensor2d([[2], [-2], [2], [-2]]);
    const ys = tf.zeros([4, 1]);
    return { model, data: { xs, ys } };
  }

  it('is gradient descent on a parabola, with and without momentum', async () => {
    const target = parabola();
    for (const momentum of [0, 0.5]) {
      const { runs } = await noiseGrid(target, {
        learningRates: [0.1, 0.05],
        batchSizes: [1, 4],
        steps: 6,
        measureEvery: 2,
        momentum,
      });
      expect(runs.map(({ name }) => name)).toEqual([
        'η = 0.1, S = 1',
        'η = 0.1, S = 4',
        'η = 0.05, S = 1',
        'η = 0.05, S = 4',
      ]);
      for (const { learningRate, records, peak, diverged } of runs) {
        const path = [0.75];
        let velocity = 0;
        for (let step = 0; step < 6; step++) {
          velocity = momentum * velocity - learningRate * 8 * path[step]!;
          path.push(path[step]! + velocity);
        }
        expect(records.map(({ step }) => step)).toEqual([0, 2, 4, 6]);
        for (const { step, loss, sharpness, distance } of records) {
          expect(loss).toBeCloseTo(4 * path[step]! ** 2, 5);
          expect(sharpness).toBeCloseTo(8, 4);
          expect(distance).toBeCloseTo(Math.abs(path[step]! - 0.75), 6);
        }
        expect(peak.sharpness).toBeCloseTo(8, 4);
        expect(diverged).toBe(false);
      }
    }
  });

  it('takes steps per batch size, and ends a run that diverges', async () => {
    const target = parabola();
    const { runs } = await noiseGrid(target, {
      learningRates: [1e20],
      batchSizes: [2, 4],
      steps: (batchSize) => 8 / batchSize,
      measureEvery: 1,
    });
    expect(runs.map(({ steps }) => steps)).toEqual([4, 2]);
    expect(runs.every(({ diverged }) => diverged)).toBe(true);
    expect(Array.from(target.model.getWeights()[0]!.dataSync())).toEqual([0.75]);
  });
});

describe('noiseGridUnits', () => {
  const options = {
    learningRates: [0.1, 0.05],
    batchSizes: [1, 2],
    steps: (batchSize: number) => 4 / batchSize,
    measureEvery: 2,
    momentum: 0.5,
    k: 1,
  };

  it('are the runs of the grid, one for each η, S and seed, as plain data', async () => {
    const model = tfl.sequential();
    const kernelInitializer = tfl.initializers.glorotNormal({ seed: 1 });
    model.add(tfl.layers.dense({ units: 2, inputShape: [3], kernelInitializer }));
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const data = {
      xs: tf.randomNormal([6, 3], 0, 1, 'float32', 1),
      ys: tf.randomNormal([6, 2], 0, 1, 'float32', 2),
    };
    const units = noiseGridUnits({ ...options, seeds: [3, 4] });
    expect(units.map(({ id }) => id).slice(0, 3)).toEqual([
      'η = 0.1, S = 1, seed 3',
      'η = 0.1, S = 2, seed 3',
      'η = 0.05, S = 1, seed 3',
    ]);
    expect(JSON.parse(JSON.stringify(units))).toEqual(units);
    const wholes = [
      await noiseGrid({ model, data }, { ...options, seed: 3 }),
      await noiseGrid({ model, data }, { ...options, seed: 4 }),
    ];
    for (const [i, run] of wholes.flatMap(({ runs }) => runs).entries()) {
      const alone = await noiseGrid({ model, data }, units[i]!.task);
      expect(alone.runs).toEqual([run]);
    }
  });

  it('weigh more where more is differentiated', () => {
    const weights = noiseGridUnits({ ...options, steps: 100, hessianExamples: 10 }).map(
      ({ weight }) => weight,
    );
    // 100 steps of one or two examples, and 51 measurements of 15 products, each two gradients of 10 examples.
    expect(weights.slice(0, 2)).toEqual([100 + 51 * 2 * 15 * 10, 200 + 51 * 2 * 15 * 10]);
  });

  it('refuse what the grid does', () => {
    expect(() => noiseGridUnits({ ...options, steps: 0.5 as never })).toThrow(
      /^noiseGridUnits: expected an integer steps/,
    );
    expect(() => noiseGridUnits({ ...options, steps: () => NaN })).toThrow(
      /noiseGridUnits: expected an integer steps/,
    );
    for (const batchSizes of [[-3], [2.5]]) {
      expect(() => noiseGridUnits({ ...options, batchSizes })).toThrow(
        /noiseGridUnits: expected batchSizes, a list of integers >= 1/,
      );
    }
    expect(() => noiseGridUnits({ ...options, seeds: [0.5] })).toThrow(
      /noiseGridUnits: expected seeds, a list of integers/,
    );
  });
});

describe('distanceTravelled', () => {
  it('is the Euclidean distance over all variables as one vector', async () => {
    const before = tf.memory().numTensors;
    const [a, b] = [variableOf([1, 2]), variableOf([3])];
    const travelled = distanceTravelled([a, b]);
    expect(await travelled.measure(0)).toEqual({ step: 0, distance: 0 });
    tf.tidy(() => {
      a.assign(tf.tensor1d([1 + 3, 2]));
      b.assign(tf.tensor1d([3 - 4]));
    });
    expect((await travelled.measure(1)).distance).toBeCloseTo(5, 6);
    expect(travelled.records.map(({ step }) => step)).toEqual([0, 1]);
    travelled.dispose();
    travelled.dispose();
    await expect(travelled.measure(2)).rejects.toThrow(/live measure/);
    tf.dispose([a, b]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

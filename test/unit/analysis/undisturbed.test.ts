import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeEach, describe, expect, it } from 'vitest';
import { gradientAlignment } from '../../../src/analysis/alignment.js';
import type { AnalysisProgress } from '../../../src/analysis/analysis-options.js';
import type { ModelTarget } from '../../../src/analysis/analysis-target.js';
import { lossCrossSection } from '../../../src/analysis/cross-section.js';
import { influence } from '../../../src/analysis/influence.js';
import { classStructure } from '../../../src/analysis/class-structure.js';
import { laplace } from '../../../src/analysis/laplace.js';
import { layerReport } from '../../../src/analysis/layer-report.js';
import { lossSurface } from '../../../src/analysis/loss-surface.js';
import { escapeAblation } from '../../../src/analysis/escape.js';
import { noiseGrid } from '../../../src/analysis/noise-grid.js';
import { stepDecomposition } from '../../../src/analysis/step-decomposition.js';
import { useBackend } from '../../wasm-backend.js';

/** What the analyses can be told in common here. */
interface Hooks {
  readonly onProgress?: (progress: AnalysisProgress) => void;
  readonly signal?: AbortSignal;
}

const analyses: Record<string, (target: ModelTarget, hooks: Hooks) => Promise<unknown>> = {
  stepDecomposition: (target, hooks) =>
    stepDecomposition(target, {
      learningRate: 0.1,
      k: 2,
      batchSize: 4,
      minibatches: 2,
      alphas: [1],
      ...hooks,
    }),
  gradientAlignment: (target, hooks) =>
    gradientAlignment(target, { k: 2, batchSize: 4, minibatches: 4, ...hooks }),
  lossCrossSection: (target, hooks) =>
    lossCrossSection(target, { learningRate: 0.1, k: 2, batchSize: 4, minibatches: 2, ...hooks }),
  escapeAblation: (target, hooks) =>
    escapeAblation(target, {
      learningRate: 0.1,
      batchSize: 4,
      steps: 3,
      variants: ['normal', 'allDrop'],
      ...hooks,
    }),
  lossSurface: (target, hooks) =>
    lossSurface(target, { plane: 'eigenvectors', extent: 0.5, steps: 3, ...hooks }),
  laplace: (target, hooks) =>
    laplace({ ...target, objective: { batchSize: 4 } }, { test: { xs: target.data.xs }, ...hooks }),
  classStructure: (target, hooks) =>
    classStructure({ ...target, objective: { batchSize: 4 } }, { k: 1, traceTol: 0.5, ...hooks }),
  layerReport: (target, hooks) => layerReport(target, hooks),
  influence: (target, hooks) =>
    influence(
      { ...target, objective: { batchSize: 4 } },
      { test: target.data, curvature: 'gaussNewton', damping: 0.1, ...hooks },
    ),
  noiseGrid: (target, hooks) =>
    noiseGrid(target, { learningRates: [0.1], batchSizes: [4, 8], steps: 4, momentum: 0.5, ...hooks }),
};

/** A classifier with everything in it that an evaluation can disturb. */
function touchyTarget(): ModelTarget & { dispose(): void } {
  const model = tfl.sequential();
  model.add(tfl.layers.dense({ units: 6, activation: 'tanh', batchInputShape: [null, 3, 5] }));
  model.add(tfl.layers.batchNormalization());
  model.add(tfl.layers.dropout({ rate: 0.3 }));
  model.add(tfl.layers.flatten());
  model.add(tfl.layers.dense({ units: 3, activation: 'softmax' }));
  model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
  const xs = tf.randomNormal([12, 3, 5], 0, 1, 'float32', 1);
  const ys = tf.tidy(() =>
    tf.cast(
      tf.oneHot(
        Array.from({ length: 12 }, (_, i) => i % 3),
        3,
      ),
      'float32',
    ),
  );
  const objective = { training: true };
  const randomLabels = { seed: 2 };
  return {
    model,
    data: { xs, ys },
    objective,
    randomLabels,
    dispose: () => {
      model.dispose();
      tf.dispose([xs, ys]);
    },
  };
}

const bits = (model: tfl.LayersModel): Uint32Array[] =>
  model.getWeights().map((weight) => new Uint32Array(Float32Array.from(weight.dataSync()).buffer));

describe.each(Object.entries(analyses))('%s', (_, analyse) => {
  beforeEach(() => useBackend('cpu'));

  it('leaves weights, moving averages and random state bit for bit, and no tensor', async () => {
    const { dispose, ...target } = touchyTarget();
    const weights = bits(target.model);
    const { numTensors, numBytes } = tf.memory();
    const { random } = Math;
    const first = await analyse(target, {});
    expect(bits(target.model)).toEqual(weights);
    expect({ numTensors: tf.memory().numTensors, numBytes: tf.memory().numBytes }).toEqual({
      numTensors,
      numBytes,
    });
    expect(Math.random).toBe(random);
    // The same numbers again: nothing of a run is left behind, and nothing depends on the global random state.
    Math.random();
    expect(await analyse(target, {})).toEqual(first);
    expect(JSON.parse(JSON.stringify(first))).toEqual(first);
    dispose();
  });

  it('restores them on abort at any piece of work', async () => {
    const { dispose, ...target } = touchyTarget();
    const weights = bits(target.model);
    const { numTensors } = tf.memory();
    for (const last of [1, 2, 3]) {
      const controller = new AbortController();
      let count = 0;
      const run = analyse(target, {
        signal: controller.signal,
        onProgress: () => {
          if (++count === last) controller.abort(new Error('enough'));
        },
      });
      await expect(run).rejects.toThrow('enough');
      expect(bits(target.model)).toEqual(weights);
      expect(tf.memory().numTensors).toBe(numTensors);
    }
    dispose();
  });

  it('restores them when something throws', async () => {
    const { dispose, ...target } = touchyTarget();
    const weights = bits(target.model);
    const { numTensors } = tf.memory();
    const run = analyse(target, {
      onProgress: () => {
        throw new Error('the bar fell over');
      },
    });
    await expect(run).rejects.toThrow('the bar fell over');
    expect(bits(target.model)).toEqual(weights);
    expect(tf.memory().numTensors).toBe(numTensors);
    dispose();
  });

  it('reports as much progress as it announces', async () => {
    const { dispose, ...target } = touchyTarget();
    const seen: AnalysisProgress[] = [];
    await analyse(target, { onProgress: (progress) => void seen.push(progress) });
    const { total } = seen[0]!;
    expect(seen.map(({ done }) => done)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
    dispose();
  });
});

it('leaves the state of a stateful recurrent layer', async () => {
  await useBackend('cpu');
  const model = tfl.sequential();
  model.add(
    tfl.layers.simpleRNN({
      units: 3,
      stateful: true,
      recurrentInitializer: 'glorotUniform',
      batchInputShape: [4, 2, 2],
    }),
  );
  model.add(tfl.layers.dense({ units: 1 }));
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const xs = tf.randomNormal([4, 2, 2], 0, 1, 'float32', 1);
  const ys = tf.zeros([4, 1]);
  const states = async () => {
    const { states_: held } = model.layers[0] as unknown as { states_: tf.Tensor[] };
    return Promise.all(held.map((state) => state.array()));
  };
  tf.dispose(model.predict(xs, { batchSize: 4 }) as tf.Tensor);
  const before = await states();
  await gradientAlignment({ model, data: { xs, ys } }, { k: 1, batchSize: 4, minibatches: 2 });
  expect(await states()).toEqual(before);
  model.dispose();
  tf.dispose([xs, ys]);
});

import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { callbacks, Callback, CustomCallback } from '@tensorflow/tfjs-layers';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CurvatureMonitor, RefreshHooks } from '../../../src/index.js';
import { curvatureMonitor, modelObjective, NSGD, refreshDirections } from '../../../src/index.js';
import { trainingCallback } from '../../../src/callbacks/training-callback.js';
import { useBackend } from '../../wasm-backend.js';
import { makeData, makeModel } from './training-run.js';

beforeEach(() => useBackend('cpu'));

/** A class of one's own, as tensorBoard of tfjs-node is one. */
class Board extends Callback {
  readonly epochs: number[] = [];
  override onEpochEnd(epoch: number): Promise<void> {
    this.epochs.push(epoch);
    return Promise.resolve();
  }
}

interface Run {
  model: LayersModel;
  monitor: CurvatureMonitor;
  refresh: RefreshHooks;
  board: Board;
  plain: { onEpochEnd: () => void; calls: number };
}

function plainHooks(): Run['plain'] {
  const hooks = { calls: 0, onEpochEnd: () => void hooks.calls++ };
  return hooks;
}

/** Trains two epochs by four batches with the callbacks picked, and tells what they have seen. */
async function train(pick: (run: Run) => unknown, fit: 'fit' | 'fitDataset'): Promise<number[]> {
  const { numTensors } = tf.memory();
  const { xs, ys } = makeData();
  const optimizer = new NSGD({ learningRate: 0.05, k: 1, refreshEvery: 0 });
  const model = makeModel(optimizer);
  const objective = modelObjective(model, { xs, ys });
  const monitor = curvatureMonitor(objective, { metrics: ['sharpness'] });
  let refreshed = 0;
  const refresh = refreshDirections(optimizer, objective, { onRefresh: () => void refreshed++ });
  const run = { model, monitor, refresh, board: new Board(), plain: plainHooks() };
  const picked = pick(run) as never;
  const history =
    fit === 'fit'
      ? await model.fit(xs, ys, { epochs: 2, batchSize: 4, verbose: 0, callbacks: picked })
      : await model.fitDataset(datasetOf(xs, ys) as never, { epochs: 2, verbose: 0, callbacks: picked });
  const sharpness = history.history.sharpness?.length ?? 0;
  const seen = [monitor.records.length, sharpness, refreshed, run.board.epochs.length, run.plain.calls];
  monitor.dispose();
  model.dispose();
  optimizer.dispose();
  tf.dispose([xs, ys]);
  expect(tf.memory().numTensors).toBe(numTensors);
  return seen;
}

/** Batches of four, as tf.data gives them. */
function datasetOf(xs: tf.Tensor, ys: tf.Tensor): object {
  const iterator = () => {
    let begin = 0;
    const next = () => {
      if (begin >= 16) return Promise.resolve({ value: null, done: true });
      const value = { xs: tf.slice(xs, begin, 4), ys: tf.slice(ys, begin, 4) };
      begin += 4;
      return Promise.resolve({ value, done: false });
    };
    return Promise.resolve({ next });
  };
  return { size: 4, iterator };
}

const early = (): unknown => callbacks.earlyStopping({ monitor: 'loss', patience: 9 });

describe.each(['fit', 'fitDataset'] as const)('%s', (fit) => {
  it.each<[string, (run: Run) => unknown, number[]]>([
    ['alone', (run) => run.monitor, [2, 2, 0, 0, 0]],
    ['before early stopping', (run) => [run.monitor, early()], [2, 2, 0, 0, 0]],
    ['after early stopping', (run) => [early(), run.monitor], [2, 2, 0, 0, 0]],
    ['between objects of a class', (run) => [run.board, run.monitor, early()], [2, 2, 0, 2, 0]],
    ['with a refresh, after it', (run) => [run.refresh, early(), run.monitor], [2, 2, 2, 0, 0]],
    ['with a refresh, before it', (run) => [early(), run.monitor, run.board, run.refresh], [2, 2, 2, 2, 0]],
    ['before plain hooks', (run) => [run.monitor, run.plain, run.refresh], [2, 2, 2, 0, 2]],
    ['after plain hooks', (run) => [run.plain, run.refresh, run.monitor], [2, 2, 2, 0, 2]],
    ['among all kinds', (run) => [run.refresh, run.board, run.plain, early(), run.monitor], [2, 2, 2, 2, 2]],
  ])('takes it %s', async (_, pick, seen) => {
    expect(await train(pick, fit)).toEqual(seen);
  });
});

it('shows its numbers to a callback behind it, which may stop training by them', async () => {
  const { xs, ys } = makeData();
  const model = makeModel(tf.train.sgd(0.01));
  const monitor = curvatureMonitor(modelObjective(model, { xs, ys }));
  // The sharpness is positive: it never falls below −1.
  const stop = callbacks.earlyStopping({ monitor: 'sharpness', baseline: -1, patience: 1 });
  const { epoch } = await model.fit(xs, ys, { epochs: 5, verbose: 0, callbacks: [monitor, stop] });
  expect(epoch).toEqual([0]);
  monitor.dispose();
  model.dispose();
  tf.dispose([xs, ys]);
});

it('runs a hook at the call, waits for it, and gives way to nothing in a loop of one’s own', async () => {
  const seen: string[] = [];
  const callback = trainingCallback({
    onBatchEnd: async (batch) => {
      seen.push(`begin ${batch}`);
      await Promise.resolve();
      seen.push(`end ${batch}`);
    },
  });
  expect(callback).toBeInstanceOf(CustomCallback);
  const turn = callback.onBatchEnd(3);
  expect(seen).toEqual(['begin 3']);
  await turn;
  expect(seen).toEqual(['begin 3', 'end 3']);
});

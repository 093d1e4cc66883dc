import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { wrap } from 'comlink';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lanczos } from '../../src/index.js';
import { ShardedHessian, WorkersLostError, type ShardWorker } from '../../src/workers/index.js';
import { relativeError } from '../golden-case.js';
import { backend, useBackend } from './backend.js';
import type { WorkerFunctions } from './curvature-worker.js';

// With a linear layer and the mean squared error, the Hessian is 2/N XᵀX: here diag(4, 1).
const xs = [
  [2, 0],
  [0, 1],
];
const ys = [[1], [1]];

const startWorker = (): Worker =>
  new Worker(new URL('./curvature-worker.ts', import.meta.url), { type: 'module' });

/** A worker whose end is told by whoever ends it: browsers tell nobody. */
function shardWorker(): ShardWorker & { kill(): void } {
  const worker = startWorker();
  const service = wrap<WorkerFunctions>(worker) as unknown as ShardWorker['service'];
  let tell: (() => void) | undefined;
  const lost = new Promise<void>((resolve) => (tell = resolve));
  const kill = (): void => {
    worker.terminate();
    tell?.();
  };
  return {
    service,
    lost,
    kill,
    terminate: () => {
      kill();
      return Promise.resolve();
    },
  };
}

// The workers compute on cpu whatever the page does: once is enough.
describe.skipIf(backend !== 'cpu')('Web Workers, reached with comlink', () => {
  let model: layers.LayersModel;
  let data: { xs: tf.Tensor; ys: tf.Tensor };
  beforeAll(async () => {
    await useBackend();
    model = layers.sequential({
      layers: [layers.layers.dense({ units: 1, inputShape: [2], useBias: false })],
    });
    data = { xs: tf.tensor2d(xs), ys: tf.tensor2d(ys) };
  });
  afterAll(() => {
    tf.dispose(data);
    model.dispose();
  });

  it('find the sharpness of a model of the page, while the page goes on', async () => {
    const worker = startWorker();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const weights = await Promise.all(model.getWeights().map(async (w) => Float32Array.from(await w.data())));
    const sharpness = await wrap<WorkerFunctions>(worker).sharpness(
      model.toJSON(null, false) as object,
      weights,
      xs,
      ys,
    );
    clearInterval(timer);
    expect(sharpness).toBeCloseTo(4, 4);
    expect(ticks).toBeGreaterThan(0);
    worker.terminate();
  });

  it('share out a Hessian, and its shards when one is gone', async () => {
    const workers = [shardWorker(), shardWorker()];
    const sharded = await ShardedHessian.load(workers, model, data, { loss: 'meanSquaredError' });
    const { eigenvalues, dispose } = await lanczos(sharded, { k: 2 });
    expect(relativeError(eigenvalues, [4, 1])).toBeLessThan(1e-6);
    dispose();
    workers[0]!.kill();
    expect(relativeError(await sharded.multiply(Float32Array.of(1, 1)), [4, 1])).toBeLessThan(1e-6);
    expect(sharded.numWorkers).toBe(1);
    workers[1]!.kill();
    await expect(sharded.multiply(Float32Array.of(1, 1))).rejects.toThrow(WorkersLostError);
    await sharded.dispose();
  });
});

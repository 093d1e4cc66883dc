import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as layers from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Pool } from 'workerpool';
import { CurvatureArgumentError, HessianOperator, lanczos, modelObjective } from '../../src/index.js';
import { SeededRandom } from '../../src/random.js';
import { pooledWorker, ShardedHessian, type ShardWorker, WorkersLostError } from '../../src/workers/index.js';
import { relativeError } from '../golden-case.js';
import { useBackend } from '../wasm-backend.js';
import type { ShardThreads } from './thread-pool.js';
import { shardThreads } from './thread-pool.js';

let threads: ShardThreads;
beforeAll(async () => {
  threads = await shardThreads();
});
afterAll(() => threads.dispose());

const loss = 'categoricalCrossentropy';
// An odd number, so that shards differ in size and have to be weighted.
const examples = 21;

function makeModel(): LayersModel {
  const seeded = (seed: number): ReturnType<typeof layers.initializers.glorotNormal> =>
    layers.initializers.glorotNormal({ seed });
  const { l2 } = layers.regularizers;
  return layers.sequential({
    layers: [
      layers.layers.conv2d({
        filters: 3,
        kernelSize: 3,
        inputShape: [6, 6, 1],
        activation: 'tanh',
        kernelInitializer: seeded(1),
        kernelRegularizer: l2({ l2: 0.1 }),
      }),
      layers.layers.maxPooling2d({ poolSize: 2 }),
      layers.layers.flatten(),
      layers.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: seeded(2) }),
    ],
  });
}

function normals(count: number, seed: number): Float32Array {
  const random = new SeededRandom(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

describe('ShardedHessian over threads', () => {
  let model: LayersModel;
  let data: { xs: Tensor; ys: Tensor };
  let local: HessianOperator;
  let pools: Pool[];
  let sharded: ShardedHessian;

  beforeAll(async () => {
    await useBackend('cpu');
    model = makeModel();
    data = {
      xs: tf.tensor(normals(examples * 36, 1), [examples, 6, 6, 1]),
      ys: tf.tidy(() =>
        tf.oneHot(
          tf.tensor1d(
            Array.from({ length: examples }, (_, i) => i % 3),
            'int32',
          ),
          3,
        ),
      ),
    };
    local = new HessianOperator(modelObjective(model, data, { loss, batchSize: 8 }));
  });
  afterAll(() => {
    local.dispose();
    tf.dispose(data);
    model.dispose();
  });
  beforeEach(async () => {
    pools = [threads.pool(), threads.pool()];
    sharded = await ShardedHessian.load(pools.map(pooledWorker), model, data, { loss, batchSize: 8 });
  });
  afterEach(() => sharded.dispose());

  /** ‖sharded − local‖ / ‖local‖ of a product. */
  async function deviation(seed: number): Promise<number> {
    const v = normals(local.size, seed);
    const vector: Tensor1D = tf.tensor1d(v);
    const product = local.matvec(vector);
    const expected = await product.data();
    tf.dispose([vector, product]);
    return relativeError(await sharded.multiply(v), expected);
  }

  it('multiplies like one operator on all of the data, regulariser included', async () => {
    expect(sharded.size).toBe(local.size);
    expect(await deviation(2)).toBeLessThan(1e-6);
  });

  it('says how large the terms of its shards are, together', async () => {
    const magnitude = await sharded.magnitude();
    // Measured by other errors on other batches: of the same size, no more.
    expect(magnitude / local.magnitude()).toBeGreaterThan(0.2);
    expect(magnitude / local.magnitude()).toBeLessThan(5);
  });

  it('serves lanczos, which finds the same eigenvalues', async () => {
    const before = tf.memory().numTensors;
    const [here, there] = [await lanczos(local, { k: 3 }), await lanczos(sharded, { k: 3 })];
    expect(there.status).toBe('converged');
    expect(relativeError(there.eigenvalues, here.eigenvalues)).toBeLessThan(1e-6);
    here.dispose();
    there.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('follows the parameters', async () => {
    const theta = local.parameters.read();
    const moved = Float32Array.from(await theta.data<'float32'>(), (value) => 0.5 * value);
    const vector = tf.tensor1d(moved);
    local.parameters.write(vector);
    await sharded.setParameters(moved);
    expect(await deviation(3)).toBeLessThan(1e-6);
    local.parameters.write(theta);
    tf.dispose([theta, vector]);
  });

  it('hands the shard of a thread that has died on to another', async () => {
    await expect(Promise.resolve(pools[0]!.exec('die', []))).rejects.toThrow();
    expect(await deviation(4)).toBeLessThan(1e-6);
    expect(sharded.numWorkers).toBe(1);
  });

  it('completes a product during which a thread dies', async () => {
    await pools[1]!.exec('dieAtNextProduct', []);
    expect(await deviation(5)).toBeLessThan(1e-6);
    expect(sharded.numWorkers).toBe(1);
  });

  it('rejects when no thread is left, and so does lanczos', async () => {
    await Promise.all(pools.map((pool) => pool.exec('dieAtNextProduct', [])));
    await expect(lanczos(sharded, { k: 1 })).rejects.toThrow(WorkersLostError);
  });

  it('rejects a product under way when it is disposed, and those after', async () => {
    const v = normals(local.size, 6);
    const run = sharded.multiply(v);
    const outcome = expect(run).rejects.toThrow(WorkersLostError);
    await sharded.dispose();
    await outcome;
    await expect(sharded.multiply(v)).rejects.toThrow(WorkersLostError);
  });

  it('stops when told, and leaves nothing behind', async () => {
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const run = lanczos(sharded, {
      k: 3,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(run).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('ShardedHessian', () => {
  const silent: ShardWorker = {
    service: {
      loadModel: () => new Promise(() => {}),
      loadShard: () => new Promise(() => {}),
      setParameters: () => new Promise(() => {}),
      dropShard: () => new Promise(() => {}),
      product: () => new Promise(() => {}),
      gradient: () => new Promise(() => {}),
      dispose: () => new Promise(() => {}),
    },
    terminate: () => Promise.resolve(),
  };
  let model: LayersModel;
  let data: { xs: Tensor; ys: Tensor };
  beforeAll(async () => {
    await useBackend('cpu');
    model = makeModel();
    data = { xs: tf.zeros([2, 6, 6, 1]), ys: tf.zeros([2, 3]) };
  });
  afterAll(() => {
    tf.dispose(data);
    model.dispose();
  });

  it('gives up a worker that does not answer in time', async () => {
    const run = ShardedHessian.load([silent], model, data, { loss, timeout: 20 });
    await expect(run).rejects.toThrow(WorkersLostError);
  });

  it('says what a worker says is wrong with the loss', async () => {
    const pool = threads.pool();
    const run = ShardedHessian.load([pooledWorker(pool)], model, data, { loss: 'noSuchLoss' });
    await expect(run).rejects.toThrow('noSuchLoss');
  });

  it('refuses fewer examples than workers, and vectors of another length', async () => {
    const run = ShardedHessian.load([silent, silent, silent], model, data, { loss });
    await expect(run).rejects.toThrow(CurvatureArgumentError);
    await expect(ShardedHessian.load([], model, data, { loss })).rejects.toThrow('at least one worker');
  });
});

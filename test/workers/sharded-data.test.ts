import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CurvatureArgumentError, HessianOperator, modelObjective } from '../../src/index.js';
import type { ModelData, ModelObjectiveOptions } from '../../src/index.js';
import type { ShardedHessianOptions, ShardService, ShardWorker } from '../../src/workers/index.js';
import { createShardService, pooledWorker, ShardedHessian } from '../../src/workers/index.js';
import { serviceNames } from '../../src/workers/protocol.js';
import { relativeError } from '../golden-case.js';
import { useBackend } from '../wasm-backend.js';
import type { ShardThreads } from './thread-pool.js';
import { shardThreads } from './thread-pool.js';

// An odd number, so that shards differ in size and have to be weighted.
const examples = 9;

const random = (shape: number[], seed: number): Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Two inputs and two outputs; one layer does not train. */
function twoByTwo(): layers.LayersModel {
  const init = (seed: number) => ({ kernelInitializer: layers.initializers.glorotNormal({ seed }) });
  const [a, b] = [layers.input({ shape: [4], name: 'a' }), layers.input({ shape: [3], name: 'b' })];
  const { dense, concatenate } = layers.layers;
  const frozen = dense({ units: 4, activation: 'tanh', trainable: false, ...init(1) });
  const joined = concatenate().apply([
    frozen.apply(a) as layers.SymbolicTensor,
    dense({ units: 3, activation: 'tanh', ...init(2) }).apply(b) as layers.SymbolicTensor,
  ]);
  const kind = dense({ units: 3, activation: 'softmax', name: 'kind', ...init(3) }).apply(joined);
  const size = dense({ units: 1, name: 'size', ...init(4) }).apply(joined);
  return layers.model({ inputs: [a, b], outputs: [kind, size] as layers.SymbolicTensor[] });
}

const losses = { kind: 'categoricalCrossentropy', size: 'meanSquaredError' };

/** A worker that computes here, and ends in the midst of the first call of `method`. */
function mortal(method?: keyof ShardService): ShardWorker {
  const service: ShardService = { ...createShardService() };
  const gone = (): Promise<never> => Promise.reject(new Error('gone'));
  const dies = Object.fromEntries(serviceNames.map((name) => [name, gone])) as unknown as ShardService;
  let isGone = false;
  const call = <K extends keyof ShardService>(name: K): ShardService[K] =>
    ((...args: unknown[]) => {
      if (name === method) isGone = true;
      return ((isGone ? dies : service)[name] as (...args: unknown[]) => unknown)(...args);
    }) as ShardService[K];
  return {
    service: Object.fromEntries(serviceNames.map((name) => [name, call(name)])) as unknown as ShardService,
    terminate: async () => void (await service.dispose()),
  };
}

describe('what a ShardedHessian sends to its workers', () => {
  let threads: ShardThreads;
  let model: layers.LayersModel;
  let tensors: Record<'a' | 'b' | 'kind' | 'size' | 'weight', Tensor>;
  let data: ModelData;
  let sharded: ShardedHessian | null = null;

  beforeAll(async () => {
    await useBackend('cpu');
    threads = await shardThreads();
    model = twoByTwo();
    tensors = {
      a: random([examples, 4], 5),
      b: random([examples, 3], 6),
      kind: tf.tidy(() => tf.oneHot([0, 1, 2, 0, 1, 2, 0, 1, 2], 3)),
      size: random([examples, 1], 7),
      weight: tf.tensor1d([1, 2, 0, 1, 0.5, 1, 3, 1, 0.25]),
    };
    const { a, b, kind, size } = tensors;
    data = { xs: { b, a }, ys: { size, kind } };
  });
  afterEach(async () => {
    await sharded?.dispose();
    sharded = null;
  });
  afterAll(() => {
    threads.dispose();
    tf.dispose(tensors);
    model.dispose();
  });

  /** ‖sharded − local‖ / ‖local‖ of a product. */
  async function deviation(whole: ModelData, options: ModelObjectiveOptions): Promise<number> {
    const local = new HessianOperator(modelObjective(model, whole, { batchSize: 4, ...options }));
    const v = random([local.size], 8) as Tensor1D;
    const product = local.matvec(v);
    const [direction, expected] = await Promise.all([v.data<'float32'>(), product.data<'float32'>()]);
    tf.dispose([v, product]);
    local.dispose();
    return relativeError(await sharded!.multiply(direction), expected);
  }

  const load = async (workers: ShardWorker[], whole: ModelData, options: ShardedHessianOptions = {}) => {
    sharded = await ShardedHessian.load(workers, model, whole, { batchSize: 4, ...options });
  };

  it('are several inputs, outputs and losses by name, and factors; a thread may die over them', async () => {
    const pools = [threads.pool(), threads.pool()];
    const weighted = { ...data, sampleWeight: tensors.weight };
    await load(pools.map(pooledWorker), weighted, { loss: losses });
    // Without the frozen layer (3·3 + 3) + (7·3 + 3) + (7 + 1).
    expect(sharded!.size).toBe(44);
    expect(await deviation(weighted, { loss: losses })).toBeLessThan(2e-6);
    await pools[0]!.exec('dieAtNextProduct', []);
    expect(await deviation(weighted, { loss: losses })).toBeLessThan(2e-6);
    expect(sharded!.numWorkers).toBe(1);
  });

  it('are tensors and losses in order, one loss for all, or those the model was compiled with', async () => {
    const { a, b, kind, size } = tensors;
    const ordered = { xs: [a, b], ys: [kind, size] };
    for (const loss of [Object.values(losses), 'meanSquaredError', undefined]) {
      if (loss == null) model.compile({ optimizer: 'sgd', loss: losses });
      await load([mortal(), mortal()], ordered, loss == null ? {} : { loss });
      expect(await deviation(ordered, { loss: loss ?? losses })).toBeLessThan(2e-6);
      await sharded!.dispose();
    }
  });

  it.each(['loadModel', 'loadShard', 'setParameters', 'product'] as const)(
    'reaches the others when one dies in %s',
    async (method) => {
      const before = tf.memory().numTensors;
      await load([mortal(method), mortal(), mortal()], data, { loss: losses });
      const theta = new HessianOperator(modelObjective(model, data, { loss: losses }));
      const values = theta.parameters.read();
      await sharded!.setParameters(await values.data<'float32'>());
      values.dispose();
      theta.dispose();
      expect(await deviation(data, { loss: losses })).toBeLessThan(2e-6);
      expect(sharded!.numWorkers).toBe(2);
      await sharded!.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('cannot be a function, strings, or a loss that is missing; the workers stay the caller’s then', async () => {
    const own = (): Tensor => tf.scalar(0);
    const words = tf.tensor1d(Array.from({ length: examples }, () => 'word'));
    const cases: [ModelData, object, RegExp][] = [
      [
        data,
        { loss: own },
        /ShardedHessian: expected losses by name: a function cannot be sent.*function own/,
      ],
      [data, { loss: { ...losses, size: own } }, /a function cannot be sent/],
      [data, { loss: { kind: losses.kind } }, /a loss for output 'size'/],
      [data, { loss: ['meanSquaredError'] }, /2 losses, one per output/],
      [{ ...data, ys: { kind: tensors.kind } }, { loss: losses }, /ys with a tensor for 'size'/],
      [{ ...data, sampleWeight: words }, { loss: losses }, /float32, int32 or bool, received tensor string/],
    ];
    const worker = mortal('loadModel');
    for (const [whole, options, message] of cases) {
      const run = ShardedHessian.load([worker], model, whole, options);
      await expect(run).rejects.toThrow(message);
      await expect(run).rejects.toThrow(CurvatureArgumentError);
    }
    words.dispose();
  });

  it('is refused by a worker that makes another model of it', async () => {
    const worker = mortal();
    const { loadModel } = worker.service;
    const service: ShardService = {
      ...worker.service,
      loadModel: async (message) => {
        const reply = await loadModel(message);
        return reply.ok ? { ok: true, value: { ...reply.value, size: reply.value.size + 1 } } : reply;
      },
    };
    const before = tf.memory().numTensors;
    const run = ShardedHessian.load([{ ...worker, service }], model, data, { loss: losses });
    await expect(run).rejects.toThrow('a model of 44 parameters in each worker, received one of 45');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is refused by a worker that does not know a layer, which says so', async () => {
    const known = class Known extends layers.layers.Layer {
      static className = 'OnlyKnownHere';
      override call(inputs: Tensor | Tensor[]): Tensor | Tensor[] {
        return inputs;
      }
    };
    tf.serialization.registerClass(known);
    const odd = layers.sequential({
      layers: [layers.layers.dense({ units: 1, inputShape: [4] }), new known({})],
    });
    const pool = threads.pool();
    const whole = { xs: tensors.a, ys: tensors.size };
    const run = ShardedHessian.load([pooledWorker(pool)], odd, whole, { loss: 'meanSquaredError' });
    await expect(run).rejects.toThrow(/a worker answered: Unknown layer: OnlyKnownHere/);
    expect(pool.stats().totalWorkers).toBe(0);
    odd.dispose();
  });
});

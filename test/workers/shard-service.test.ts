import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { packTensor } from '../../src/workers/packed-tensor.js';
import type { ModelMessage, PackedTensor, ShardMessage, ShardService } from '../../src/workers/index.js';
import { createShardService } from '../../src/workers/index.js';
import { useBackend } from '../wasm-backend.js';

const budget = 300;
vi.mock('../../src/objectives/linearize-objective.js', async (original) => ({
  ...(await original<object>()),
  autoRetainBytes: 300,
}));

let tensors: number;
let service: ShardService;
let model: ModelMessage;
let shard: ShardMessage;

beforeAll(() => useBackend('cpu'));
beforeEach(async () => {
  const net = layers.sequential({
    layers: [layers.layers.dense({ units: 2, inputShape: [3] }), layers.layers.dense({ units: 1 })],
  });
  const weights = await Promise.all(net.getWeights().map((weight) => packTensor(weight, 'test')));
  const topology = net.toJSON(null, false) as object;
  model = { version: 2, topology, weights, losses: ['meanSquaredError'], batchSize: 4, training: false };
  net.dispose();
  const pack = async (tensor: Tensor): Promise<PackedTensor> => {
    const packed = await packTensor(tensor, 'test');
    tensor.dispose();
    return packed;
  };
  const [xs, ys] = [await pack(tf.ones([4, 3])), await pack(tf.ones([4, 1]))];
  shard = { id: 0, xs: [xs], ys: [ys], sampleWeight: null, weight: 1 };
  tensors = tf.memory().numTensors;
  service = createShardService();
});
afterEach(async () => {
  await service.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

const refusal = (message: RegExp): object => ({
  ok: false,
  isBlank: false,
  message: expect.stringMatching(message) as string,
});

describe('the side of the worker', () => {
  it('loads model and shards, drops them, and takes parameters without a shard', async () => {
    expect(await service.loadModel(model)).toEqual({ ok: true, value: { version: 2, size: 11 } });
    expect(await service.setParameters(new Float32Array(11).fill(0.1))).toEqual({ ok: true, value: null });
    const empty = tf.memory().numTensors;
    expect(await service.loadShard(shard)).toEqual({ ok: true, value: null });
    const reply = await service.gradient([0]);
    // xs and ys are ones: the outputs are 0.1 (2 (3 · 0.1 + 0.1)) + 0.1 = 0.18.
    expect(reply.ok && reply.value[0]!.loss).toBeCloseTo((1 - 0.18) ** 2, 6);
    expect(await service.dropShard([0])).toEqual({ ok: true, value: null });
    expect(tf.memory().numTensors).toBe(empty);
    expect(await service.gradient([0])).toMatchObject({ ok: false, isBlank: true });
    expect(await service.product([0], new Float32Array(11))).toMatchObject({ ok: false, isBlank: true });
  });

  it('refuses a shard that is there already, and one that is none, and loses nothing over it', async () => {
    await service.loadModel(model);
    await service.loadShard(shard);
    const held = tf.memory().numTensors;
    expect(await service.loadShard(shard)).toEqual(
      refusal(/^ShardWorker.service.loadShard: .* not there yet, received number 0/),
    );
    const bad = { ...shard.xs[0]!, values: new Float32Array(5) };
    expect(await service.loadShard({ ...shard, id: 1, xs: [bad] })).toEqual(
      refusal(/^ShardWorker.service.loadShard: expected 12 values for the shape \[4,3\], received 5/),
    );
    const odd = { ...shard.xs[0]!, shape: [6, 2] };
    expect(await service.loadShard({ ...shard, id: 2, xs: [odd] })).toMatchObject({ ok: false });
    expect(tf.memory().numTensors).toBe(held);
  });

  it.each<[string, (message: ModelMessage) => object, RegExp]>([
    [
      'weights of another shape',
      (m) => ({ ...m, weights: [...m.weights].reverse() }),
      /^ShardWorker.service.loadModel: expected weights of/,
    ],
    [
      'too few weights',
      (m) => ({ ...m, weights: m.weights.slice(1) }),
      /^ShardWorker.service.loadModel: expected a topology with as many/,
    ],
    [
      'too many weights',
      (m) => ({ ...m, weights: [...m.weights, m.weights[0]!] }),
      /^ShardWorker.service.loadModel: expected weights of/,
    ],
    ['no topology', (m) => ({ ...m, topology: null }), /^ShardWorker.service.loadModel: expected a topology/],
    [
      'no weights',
      (m) => ({ ...m, weights: 3 }),
      /^ShardWorker.service.loadModel: expected a list of weights/,
    ],
    [
      'weights that are none',
      (m) => ({ ...m, weights: [null] }),
      /^ShardWorker.service.loadModel: expected a tensor with a shape/,
    ],
    [
      'a version to come',
      (m) => ({ ...m, version: 3 }),
      /^ShardWorker.service.loadModel: expected messages of version 2/,
    ],
    [
      'an older host',
      (m) => ({ ...m, version: undefined }),
      /^ShardWorker.service.loadModel: expected messages of version 2 .* undefined/,
    ],
    [
      'a layer that is not known, after one that is',
      (m) => ({
        ...m,
        topology: JSON.parse(
          JSON.stringify(m.topology).replace(/"Dense"(?!.*"Dense")/, '"Unheard"'),
        ) as object,
      }),
      /Unheard/,
    ],
  ])('refuses %s, and nothing stays', async (_, change, message) => {
    expect(await service.loadModel(change(model) as ModelMessage)).toEqual(refusal(message));
    expect(tf.memory().numTensors).toBe(tensors);
    expect(await service.setParameters(new Float32Array(11))).toMatchObject({ ok: false, isBlank: true });
  });

  it('refuses a small topology that asks for much, before it is given', async () => {
    const text = JSON.stringify(model.topology).replace('"units":2', '"units":1000000000');
    const { numBytes } = tf.memory();
    const reply = await service.loadModel({ ...model, topology: JSON.parse(text) as object });
    expect(reply).toEqual(refusal(/as many weights as were sent/));
    expect(tf.memory().numBytes).toBe(numBytes);
    // The next one is built as ever.
    expect(await service.loadModel(model)).toMatchObject({ ok: true });
  });

  it.each([true, 1])(
    'refuses states, which no weight says the size of, before they are made: %j',
    async (stateful) => {
      const kernelInitializer = 'zeros';
      const cell = { name: 'r', units: 1, kernelInitializer, recurrentInitializer: 'zeros', stateful };
      const config = { ...cell, batchInputShape: [50_000, 1, 1] };
      const topology = { className: 'Sequential', config: { layers: [{ className: 'SimpleRNN', config }] } };
      const weights = [[1, 1], [1, 1], [1]].map((shape) => {
        return { shape, dtype: 'float32' as const, values: new Float32Array(1) };
      });
      const zeros = vi.spyOn(tf.engine(), 'makeTensor');
      expect(await service.loadModel({ ...model, topology, weights })).toEqual(
        refusal(/^ShardWorker.service.loadModel: expected a topology without stateful layers/),
      );
      const sizes = zeros.mock.calls.map(([, shape]) => tf.util.sizeFromShape(shape));
      zeros.mockRestore();
      expect(Math.max(0, ...sizes)).toBeLessThan(50_000);
    },
  );

  it('keeps the tapes of all of its shards within one budget, and no bit depends on it', async () => {
    const big = { ...model, batchSize: 1 };
    await service.loadModel(big);
    const { numBytes } = tf.memory();
    const v = Float32Array.from({ length: 11 }, (_, i) => Math.sin(i));
    const number = (id: number): ShardMessage => ({ ...shard, id, xs: [random], ys: shard.ys });
    const random = { ...shard.xs[0]!, values: Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)) };
    await service.loadShard(number(0));
    const alone = tf.memory().numBytes - numBytes;
    const ids = Array.from({ length: 16 }, (_, id) => id);
    for (const id of ids.slice(1)) await service.loadShard(number(id));
    // Of each shard the data, loss and gradient, 4 (12 + 4) + 4 (1 + 11) bytes, and what tapes a shard keeps by itself.
    const others = 16 * 4 * (12 + 4 + 1 + 11);
    const tape = alone - others / 16;
    expect(16 * tape).toBeGreaterThan(8 * budget);
    const held = (): number => tf.memory().numBytes - numBytes - others;
    expect(held()).toBeGreaterThan(0);
    expect(held()).toBeLessThanOrEqual(budget + tape);
    const reply = await service.product(ids, v);
    if (!reply.ok) throw new Error(reply.message);
    for (const product of reply.value) expect(product).toEqual(reply.value[0]);
    // Also after θ has changed, and what was dropped leaves room.
    await service.setParameters(v);
    await service.product(ids, v);
    expect(held()).toBeLessThanOrEqual(budget + tape);
    await service.dropShard(ids);
    expect(tf.memory().numBytes).toBe(numBytes);
  });
});

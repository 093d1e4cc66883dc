import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packTensor } from '../../src/workers/packed-tensor.js';
import type { ModelMessage, PackedTensor, ShardMessage, ShardService } from '../../src/workers/index.js';
import { createShardService } from '../../src/workers/index.js';
import { useBackend } from '../wasm-backend.js';

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
});

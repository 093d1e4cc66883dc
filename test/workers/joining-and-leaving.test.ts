import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as layers from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  conditionNumber,
  CurvatureArgumentError,
  diagonal,
  frobeniusNorm,
  HessianOperator,
  minres,
  modelObjective,
  powerIteration,
  solve,
  spectralDensity,
  spectralNorm,
  trace,
} from '../../src/index.js';
import type { ShardWorker } from '../../src/workers/index.js';
import { ShardedHessian, WorkersLostError } from '../../src/workers/index.js';
import { relativeError } from '../golden-case.js';
import { useBackend } from '../wasm-backend.js';
import type { LocalWorker } from './local-worker.js';
import { localWorker } from './local-worker.js';

const loss = 'meanSquaredError';
const examples = 11;

let model: LayersModel;
let data: { xs: Tensor; ys: Tensor };
let local: HessianOperator;
let v: Float32Array;
let sharded: ShardedHessian | null = null;
let tensors: number;

beforeAll(async () => {
  await useBackend('cpu');
  const init = (seed: number) => ({ kernelInitializer: layers.initializers.glorotNormal({ seed }) });
  model = layers.sequential({
    layers: [
      layers.layers.dense({ units: 3, inputShape: [4], activation: 'tanh', ...init(1) }),
      layers.layers.dense({ units: 1, ...init(2) }),
    ],
  });
  data = {
    xs: tf.randomNormal([examples, 4], 0, 1, 'float32', 3),
    ys: tf.randomNormal([examples, 1], 0, 1, 'float32', 4),
  };
  local = new HessianOperator(modelObjective(model, data, { loss }));
  v = Float32Array.from({ length: local.size }, (_, i) => Math.sin(i + 1));
});
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(async () => {
  await sharded?.dispose();
  sharded = null;
  expect(tf.memory().numTensors).toBe(tensors);
});
afterAll(() => {
  local.dispose();
  tf.dispose(data);
  model.dispose();
});

async function load(workers: ShardWorker[], numShards?: number): Promise<ShardedHessian> {
  sharded = await ShardedHessian.load(workers, model, data, { loss, batchSize: 4, numShards });
  return sharded;
}

async function values(tensor: Tensor): Promise<Float32Array> {
  const numbers = await tensor.data<'float32'>();
  tensor.dispose();
  return numbers;
}

async function localProduct(): Promise<Float32Array> {
  const vector: Tensor1D = tf.tensor1d(v);
  const product = local.matvec(vector);
  vector.dispose();
  return values(product);
}

const sent = (worker: LocalWorker, name: string): unknown[][] =>
  worker.log.filter((message) => message.name === name).map(({ args }) => [...args]);

describe('workers that join and leave', () => {
  it('a worker that joins has model and θ, takes shards over, and changes no bit', async () => {
    const first = localWorker();
    const hessian = await load([first], 5);
    expect(hessian.numShards).toBe(5);
    const theta = Float32Array.from(await values(local.parameters.read()), (x) => 0.5 * x);
    await hessian.setParameters(theta);
    const before = await hessian.multiply(v);
    const second = localWorker();
    await hessian.add(second);
    expect(hessian.numWorkers).toBe(2);
    expect(sent(second, 'setParameters')).toEqual([[theta]]);
    expect(sent(second, 'loadShard')).toHaveLength(2);
    expect(sent(first, 'dropShard')).toHaveLength(2);
    expect(await hessian.multiply(v)).toEqual(before);
    expect(sent(second, 'product').at(-1)![0]).toHaveLength(2);
    // And one that leaves gives them away.
    await hessian.remove(first);
    expect(hessian.numWorkers).toBe(1);
    expect(await hessian.multiply(v)).toEqual(before);
    await expect(hessian.remove(second)).rejects.toThrow('another worker that is left');
  });

  it('of two that are to leave at once, and are all there are, one stays', async () => {
    const workers = [localWorker(), localWorker()];
    const hessian = await load(workers, 4);
    const expected = await hessian.multiply(v);
    const left = await Promise.allSettled(workers.map((worker) => hessian.remove(worker)));
    expect(left.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await hessian.multiply(v)).toEqual(expected);
    const late = localWorker();
    const joined = await Promise.allSettled([hessian.add(late), hessian.add(late)]);
    expect(joined.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(hessian.numWorkers).toBe(2);
  });

  it('does not break a product under way', async () => {
    const hessian = await load([localWorker(), localWorker()], 6);
    const expected = await hessian.multiply(v);
    const [product] = await Promise.all([
      hessian.multiply(v),
      hessian.add(localWorker()),
      hessian.multiply(v).then((other) => expect(other).toEqual(expected)),
    ]);
    expect(product).toEqual(expected);
    expect(hessian.numWorkers).toBe(3);
  });

  it.each<[string, () => Promise<void>]>([
    ['rejects', () => Promise.reject(new Error('cannot end'))],
    ['is never over', () => new Promise(() => {})],
  ])('one that cannot join is told why, and holds up nobody, where its end %s', async (_, terminate) => {
    const hessian = await load([localWorker()], 4);
    const expected = await hessian.multiply(v);
    const refuses = localWorker((name) =>
      name === 'loadModel' ? { ok: false, isBlank: false, message: 'no such layer' } : undefined,
    );
    await expect(hessian.add({ ...refuses, terminate })).rejects.toThrow('no such layer');
    expect(await hessian.multiply(v)).toEqual(expected);
    const leaves = localWorker();
    const leaving = { ...leaves, terminate };
    await hessian.add(leaving);
    hessian.remove(leaving).catch(() => {});
    expect(await hessian.multiply(v)).toEqual(expected);
    expect(hessian.numWorkers).toBe(1);
    await Promise.all([refuses.terminate(), leaves.terminate()]);
  });

  it('takes in what comes in the place of a worker that is gone, not of one that was removed', async () => {
    const [second, third] = [localWorker(), localWorker()];
    let come!: () => void;
    const successor = new Promise<void>((resolve) => (come = resolve));
    let lose!: () => void;
    const lost = new Promise<void>((resolve) => (lose = resolve));
    const first = { ...localWorker(), lost, successor: () => successor.then(() => second) };
    const late: ShardWorker = { ...localWorker(), successor: () => successor.then(() => third) };
    const hessian = await load([first, late], 4);
    const before = await hessian.multiply(v);
    lose();
    await lost;
    await new Promise((resolve) => setTimeout(resolve));
    // It shows before anything is asked.
    expect(hessian.numWorkers).toBe(1);
    come();
    while (hessian.numWorkers < 2) await new Promise((resolve) => setTimeout(resolve));
    expect(await hessian.multiply(v)).toEqual(before);
    expect(sent(second, 'loadShard')).toHaveLength(2);
    // One that is removed on purpose has none.
    await hessian.remove(late);
    await new Promise((resolve) => setTimeout(resolve));
    expect(sent(third, 'loadModel')).toEqual([]);
    expect(hessian.numWorkers).toBe(1);
  });

  it('hands shards on when a death is noticed, not after the slowest answer', async () => {
    let answer!: () => void;
    const slowness = new Promise<void>((resolve) => (answer = resolve));
    const dying = localWorker((name, worker) => void (name === 'product' && worker.die()));
    const quick = localWorker();
    const slow = localWorker();
    const { product } = slow.service;
    const service = {
      ...slow.service,
      product: async (...args: Parameters<typeof product>) => {
        await slowness;
        return product(...args);
      },
    };
    const hessian = await load([dying, quick, { ...slow, service }], 3);
    const run = hessian.multiply(v);
    // The quick one has the shard of the dead one while the slow one still computes.
    while (sent(quick, 'product').length < 2) await new Promise((next) => setTimeout(next));
    expect(sent(quick, 'loadShard')).toHaveLength(2);
    answer();
    expect(relativeError(await run, await localProduct())).toBeLessThan(1e-6);
    expect(hessian.numWorkers).toBe(2);
  });

  it('is refused, and ended, where the operator is disposed, or is before its turn comes', async () => {
    let answer!: () => void;
    const slowness = new Promise<void>((resolve) => (answer = resolve));
    const slow = localWorker((name) => (name === 'product' ? slowness.then(() => null) : undefined));
    const hessian = await load([slow]);
    const [early, late] = [localWorker(), localWorker()];
    const run = expect(hessian.multiply(v)).rejects.toThrow(WorkersLostError);
    const queued = expect(hessian.add(early)).rejects.toThrow(/ShardedHessian.add: expected a live operator/);
    await hessian.dispose();
    await Promise.all([run, queued]);
    await expect(hessian.add(late)).rejects.toThrow(CurvatureArgumentError);
    answer();
    expect(hessian.numWorkers).toBe(0);
    for (const worker of [early, late]) {
      expect(worker.log).toEqual([]);
      await expect(worker.service.dispose()).rejects.toThrow('gone');
    }
  });

  describe('one that takes no more shards', () => {
    /** A worker that holds so many shards at most. */
    const limited = (most: number): LocalWorker => {
      const held = new Set<number>();
      return localWorker((name, worker) => {
        const [first] = worker.log.at(-1)!.args;
        if (name === 'dropShard') for (const id of first as number[]) held.delete(id);
        if (name !== 'loadShard') return undefined;
        if (held.size === most) return { ok: false, isBlank: false, message: `at most ${most} shards` };
        held.add((first as { id: number }).id);
        return undefined;
      });
    };

    it('and has none is not taken in', async () => {
      const hessian = await load([localWorker()], 4);
      const before = await hessian.multiply(v);
      const none = limited(0);
      await expect(hessian.add(none)).rejects.toThrow('a worker answered: at most 0 shards');
      expect(hessian.numWorkers).toBe(1);
      await expect(none.service.dispose()).rejects.toThrow('gone');
      expect(await hessian.multiply(v)).toEqual(before);
    });

    it('serves with those it has', async () => {
      const hessian = await load([localWorker()], 6);
      const before = await hessian.multiply(v);
      const one = limited(1);
      await hessian.add(one);
      expect(hessian.numWorkers).toBe(2);
      expect(await hessian.multiply(v)).toEqual(before);
      expect(sent(one, 'product').at(-1)![0]).toHaveLength(1);
    });

    it('does not keep others from taking those of one that has died', async () => {
      const dying = localWorker((name, worker) => void (name === 'product' && worker.die()));
      const [one, free] = [limited(1), localWorker()];
      const hessian = await load([dying, one, free], 3);
      expect(relativeError(await hessian.multiply(v), await localProduct())).toBeLessThan(1e-6);
      expect(hessian.numWorkers).toBe(2);
      expect(sent(free, 'loadShard')).toHaveLength(2);
    });

    it('is an error where there is no other', async () => {
      const run = load([limited(1), limited(2)], 4);
      await expect(run).rejects.toThrow(/a worker answered: at most [12] shards/);
    });
  });

  it('has the time of each call from when the one before is answered', async () => {
    // Each call takes 0.15 s, eleven 1.65 s: a worker that follows them one by one is never late by a second.
    let turn = Promise.resolve();
    const steady = localWorker(() => {
      turn = turn.then(() => new Promise((resolve) => setTimeout(resolve, 150)));
      return undefined;
    });
    const { service } = steady;
    const slowly = Object.entries(service).map(([name, call]) => [
      name,
      async (...args: never[]): Promise<unknown> => {
        const answer = (call as (...args: never[]) => Promise<unknown>)(...args);
        await turn;
        return answer;
      },
    ]);
    const worker = { ...steady, service: Object.fromEntries(slowly) as typeof service };
    sharded = await ShardedHessian.load([worker], model, data, { loss, numShards: 11, timeout: 1000 });
    expect(sharded.numWorkers).toBe(1);
    expect(sent(steady, 'loadShard')).toHaveLength(11);
  });

  it('gives loss and gradient of all of the data', async () => {
    const hessian = await load([localWorker(), localWorker()], 3);
    const [expected, gradient] = [local.loss(), await values(local.gradient())];
    expect(Math.abs((await hessian.loss()) / expected - 1)).toBeLessThan(1e-6);
    expect(relativeError(await hessian.gradient(), gradient)).toBeLessThan(1e-6);
  });

  it('takes parameters for workers without shards', async () => {
    const idle = localWorker();
    const hessian = await load([localWorker(), idle], 1);
    await hessian.setParameters(await values(local.parameters.read()));
    expect(sent(idle, 'setParameters')).toHaveLength(1);
    expect(relativeError(await hessian.multiply(v), await localProduct())).toBeLessThan(1e-6);
  });

  it('ends what waits for a worker that never answers when it is disposed', async () => {
    const hanging = localWorker((name) => (name === 'product' ? new Promise<never>(() => {}) : undefined));
    const hessian = await load([hanging]);
    const run = expect(hessian.multiply(v)).rejects.toThrow(WorkersLostError);
    const queued = expect(hessian.gradient()).rejects.toThrow(WorkersLostError);
    await hessian.dispose();
    await Promise.all([run, queued]);
  });

  it('serves every solver and estimator', async () => {
    const hessian = await load([localWorker(), localWorker()]);
    const b: Tensor1D = tf.tensor1d(v);
    const options = { damping: 5, tol: 1e-4 };
    const statuses = {
      solve: await solve(hessian, b, options),
      minres: await minres(hessian, b, options),
      powerIteration: await powerIteration(hessian, { tol: 0.05 }),
      trace: await trace(hessian, { tol: 0.5 }),
      diagonal: await diagonal(hessian, { maxMatvecs: 400, tol: 0.2 }),
      frobeniusNorm: await frobeniusNorm(hessian, { tol: 0.2 }),
      spectralNorm: await spectralNorm(hessian),
      conditionNumber: await conditionNumber(hessian, { damping: 5 }),
      spectralDensity: await spectralDensity(hessian, { numProbes: 2 }),
    };
    for (const [name, { status }] of Object.entries(statuses))
      expect([name, status]).toEqual([name, 'converged']);
    const expected = await spectralNorm(local);
    expect(Math.abs(statuses.spectralNorm.value / expected.value - 1)).toBeLessThan(1e-5);
    for (const result of Object.values(statuses)) if ('dispose' in result) result.dispose();
    b.dispose();
  });
});

describe('answers of workers', () => {
  const ok = (value?: unknown): unknown => Promise.resolve({ ok: true, value });
  it.each<[string, (() => unknown) | undefined, RegExp]>([
    ['loadModel', undefined, /ShardWorker\.service\.loadModel: expected a reply/],
    [
      'loadModel',
      () => ok(19),
      /expected a worker of version 2 of the messages, received a worker of an older one/,
    ],
    ['loadModel', () => ok({ version: 3, size: 19 }), /version 2 of the messages, received version 3/],
    [
      'loadModel',
      () => ok({ version: 2, size: 4 }),
      /a model of 19 parameters in each worker, received one of 4/,
    ],
    ['loadShard', () => ok(), /ShardWorker\.service\.loadShard: expected \{ok: true, value: null\}/],
    ['loadShard', () => ({ ok: false, message: 'x' }), /loadShard: expected a reply/],
    ['setParameters', () => ok(3), /ShardWorker\.service\.setParameters/],
    ['product', () => ok(), /ShardWorker\.service\.product: expected a list with an answer/],
    ['product', () => ok(new Float32Array(19)), /product: expected a list/],
    ['product', () => ok([]), /product: expected an answer for each of 1 shards, received 0/],
    [
      'product',
      () => ok([new Float32Array(18)]),
      /product: expected a Float32Array of 19 numbers, received one of 18/,
    ],
    ['product', () => ok([new Float64Array(19)]), /product: expected a Float32Array of 19 numbers/],
    ['product', () => null, /product: expected a reply/],
    ['gradient', () => ok([{ gradient: new Float32Array(19) }]), /gradient: expected a loss and a gradient/],
    ['gradient', () => ok([{ loss: 1, gradient: [1] }]), /gradient: expected a Float32Array of 19 numbers/],
  ])('to %s are checked: %s', async (message, answer, expected) => {
    const run = async (): Promise<void> => {
      const worker = localWorker((name): unknown => (name === message ? (answer?.() ?? 7) : undefined));
      const hessian = await load([worker]);
      await hessian.setParameters(new Float32Array(19));
      await hessian.gradient();
      await hessian.multiply(v);
    };
    await expect(run()).rejects.toThrow(expected);
    await sharded?.dispose();
    await expect(run()).rejects.toThrow(CurvatureArgumentError);
  });

  it('are not asked of a worker that lacks messages', async () => {
    const { service, ...rest } = localWorker();
    const old = { ...service, dropShard: undefined, gradient: undefined };
    const run = load([{ ...rest, service: old as never }]);
    await expect(run).rejects.toThrow(/a service with .*, received one without dropShard, gradient/);
    const worker = localWorker();
    const hessian = await load([localWorker()]);
    await expect(hessian.add(null as never)).rejects.toThrow('ShardedHessian.add');
    await expect(load([worker, worker])).rejects.toThrow('workers that differ');
    await expect(load([worker], 0)).rejects.toThrow('numShards >= 1');
    await expect(load([worker], 12)).rejects.toThrow('no fewer examples');
    await hessian.dispose();
  });
});

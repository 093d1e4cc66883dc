import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { natsWorkers, serveShards } from '../../src/nats/index.js';
import type { ShardWorker } from '../../src/workers/index.js';
import { WorkersLostError } from '../../src/workers/index.js';
import { localWorker } from '../workers/local-worker.js';
import { isLeftOut } from './nats-server.js';
import type { Rig } from './rig.js';
import { logOf, openRig, timed, until } from './rig.js';

let rig: Rig;

beforeAll(async () => {
  if (!isLeftOut) rig = await openRig();
});
afterEach(() => rig?.endTest());
afterAll(() => rig?.dispose());

/** A worker whose products take their time. */
function slowWorker(milliseconds: number): ShardWorker {
  const worker = localWorker();
  const { product } = worker.service;
  const service = {
    ...worker.service,
    product: async (...args: Parameters<typeof product>) => {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      return product(...args);
    },
  };
  return { ...worker, service };
}

const LIMIT = 10_000;

describe.skipIf(isLeftOut)('failures', { timeout: 60_000 }, () => {
  it('a worker whose connection breaks in mid-product: the others complete it', async () => {
    const dying = await rig.serve('w1', {}, () => slowWorker(2000));
    await rig.serve('w2');
    const hessian = await rig.load(await natsWorkers(rig.host, { min: 2 }));
    const run = timed(hessian.multiply(rig.problem.v));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await dying.connection.close();
    const { result, took } = await run;
    expect(result).toEqual(rig.product);
    expect(took).toBeLessThan(LIMIT);
    expect(hessian.numWorkers).toBe(1);
  });

  it('a listener that throws stops nothing: it hears of it when its worker closes', async () => {
    const connection = await rig.server.connect();
    const heard: string[] = [];
    const onEvent = ({ type }: { type: string }): never => {
      heard.push(type);
      throw new Error(`the disk is full at ${type}`);
    };
    const server = await serveShards(connection, localWorker, { onEvent });
    const [worker] = await natsWorkers(rig.host);
    expect([heard, server.busy]).toEqual([['opened'], 1]);
    await expect(natsWorkers(rig.host, { waitMs: 0 })).rejects.toThrow(/0 of 1 free workers/);
    const hessian = await rig.load([worker!]);
    expect(await hessian.multiply(rig.problem.v)).toEqual(rig.product);
    await hessian.dispose();
    await until(() => server.busy === 0);
    expect(heard).toEqual(['opened', 'closed']);
    await expect(server.close()).rejects.toThrow('the disk is full at opened');
    await connection.close();
  });

  it('a worker that leaves lets its call end, and gives its shards away', async () => {
    const leaving = await rig.serve('w1', {}, () => slowWorker(500));
    await rig.serve('w2');
    const hessian = await rig.load(await natsWorkers(rig.host, { min: 2 }));
    const run = hessian.multiply(rig.problem.v);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await leaving.server.close();
    expect(await run).toEqual(rig.product);
    expect(leaving.events.at(-1)).toMatchObject({ type: 'closed', reason: 'the worker is closing' });
    expect(await hessian.multiply(rig.problem.v)).toEqual(rig.product);
    expect(hessian.numWorkers).toBe(1);
  });

  it('what computes for a session fails: the session ends, and the worker serves the next', async () => {
    const failing = (): ShardWorker => {
      const worker = localWorker();
      return {
        ...worker,
        service: { ...worker.service, product: () => Promise.reject(new Error('killed')) },
      };
    };
    let isFirst = true;
    const make = (): ShardWorker => {
      const worker = isFirst ? failing() : localWorker();
      isFirst = false;
      return worker;
    };
    await rig.serve('w1', {}, make);
    const hessian = await rig.load(await natsWorkers(rig.host));
    const error = await hessian.multiply(rig.problem.v).catch((reason: unknown) => reason as Error);
    expect(error).toBeInstanceOf(WorkersLostError);
    expect(String((error as Error).cause)).toContain('w1 is gone: what computes for it has ended: killed');
    const next = await rig.load(await natsWorkers(rig.host));
    expect(await next.multiply(rig.problem.v)).toEqual(rig.product);
  });

  it('a slow worker is no dead one', async () => {
    await rig.serve('w1', {}, () => slowWorker(4000));
    const hessian = await rig.load(await natsWorkers(rig.host, { silenceMs: 2000 }));
    expect(await hessian.multiply(rig.problem.v)).toEqual(rig.product);
  });

  it('the server is restarted in mid-product: it goes on', async () => {
    await rig.serve('w1', {}, () => slowWorker(1500));
    await rig.serve('w2');
    const hessian = await rig.load(await natsWorkers(rig.host, { min: 2 }));
    const run = timed(hessian.multiply(rig.problem.v));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await rig.server.kill();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await rig.server.start();
    const { result, took } = await run;
    expect(result).toEqual(rig.product);
    expect(took).toBeLessThan(LIMIT);
    expect(hessian.numWorkers).toBe(2);
    expect(await hessian.multiply(rig.problem.v)).toEqual(rig.product);
  });

  it('the server is away for good: an error, and the sessions are freed', async () => {
    const { events, made } = await rig.serve('w1', {}, () => slowWorker(60_000));
    const hessian = await rig.load(await natsWorkers(rig.host));
    const run = timed(hessian.multiply(rig.problem.v));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await rig.server.kill();
    const { result, took } = await run;
    expect(result).toBeInstanceOf(WorkersLostError);
    expect(String((result as Error).cause)).toContain('the NATS server has been away for 8 s');
    expect(took).toBeLessThan(LIMIT);
    await until(() => events.at(-1)!.type === 'closed');
    expect(made).toHaveLength(1);
    await rig.server.start();
    // The worker is taken in again when the server is back.
    await until(() => hessian.numWorkers === 1);
    expect(made).toHaveLength(2);
  });

  it('a host that is silent: its session is freed', async () => {
    const { events } = await rig.serve('w1', { silenceMs: 1000 });
    const other = await rig.server.connect();
    const [worker] = await natsWorkers(other);
    // Nothing of what it publishes arrives any more.
    other.publish = () => {};
    await until(() => events.some(({ type }) => type === 'closed'));
    expect(events.at(-1)).toMatchObject({ reason: 'no sign of life for 1 s' });
    await worker!.lost;
    await other.close();
  });

  it('a worker that joins takes shards over', async () => {
    await rig.serve('w1');
    const hessian = await rig.load(await natsWorkers(rig.host));
    await hessian.setParameters(Float32Array.from(rig.problem.v, (x) => 0.1 * x));
    const before = await hessian.multiply(rig.problem.v);
    const { made } = await rig.serve('w2');
    for (const worker of await natsWorkers(rig.host)) await hessian.add(worker);
    expect(hessian.numWorkers).toBe(2);
    expect(await hessian.multiply(rig.problem.v)).toEqual(before);
    expect(made).toHaveLength(1);
  });

  it('a worker whose connection broke comes back: it is taken in again, with model and θ', async () => {
    const first = await rig.serve('w1', {}, () => slowWorker(500));
    await rig.serve('w2');
    const hessian = await rig.load(await natsWorkers(rig.host, { min: 2 }));
    await hessian.setParameters(Float32Array.from(rig.problem.v, (x) => 0.1 * x));
    const before = await hessian.multiply(rig.problem.v);
    const run = hessian.multiply(rig.problem.v);
    await first.connection.close();
    expect(await run).toEqual(before);
    const again = await rig.serve('w1');
    await until(() => hessian.numWorkers === 2);
    expect(await hessian.multiply(rig.problem.v)).toEqual(before);
    const calls = logOf(again.made[0]).map(({ name }) => name);
    expect(calls.slice(0, 2)).toEqual(['loadModel', 'setParameters']);
    expect(calls.at(-1)).toBe('product');
    // A second time, and without any other worker in between.
    await again.connection.close();
    await until(() => hessian.numWorkers === 1);
    await rig.serve('w1');
    await until(() => hessian.numWorkers === 2);
    expect(await hessian.multiply(rig.problem.v)).toEqual(before);
  });

  it('the only worker is gone, and comes back: an error, then products again', async () => {
    const first = await rig.serve('w1', {}, () => slowWorker(500));
    const hessian = await rig.load(await natsWorkers(rig.host));
    const run = hessian.multiply(rig.problem.v);
    await first.connection.close();
    await expect(run).rejects.toThrow(WorkersLostError);
    await rig.serve('w1');
    await until(() => hessian.numWorkers === 1);
    expect(await hessian.multiply(rig.problem.v)).toEqual(rig.product);
  });

  it('nobody waits for a worker of an operator that is disposed', async () => {
    const first = await rig.serve('w1');
    const hessian = await rig.load(await natsWorkers(rig.host));
    await first.connection.close();
    await until(() => hessian.numWorkers === 0);
    await hessian.dispose();
    const { events } = await rig.serve('w1');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(events).toEqual([]);
  });

  it('the connection of the host is closed: an error at once', async () => {
    await rig.serve('w1', {}, () => slowWorker(60_000));
    const other = await rig.server.connect();
    const hessian = await rig.load(await natsWorkers(other));
    const run = timed(hessian.multiply(rig.problem.v));
    await other.close();
    const { result, took } = await run;
    expect(result).toBeInstanceOf(WorkersLostError);
    expect(took).toBeLessThan(2000);
  });
});

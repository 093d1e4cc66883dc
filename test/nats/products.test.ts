import type { NatsConnection } from '@nats-io/nats-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { lanczos } from '../../src/index.js';
import type { ServeOptions, ShardServer, WorkerEvent } from '../../src/nats/index.js';
import { findWorkers, natsWorkers, serveShards, WorkersNotFoundError } from '../../src/nats/index.js';
import type { ShardWorker } from '../../src/workers/index.js';
import { ShardedHessian } from '../../src/workers/index.js';
import type { LocalWorker } from '../workers/local-worker.js';
import { localWorker } from '../workers/local-worker.js';
import type { TestServer } from './nats-server.js';
import { isLeftOut, startServer } from './nats-server.js';
import type { Problem } from './sharded-problem.js';
import { smallProblem } from './sharded-problem.js';

let problem: Problem;
let server: TestServer;
let host: NatsConnection;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  if (isLeftOut) return;
  problem = await smallProblem();
  server = await startServer();
  host = await server.connect();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(async () => {
  await server?.dispose();
  problem?.dispose();
});

interface Served {
  readonly server: ShardServer;
  readonly connection: NatsConnection;
  readonly made: LocalWorker[];
  readonly events: WorkerEvent[];
}

/** A worker in this process with a connection of its own. */
async function serve(
  name: string,
  options: ServeOptions = {},
  make: () => LocalWorker = localWorker,
): Promise<Served> {
  const connection = await server.connect({ name });
  const made: LocalWorker[] = [];
  const events: WorkerEvent[] = [];
  const newSession = (): LocalWorker => {
    made.push(make());
    return made.at(-1)!;
  };
  const shards = await serveShards(connection, newSession, {
    name,
    backend: 'cpu',
    onEvent: (event) => events.push(event),
    ...options,
  });
  cleanups.push(async () => {
    await shards.close();
    await connection.close();
  });
  return { server: shards, connection, made, events };
}

async function load(workers: readonly ShardWorker[], numShards = 4): Promise<ShardedHessian> {
  const { model, data, loss } = problem;
  const hessian = await ShardedHessian.load(workers, model, data, { loss, batchSize: 4, numShards });
  cleanups.push(() => hessian.dispose());
  return hessian;
}

/** The product as threads of this process give it, bit by bit. */
async function expected(): Promise<Float32Array> {
  const hessian = await load([localWorker()]);
  return hessian.multiply(problem.v);
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe.skipIf(isLeftOut)('workers on NATS', { timeout: 60_000 }, () => {
  it('are found, and give the eigenvalues of one machine', async () => {
    await serve('w1', { threads: 3 });
    await serve('w2');
    const found = await findWorkers(host);
    expect(found.map(({ instance, ...worker }) => [instance.length > 10, worker])).toEqual([
      [true, { name: 'w1', backend: 'cpu', threads: 3, busy: 0, sessions: 1 }],
      [true, { name: 'w2', backend: 'cpu', threads: 1, busy: 0, sessions: 1 }],
    ]);
    const workers = await natsWorkers(host, { min: 2 });
    const hessian = await load(workers);
    const { eigenvalues, dispose } = await lanczos(hessian, { k: 3 });
    const local = await lanczos(problem.local, { k: 3 });
    eigenvalues.forEach((value, i) => expect(Math.abs(value / local.eigenvalues[i]! - 1)).toBeLessThan(1e-6));
    dispose();
    local.dispose();
    expect(await hessian.multiply(problem.v)).toEqual(await expected());
    expect((await findWorkers(host)).map(({ busy }) => busy)).toEqual([1, 1]);
    // A session ends, not the worker.
    await hessian.dispose();
    const again = await natsWorkers(host, { min: 2 });
    await Promise.all(again.map((worker) => worker.terminate()));
  });

  it('are told v and θ once, however many they are', async () => {
    const served = [await serve('w1'), await serve('w2'), await serve('w3')];
    const hessian = await load(await natsWorkers(host, { min: 3 }), 3);
    const before = host.stats().outBytes;
    const theta = Float32Array.from(problem.v, (x) => 0.1 * x);
    await hessian.setParameters(theta);
    await hessian.multiply(problem.v);
    await hessian.multiply(problem.v);
    const numbers = 4 * problem.v.length;
    // θ and v, and small messages for each of three workers.
    expect(host.stats().outBytes - before).toBeLessThan(2 * numbers + 12_000);
    for (const { made } of served) {
      const sent = made[0]!.log.filter(({ name }) => name === 'product' || name === 'setParameters');
      expect(sent.map(({ args }) => args.at(-1))).toEqual([theta, problem.v, problem.v]);
    }
  });

  it('of which there are too few are told by number', async () => {
    await serve('w1');
    const error = await natsWorkers(host, { min: 2, waitMs: 200 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkersNotFoundError);
    expect(error).toMatchObject({ found: 1, wanted: 2 });
    // The one that was found is free again.
    const [worker] = await natsWorkers(host);
    await worker!.terminate();
    await expect(natsWorkers(host, { group: 'nobody', waitMs: 0 })).rejects.toThrow(
      "found 0 of 1 free workers in the group 'nobody'",
    );
  });

  it('say why they open no session', async () => {
    await serve('w1', {}, () => {
      throw new Error('no memory');
    });
    await expect(natsWorkers(host, { waitMs: 0 })).rejects.toThrow(
      "found 0 of 1 free workers in the group 'workers' (w1: no memory)",
    );
  });

  it('serve two hosts at the same time', async () => {
    await serve('w1', { sessions: 2 });
    await serve('w2', { sessions: 2 });
    const other = await server.connect();
    const first = await load(await natsWorkers(host, { min: 2 }));
    const second = await load(await natsWorkers(other, { min: 2 }));
    const theta = Float32Array.from(problem.v, (x) => 0.1 * x);
    const product = await expected();
    await second.setParameters(theta);
    const [a, b] = await Promise.all([first.multiply(problem.v), second.multiply(problem.v)]);
    expect(a).toEqual(product);
    expect(b).not.toEqual(product);
    await expect(natsWorkers(host, { waitMs: 0 })).rejects.toThrow(WorkersNotFoundError);
    // A host whose connection breaks frees its sessions.
    await other.close();
    await until(() => first.numWorkers === 2);
    const third = await natsWorkers(host, { min: 2, waitMs: 8000 });
    expect(third).toHaveLength(2);
    await Promise.all(third.map((worker) => worker.terminate()));
    expect(await first.multiply(problem.v)).toEqual(product);
  });
});

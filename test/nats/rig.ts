import type { NatsConnection } from '@nats-io/nats-core';
import type { ServeOptions, ShardServer, WorkerEvent } from '../../src/nats/index.js';
import { serveShards } from '../../src/nats/index.js';
import type { ShardWorker } from '../../src/workers/index.js';
import { ShardedHessian } from '../../src/workers/index.js';
import type { LocalWorker } from '../workers/local-worker.js';
import { localWorker } from '../workers/local-worker.js';
import type { TestServer } from './nats-server.js';
import { startServer } from './nats-server.js';
import type { Problem } from './sharded-problem.js';
import { smallProblem } from './sharded-problem.js';

/** A worker in this process, with a connection of its own. */
export interface Served {
  readonly server: ShardServer;
  readonly connection: NatsConnection;
  /** The workers of its sessions. */
  readonly made: ShardWorker[];
  readonly events: WorkerEvent[];
}

/** A server, a host and a problem for one file of tests. */
export interface Rig {
  readonly problem: Problem;
  readonly server: TestServer;
  readonly host: NatsConnection;
  /** The product of the problem, as a worker without NATS gives it, bit by bit. */
  readonly product: Float32Array;
  serve(name: string, options?: ServeOptions, make?: () => ShardWorker): Promise<Served>;
  load(workers: readonly ShardWorker[], numShards?: number): Promise<ShardedHessian>;
  /** Runs at the end of the test, before what was noted earlier. */
  atEnd(cleanup: () => Promise<unknown>): void;
  endTest(): Promise<void>;
  dispose(): Promise<void>;
}

/** How many shards there are, unless a test says otherwise. */
const SHARDS = 4;

export async function openRig(): Promise<Rig> {
  const problem = await smallProblem();
  const server = await startServer();
  const host = await server.connect();
  const cleanups: (() => Promise<unknown>)[] = [];
  const { model, data, loss } = problem;
  const options = { loss, batchSize: 4 };
  const here = await ShardedHessian.load([localWorker()], model, data, { ...options, numShards: SHARDS });
  const product = await here.multiply(problem.v);
  await here.dispose();
  return {
    problem,
    server,
    host,
    product,
    serve: async (name, serveOptions = {}, make: () => ShardWorker = localWorker) => {
      const connection = await server.connect({ name });
      const made: ShardWorker[] = [];
      const events: WorkerEvent[] = [];
      const newSession = (): ShardWorker => {
        made.push(make());
        return made.at(-1)!;
      };
      const onEvent = (event: WorkerEvent): void => void events.push(event);
      const settings = { name, backend: 'cpu', onEvent, ...serveOptions };
      const shards = await serveShards(connection, newSession, settings);
      cleanups.push(async () => {
        await shards.close();
        await connection.close();
      });
      return { server: shards, connection, made, events };
    },
    load: async (workers, numShards = SHARDS) => {
      const hessian = await ShardedHessian.load(workers, model, data, { ...options, numShards });
      cleanups.push(() => hessian.dispose());
      return hessian;
    },
    atEnd: (cleanup) => void cleanups.push(cleanup),
    endTest: async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    },
    dispose: async () => {
      await server.dispose();
      problem.dispose();
    },
  };
}

/** The messages that a worker of this process was sent. */
export function logOf(worker: ShardWorker | undefined): LocalWorker['log'] {
  return (worker as LocalWorker).log;
}

/** Waits for a condition, for the test's time at most. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** What a promise comes to, and after how many milliseconds. */
export async function timed<T>(run: Promise<T>): Promise<{ result: T | Error; took: number }> {
  const begin = performance.now();
  const result = await run.catch((error: unknown) => error as Error);
  return { result, took: performance.now() - begin };
}

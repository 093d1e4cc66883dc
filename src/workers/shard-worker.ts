import type { ShardService } from './protocol.js';
import { serviceNames } from './protocol.js';

/** A worker as the host of a sharded operator sees it. */
export interface ShardWorker {
  /** Its functions. A call that rejects means that the worker is gone. */
  readonly service: ShardService;
  /** Settles when the worker is gone, where that shows; calls under way are then given up. */
  readonly lost?: Promise<unknown>;
  /** Ends the worker. */
  terminate(): Promise<unknown>;
}

/** The part of workerpool's `Pool` that is used. */
interface Pool {
  exec(method: string, args: unknown[]): unknown;
  terminate(force?: boolean): unknown;
}

/**
 * A worker behind a pool of workerpool. A shard belongs to its worker, so each worker is a pool of one.
 *
 * @param pool made with `{ maxWorkers: 1 }` from a script that hands `createShardService(…)` to `workerpool.worker`
 * @example
 * // script: the path of worker.js, see createShardService
 * const workers = [0, 1].map(() => pooledWorker(workerpool.pool(script, { maxWorkers: 1 })));
 */
export function pooledWorker(pool: Pool): ShardWorker {
  const calls = serviceNames.map((name) => [name, async (...args: unknown[]) => pool.exec(name, args)]);
  return {
    service: Object.fromEntries(calls) as ShardService,
    terminate: async () => pool.terminate(true),
  };
}

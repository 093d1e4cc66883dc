import type { ShardService } from './protocol.js';

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
 * const workers = [0, 1].map(() => pooledWorker(workerpool.pool(script, { maxWorkers: 1 })));
 */
export function pooledWorker(pool: Pool): ShardWorker {
  const call = <K extends keyof ShardService>(method: K): ShardService[K] => {
    const exec = async (...args: unknown[]): Promise<unknown> => pool.exec(method, args);
    return exec as ShardService[K];
  };
  return {
    service: {
      loadModel: call('loadModel'),
      loadShard: call('loadShard'),
      setParameters: call('setParameters'),
      product: call('product'),
      dispose: call('dispose'),
    },
    terminate: async () => pool.terminate(true),
  };
}

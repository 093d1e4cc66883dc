import { requireArgument, requireThat } from '../errors.js';
import type { ShardService } from './protocol.js';
import { serviceNames } from './protocol.js';

/** A worker as the host of a sharded operator sees it. */
export interface ShardWorker {
  /** Its functions. A call that rejects means that the worker is gone. */
  readonly service: ShardService;
  /** Settles when the worker is gone, where that shows; calls under way are then given up. */
  readonly lost?: Promise<unknown>;
  /**
   * Of one that is gone: waits for a worker that can take its place, e.g. the same machine when it is back; null: there will be
   * none. The signal ends the waiting. Left out: nobody waits.
   */
  readonly successor?: (signal: AbortSignal) => Promise<ShardWorker | null>;
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
 * @returns a worker for `ShardedHessian.load`, which ends the pool when it is done with it
 *
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

/** Throws a CurvatureArgumentError that names `where` unless `worker` does all that one does. */
export function requireWorker(worker: ShardWorker, where: string): void {
  const { service, terminate } = (worker ?? {}) as Partial<ShardWorker>;
  const isWorker = service != null && typeof terminate === 'function';
  requireArgument(isWorker, where, 'at least one worker {service, terminate}', worker);
  const missing = serviceNames.filter((name) => name !== 'magnitude' && typeof service[name] !== 'function');
  const isWhole = missing.length === 0;
  requireThat(
    isWhole,
    where,
    `a service with ${serviceNames.join(', ')}`,
    `one without ${missing.join(', ')}`,
  );
}

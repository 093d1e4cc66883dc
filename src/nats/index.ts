/**
 * Workers and sweeps on any machines, over a NATS server.
 *
 * @module tfjs-curvature/nats
 */

export type { FoundWorker } from './discovery.js';
export { type FindOptions, findWorkers } from './find-workers.js';
export type { WorkerLimits } from './limits.js';
export { natsWorkers, type NatsWorkersOptions } from './nats-workers.js';
export { runSweep } from './run-sweep.js';
export { serveShards, type ServeOptions, type ShardServer, type WorkerEvent } from './serve-shards.js';
export { serveSweeps, type SweepServer } from './serve-sweeps.js';
export type { SweepEvent } from './sweep-messages.js';
export type {
  ServeSweepsOptions,
  SweepFailure,
  SweepOptions,
  SweepResult,
  SweepUnit,
  UnitContext,
} from './sweep-types.js';
export { UnfitWorkerError } from './unfit-worker-error.js';
export { WorkersNotFoundError } from './workers-not-found-error.js';

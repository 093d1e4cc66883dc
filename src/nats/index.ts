export type { FoundWorker } from './discovery.js';
export { type FindOptions, findWorkers } from './find-workers.js';
export type { WorkerLimits } from './limits.js';
export { natsWorkers, type NatsWorkersOptions } from './nats-workers.js';
export { serveShards, type ServeOptions, type ShardServer, type WorkerEvent } from './serve-shards.js';
export { WorkersNotFoundError } from './workers-not-found-error.js';

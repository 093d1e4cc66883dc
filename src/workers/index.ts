/**
 * Hessian products of data that is spread over workers.
 *
 * @module tfjs-curvature/workers
 */

export type {
  ModelMessage,
  ModelReply,
  PackedTensor,
  Reply,
  ShardGradient,
  ShardMessage,
  ShardService,
} from './protocol.js';
export { createShardService } from './shard-service.js';
export { pooledWorker, type ShardWorker } from './shard-worker.js';
export { ShardedHessian } from './sharded-hessian.js';
export type { ShardedHessianOptions } from './sharded-hessian-options.js';
export { WorkersLostError } from './workers-lost-error.js';

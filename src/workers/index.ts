export type { ModelMessage, PackedTensor, Reply, ShardMessage, ShardService } from './protocol.js';
export { createShardService } from './shard-service.js';
export { pooledWorker, type ShardWorker } from './shard-worker.js';
export { ShardedHessian, type ShardedHessianOptions, WorkersLostError } from './sharded-hessian.js';

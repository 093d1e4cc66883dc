import { join } from 'node:path';
import workerpool from 'workerpool';

/** A pool of one thread that answers as test/workers/shard-script.ts does. */
export function shardPool(): workerpool.Pool {
  return workerpool.pool(join(import.meta.dirname, 'shard-script.mjs'), {
    maxWorkers: 1,
    workerType: 'thread',
  });
}

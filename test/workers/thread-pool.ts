import { join } from 'node:path';
import { build } from 'esbuild';
import workerpool from 'workerpool';

const script = join(import.meta.dirname, '../../out/shard-script.mjs');

/** Compiles test/workers/shard-script.ts: a thread starts from JavaScript. */
export async function buildShardScript(): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'shard-script.ts')],
    outfile: script,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  });
}

/** A pool of one thread that answers as test/workers/shard-script.ts does. */
export function shardPool(): workerpool.Pool {
  return workerpool.pool(script, { maxWorkers: 1, workerType: 'thread' });
}

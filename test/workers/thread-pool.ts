import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import workerpool from 'workerpool';

/** Threads that answer as test/workers/shard-script.ts does. */
export interface ShardThreads {
  /** A pool of one new thread. */
  pool(): workerpool.Pool;
  /** Removes what was compiled for them. */
  dispose(): void;
}

/** Compiles test/workers/shard-script.ts, since a thread starts from JavaScript, to a place of the caller's own. */
export async function shardThreads(): Promise<ShardThreads> {
  const out = join(import.meta.dirname, '../../out');
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, 'shard-script-'));
  const script = join(folder, 'shard-script.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'shard-script.ts')],
    outfile: script,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  });
  return {
    pool: () => workerpool.pool(script, { maxWorkers: 1, workerType: 'thread' }),
    dispose: () => rmSync(folder, { recursive: true }),
  };
}

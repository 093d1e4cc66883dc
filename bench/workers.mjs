// node bench/workers.mjs [--rounds 9] [--examples 1024] [--batch 64]: bundles workers.ts and the script of its
// threads, and runs them with fused multiply-add. Two threads can only gain on two cores that nothing else uses.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'tsdown';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    examples: { type: 'string', default: '1024' },
    batch: { type: 'string', default: '64' },
  },
});
const out = join(root, 'out/bench-workers');
await build({
  config: false,
  entry: {
    workers: join(root, 'bench/workers.ts'),
    'shard-worker': join(root, 'bench/shard-worker.ts'),
  },
  outDir: out,
  format: 'esm',
  platform: 'node',
  deps: { neverBundle: [/^@tensorflow\//, 'ml-matrix', 'workerpool'] },
  dts: false,
  logLevel: 'warn',
});
const flags = Number(process.versions.node.split('.')[0]) < 21 ? ['--experimental-wasm-relaxed-simd'] : [];
const script = join(out, 'workers.mjs');
const options = [join(out, 'shard-worker.mjs'), values.rounds, values.examples, values.batch];
const { status } = spawnSync(process.execPath, [...flags, script, ...options], { stdio: 'inherit' });
process.exit(status ?? 1);

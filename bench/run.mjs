// npm run bench [-- --rounds 9 --models M1,M2 --no-kernels --plain --fma --clock cpu --threads 1,2]
// Bundles the bench, runs it with and without fused multiply-add, prints tables and writes times to out/.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'tsdown';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    models: { type: 'string', default: '' },
    'no-kernels': { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
    clock: { type: 'string', default: 'wall' },
    fma: { type: 'boolean', default: false },
    threads: { type: 'string', default: '1,2' },
  },
});

await build({
  config: false,
  entry: { main: join(root, 'bench/main.ts') },
  outDir: join(root, 'out/bench'),
  format: 'esm',
  platform: 'node',
  deps: { neverBundle: [/^@tensorflow\//, /^@jax-js\//, 'ml-matrix'] },
  dts: false,
  logLevel: 'warn',
});

// Node 20 has relaxed SIMD behind a flag, newer ones have it always: there only the fused table can be had.
const needsFlag = Number(process.versions.node.split('.')[0]) < 21;
const runs = [];
if (values.fma || !values.plain) runs.push(needsFlag ? ['--experimental-wasm-relaxed-simd'] : []);
if ((values.plain || !values.fma) && needsFlag) runs.push([]);
for (const flags of runs) {
  const { status } = spawnSync(
    process.execPath,
    [
      ...flags,
      join(root, 'out/bench/main.mjs'),
      join(root, 'bench/torch-worker.py'),
      join(root, 'out'),
      values.rounds,
      values.models,
      values['no-kernels'] ? 'no' : 'yes',
      values.clock,
      values.threads,
    ],
    { stdio: 'inherit' },
  );
  if (status !== 0) process.exit(status ?? 1);
}

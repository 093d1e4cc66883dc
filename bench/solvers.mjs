// node bench/solvers.mjs [--rounds 5] [--clock cpu] [--threads 1,2] [--only share,mnist,cnn,products,jacobian,tracking]: bundles solvers.ts and runs it with fused multiply-add.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'tsdown';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    clock: { type: 'string', default: 'wall' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string', default: 'share,mnist,cnn,products,jacobian,tracking' },
  },
});
await build({
  config: false,
  entry: { solvers: join(root, 'bench/solvers.ts') },
  outDir: join(root, 'out/bench-solvers'),
  format: 'esm',
  platform: 'node',
  deps: { neverBundle: [/^@tensorflow\//, 'ml-matrix'] },
  // Where the bundled test files look for their data.
  define: { 'import.meta.dirname': JSON.stringify(join(root, 'test')) },
  dts: false,
  logLevel: 'warn',
});
const flags = Number(process.versions.node.split('.')[0]) < 21 ? ['--experimental-wasm-relaxed-simd'] : [];
const script = join(root, 'out/bench-solvers/solvers.mjs');
const { rounds, clock, threads, only } = values;
const args = [...flags, script, root, rounds, clock, threads, only];
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
process.exit(status ?? 1);

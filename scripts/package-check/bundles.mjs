// What a bundler keeps of the package. Tree-shaking goes by `sideEffects` in package.json, and two things here work
// by being imported: tfjs-layers, which registers the gradients, and NSGD, which registers itself for saved models.

import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { separatePackages } from './consumers.mjs';
import { bundledPlot, bundledQuadratic, bundledRegistration } from './programs.mjs';
import { run } from './run.mjs';

function bundle(name, program, { largest = Infinity } = {}) {
  return ({ scratch, check }) =>
    check(`bundle: ${name}`, async () => {
      const cwd = join(scratch, separatePackages);
      const entry = join(cwd, `${name.replaceAll(' ', '-')}.mjs`);
      const outfile = entry.replace(/\.mjs$/, '.bundle.cjs');
      writeFileSync(entry, program);
      await build({
        entryPoints: [entry],
        outfile,
        bundle: true,
        // For Node, so that it can be run here, yet from the ES modules a browser would get: only those are shaken.
        platform: 'node',
        mainFields: ['module', 'main'],
        format: 'cjs',
        logLevel: 'silent',
      });
      const { size } = statSync(outfile);
      if (size > largest) throw new Error(`expected at most ${largest} bytes, received ${size}`);
      await run('node', [outfile], { cwd });
    });
}

export const bundles = [
  bundle('gradients are registered', bundledQuadratic),
  bundle('NSGD is registered', bundledRegistration),
  // The plot code itself is some tens of kB; TensorFlow.js core alone is ten times that.
  bundle('plot without tensors', bundledPlot, { largest: 100_000 }),
];

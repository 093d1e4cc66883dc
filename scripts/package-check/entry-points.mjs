// What each entry point of the packed package exports: the same names to ES modules and to CommonJS, and none of the helpers
// that a bundler adds. No entry point loads another one that it does not need.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { separatePackages } from './consumers.mjs';
import { run } from './run.mjs';

const program = `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const from = (entry) => 'tfjs-curvature' + entry;
const loaded = (folder) => Object.keys(require.cache).filter((path) => path.includes('/dist/' + folder + '/'));
require(from(''));
for (const folder of ['wasm', 'plot', 'workers', 'nats']) {
  if (loaded(folder).length > 0) throw new Error('expected the main entry point alone, received ' + loaded(folder));
}
for (const entry of ['', '/wasm', '/plot', '/workers', '/nats']) {
  const modules = Object.keys(await import(from(entry))).sort().join(' ');
  const common = Object.keys(require(from(entry))).sort().join(' ');
  if (modules !== common) throw new Error(from(entry) + ': expected ' + modules + ', received ' + common);
  if (/(^| )_/.test(modules)) throw new Error(from(entry) + ': expected public names, received ' + modules);
}
console.log('works');
`;

/** Runs from the scratch project of the separate packages. */
export async function entryPoints({ scratch, check }) {
  const cwd = join(scratch, separatePackages);
  writeFileSync(join(cwd, 'entry-points.mjs'), program);
  await check('the entry points export what is public, and no more', () =>
    run('node', ['entry-points.mjs'], { cwd }),
  );
}

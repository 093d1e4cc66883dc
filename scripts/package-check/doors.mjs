// What each door of the packed package exports: the same names to ES modules and to CommonJS, and none of the helpers
// that a bundler adds. No door loads another one that it does not need.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { separatePackages } from './consumers.mjs';
import { run } from './run.mjs';

const program = `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const from = (door) => 'tfjs-curvature' + door;
const loaded = (folder) => Object.keys(require.cache).filter((path) => path.includes('/dist/' + folder + '/'));
require(from(''));
for (const folder of ['wasm', 'plot', 'workers', 'nats']) {
  if (loaded(folder).length > 0) throw new Error('expected the main door alone, received ' + loaded(folder));
}
for (const door of ['', '/wasm', '/plot', '/workers', '/nats']) {
  const modules = Object.keys(await import(from(door))).sort().join(' ');
  const common = Object.keys(require(from(door))).sort().join(' ');
  if (modules !== common) throw new Error(from(door) + ': expected ' + modules + ', received ' + common);
  if (/(^| )_/.test(modules)) throw new Error(from(door) + ': expected public names, received ' + modules);
}
console.log('works');
`;

/** Runs from the scratch project of the separate packages. */
export async function doors({ scratch, check }) {
  const cwd = join(scratch, separatePackages);
  writeFileSync(join(cwd, 'doors.mjs'), program);
  await check('the doors export what is public, and no more', () => run('node', ['doors.mjs'], { cwd }));
}

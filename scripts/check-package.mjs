// Checks the package as its users get it: packed, linted, installed into scratch projects and run from there.
//
//   npm run check:package [-- --keep --built]      --keep leaves the scratch projects in place and says where,
//                                                  --built packs what `npm run build` has left in dist

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundles } from './package-check/bundles.mjs';
import { composing } from './package-check/composing.mjs';
import { consumers } from './package-check/consumers.mjs';
import { entryPoints } from './package-check/entry-points.mjs';
import { firstPrograms } from './package-check/first-programs.mjs';
import { drawing } from './package-check/drawing.mjs';
import { pages } from './package-check/pages.mjs';
import { workerCommand } from './package-check/worker-command.mjs';
import { manifest } from './package-check/manifest.mjs';
import { bin, lastLines, root, run } from './package-check/run.mjs';
import { runtimes } from './package-check/runtimes.mjs';

const keep = process.argv.includes('--keep');
const asBuilt = process.argv.includes('--built') ? ['--ignore-scripts'] : [];
const scratch = mkdtempSync(join(tmpdir(), 'check-package-'));
const results = [];

/** Runs one check, prints one line for it, and goes on after a failure: one run shows all that is wrong. */
async function check(name, work) {
  const start = performance.now();
  let failure;
  try {
    await work();
  } catch (error) {
    failure = error;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${failure ? 'FAIL' : 'ok  '}  ${name} (${seconds} s)`);
  if (failure) console.log(lastLines(failure.output ?? failure.stack ?? String(failure), 40));
  results.push({ name, failed: failure !== undefined });
  return failure === undefined;
}

async function checkAll() {
  let tarball = '';
  const packed = await check('npm pack builds and packs', async () => {
    const pack = ['pack', '--json', '--pack-destination', scratch, ...asBuilt];
    const { stdout } = await run('npm', pack, { cwd: root });
    // A build reports on stdout too; npm's own answer is the JSON array at the end.
    const [{ filename }] = JSON.parse(stdout.slice(`\n${stdout}`.lastIndexOf('\n[')));
    tarball = join(scratch, filename);
  });
  if (!packed) return;

  await check('publint --strict', () => run(bin('publint'), ['run', tarball, '--strict'], { cwd: root }));
  // node16 and bundler resolution: `exports` is what the entry points ./wasm and ./plot are made of, and the older
  // resolution, called node10, does not read it.
  await check('are the types wrong?', () =>
    run(bin('attw'), [tarball, '--profile', 'node16', '--no-emoji'], { cwd: root }),
  );
  await firstPrograms({ scratch, tarball, check });
  await manifest({ scratch, check });
  for (const consumer of consumers) await consumer({ scratch, tarball, check });
  await entryPoints({ scratch, check });
  await workerCommand({ scratch, check });
  await composing({ scratch, check });
  for (const bundle of bundles) await bundle({ scratch, check });
  for (const page of pages) await page({ scratch, check });
  await runtimes({ scratch, check });
  await drawing({ scratch, check });
}

try {
  await checkAll();
} finally {
  if (keep) console.log(`scratch projects: ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
}

const failed = results.filter((result) => result.failed);
console.log(`check:package: ${results.length - failed.length} passed, ${failed.length} failed`);
for (const { name } of failed) console.log(`  failed: ${name}`);
process.exitCode = failed.length > 0 ? 1 : 0;

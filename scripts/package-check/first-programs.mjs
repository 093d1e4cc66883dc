// The programs of the pages that a newcomer opens first, in a project that has what those pages install and nothing else.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPrinted, programOf } from '../page-programs.mjs';
import { root, run } from './run.mjs';
import { install } from './scratch-project.mjs';

const pages = { 'README.md': 'first.mjs', 'docs/getting-started.md': 'start.mjs' };

/** The packages named by the first `npm install` on a page, this one as its tarball. */
function packagesOf(page, tarball) {
  const [, names] = /^npm install (.*)$/m.exec(readFileSync(join(root, page), 'utf8'));
  return names.split(' ').map((name) => (name === 'tfjs-curvature' ? tarball : name));
}

/** Where they lie: other runtimes run them from there, too. */
export const firstProject = 'first';

export async function firstPrograms({ scratch, tarball, check }) {
  const cwd = join(scratch, firstProject);
  mkdirSync(cwd);
  for (const [page, file] of Object.entries(pages)) {
    await check(`${page}: its program runs as it stands`, async () => {
      await install(packagesOf(page, tarball), cwd);
      const code = programOf(page);
      writeFileSync(join(cwd, file), code);
      const { stdout } = await run('node', [file], { cwd });
      checkPrinted(code, stdout);
    });
  }
}

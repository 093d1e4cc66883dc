// What is done to a scratch project.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

/** Installs packages, from npm's cache where it has them. */
export const install = (packages, cwd) =>
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...packages], { cwd });

/** Writes files given by name. */
export function writeAll(files, cwd) {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(cwd, file), text);
}

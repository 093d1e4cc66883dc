// The command and the door of NATS where none of the optional packages is installed: they say what to install.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { separatePackages } from './consumers.mjs';
import { run } from './run.mjs';

const program = `
import { spawnSync } from 'node:child_process';
import { findWorkers } from 'tfjs-curvature/nats';

const error = await findWorkers({}).catch((reason) => reason);
if (!/^findWorkers needs @nats-io\\/services: npm install /.test(error.message)) throw error;

const command = (...args) => spawnSync('npx', ['tfjs-curvature-worker', ...args], { encoding: 'utf8' });
const expectEnd = ({ status, stdout, stderr }, code, text) => {
  if (status !== code || !text.test(stdout + stderr)) throw new Error(status + stdout + stderr);
};
expectEnd(command('--help'), 0, /--register FILE/);
expectEnd(command('--grup', 'lab'), 2, /--grup/);
expectEnd(command('--group', 'lab'), 1, /needs more packages: npm install @nats-io/);
console.log('works');
`;

/** Runs from the scratch project of the separate packages. */
export async function workerCommand({ scratch, check }) {
  const cwd = join(scratch, separatePackages);
  writeFileSync(join(cwd, 'worker-command.mjs'), program);
  await check('the worker command starts, and says what it needs', () =>
    run('node', ['worker-command.mjs'], { cwd }),
  );
}

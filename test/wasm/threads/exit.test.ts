import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('exits-by-itself.mts', import.meta.url));
const run = (how: string) =>
  spawnSync(process.execPath, ['--import', 'tsx', script, how], { encoding: 'utf8', timeout: 300_000 });

test.each([
  ['asleep', 3],
  ['awake', 3],
  ['undone', 1],
])('a program ends by itself with helpers %s', (how, threads) => {
  const { status, stdout } = run(how);
  expect(stdout).toBe(`${256 ** 3} on ${threads}`);
  expect(status).toBe(0);
});

test('a program ends when it says so', () => expect(run('told to').status).toBe(3));

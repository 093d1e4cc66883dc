import { expect, test } from 'vitest';
import { compareRuns } from './compare.mjs';

const run = (outcomes: Record<string, string>) => ({
  specs: Object.entries(outcomes).map(([name, status]) => ({ name, status, message: '' })),
});

test('a loss is expected only if it is on the list, and the list holds nothing else', () => {
  const before = run({
    kept: 'passed',
    lost: 'passed',
    known: 'passed',
    gone: 'passed',
    won: 'failed',
    both: 'failed',
  });
  const after = run({ kept: 'passed', lost: 'failed', known: 'failed', won: 'passed', both: 'failed' });
  const { lost, gained, unexpected, stale } = compareRuns(before, after, ['known', 'kept', 'misspelt']);
  expect(lost.map(({ name }) => name)).toEqual(['lost', 'known', 'gone']);
  expect(gained).toBe(1);
  expect(unexpected.map(({ name, status }) => [name, status])).toEqual([
    ['lost', 'failed'],
    ['gone', 'missing'],
  ]);
  expect(stale).toEqual(['kept', 'misspelt']);
});

import { availableParallelism } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { automaticThreads } from '../../../src/wasm/threads/thread-count.js';

afterEach(() => vi.restoreAllMocks());

interface Machine {
  cores?: number;
  /** Files under /sys/fs/cgroup. */
  files?: Record<string, string>;
  isMainThread?: boolean;
}

function pretend({ cores = 64, files = {}, isMainThread = true }: Machine): void {
  const modules: Record<string, unknown> = {
    os: { availableParallelism: () => cores },
    worker_threads: { isMainThread },
    fs: {
      readFileSync: (path: string) => {
        const text = files[path.replace('/sys/fs/cgroup/', '')];
        if (text === undefined) throw new Error('ENOENT');
        return text;
      },
    },
  };
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) => modules[name]) as never);
}

test.each<[string, Machine, number]>([
  ['the cores there are', { cores: 3 }, 3],
  ['at most 8', { cores: 64 }, 8],
  ['at least 1', { cores: 0 }, 1],
  ['a quota of cgroups v2', { files: { 'cpu.max': '250000 100000\n' } }, 2],
  ['less than a core', { files: { 'cpu.max': '50000 100000\n' } }, 1],
  ['no quota', { cores: 4, files: { 'cpu.max': 'max 100000\n' } }, 4],
  ['what is no quota', { cores: 4, files: { 'cpu.max': 'what' } }, 4],
  [
    'a quota of cgroups v1',
    { files: { 'cpu/cpu.cfs_quota_us': '300000\n', 'cpu/cpu.cfs_period_us': '100000\n' } },
    3,
  ],
  [
    'no quota of cgroups v1',
    { cores: 5, files: { 'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n' } },
    5,
  ],
  ['1 inside a worker thread', { isMainThread: false }, 1],
])('%s', (_, machine, expected) => {
  pretend(machine);
  expect(automaticThreads()).toBe(expected);
});

test('on this machine, no more than it has', () => {
  expect(automaticThreads()).toBeGreaterThanOrEqual(1);
  expect(automaticThreads()).toBeLessThanOrEqual(Math.min(8, availableParallelism()));
});

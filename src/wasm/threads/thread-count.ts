import { nodeModule, nodeThreads } from './helper-thread.js';

/** Most threads that are taken where none are asked for by number: beyond, most kernels of a training step are too small. */
const MOST = 8;

interface OperatingSystem {
  availableParallelism(): number;
}

interface FileSystem {
  readFileSync(path: string, encoding: 'utf8'): string;
}

/**
 * How many threads `'auto'` means: as many as this process may use, at most 8, and 1 inside a worker thread, whose pool knows
 * best how many of them to run.
 */
export function automaticThreads(): number {
  if (nodeThreads()?.isMainThread === false) return 1;
  const cores =
    nodeModule<OperatingSystem>('os')?.availableParallelism() ??
    globalThis.navigator?.hardwareConcurrency ??
    1;
  return Math.max(1, Math.min(MOST, cores, Math.floor(quota())));
}

/** How many cores' worth of time Linux gives the container of this process; Infinity where it sets no limit. */
function quota(): number {
  const files = nodeModule<FileSystem>('fs');
  if (files == null) return Infinity;
  const read = (path: string): string[] => {
    try {
      return files.readFileSync(`/sys/fs/cgroup/${path}`, 'utf8').trim().split(' ');
    } catch {
      return [];
    }
  };
  const [time, period] = read('cpu.max');
  const cores = time === undefined ? cores1(read) : time === 'max' ? Infinity : Number(time) / Number(period);
  // Less than a core is still one thread.
  return Number.isNaN(cores) ? Infinity : Math.max(1, cores);
}

/** The same by the older control groups, where −1 is no limit. */
function cores1(read: (path: string) => string[]): number {
  const [time] = read('cpu/cpu.cfs_quota_us');
  const [period] = read('cpu/cpu.cfs_period_us');
  return time === undefined || Number(time) < 0 ? Infinity : Number(time) / Number(period);
}

import { Worker, type WorkerOptions } from 'node:worker_threads';
import { vi } from 'vitest';

/**
 * Every worker thread that has been started from now on, the latest last. Undone by `vi.restoreAllMocks`.
 *
 * @param change what a worker runs instead of its source
 */
export function collectWorkers(change: (source: string) => string = (source) => source): Worker[] {
  const workers: Worker[] = [];
  class Collected extends Worker {
    constructor(source: string, options: WorkerOptions) {
      super(change(source), options);
      workers.push(this);
    }
  }
  const { getBuiltinModule } = process;
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) => {
    const module = getBuiltinModule.call(process, name) as object;
    return name === 'worker_threads' ? { ...module, Worker: Collected } : module;
  }) as typeof getBuiltinModule);
  return workers;
}

/** Resolves when a worker thread has ended. */
export function ended(worker: Worker): Promise<void> {
  return worker.threadId === -1
    ? Promise.resolve()
    : new Promise((resolve) => worker.once('exit', () => resolve()));
}

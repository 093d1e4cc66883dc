import { helperSource } from './helper-source.js';

/** What a helper is given at its start. */
export interface HelperStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly buffer: SharedArrayBuffer;
  /** Its number, from 1 on. */
  readonly id: number;
}

/** A helper that waits for chunks. */
export interface HelperThread {
  /** True when it has run its last instruction, whatever stopped it. Asked while the calling thread waits. */
  hasStopped(): boolean;
  /** Ends a helper of a page that has been silent for long: it tells nobody that it is gone. */
  giveUp(): void;
}

/** The parts of Node's `worker_threads` that this needs. */
interface NodeThreads {
  readonly isMainThread: boolean;
  readonly Worker: new (source: string, options: object) => NodeWorker;
}

interface NodeWorker {
  once(event: 'message' | 'exit', listener: () => void): void;
  once(event: 'error', listener: (error: unknown) => void): void;
  on(event: 'error', listener: () => void): void;
  unref(): void;
  terminate(): unknown;
  readonly performance: { eventLoopUtilization(): { idle: number } };
}

/** A module of Node, null elsewhere and before Node 20.16: a static import would not load in a page. */
export function nodeModule<T>(name: string): T | null {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return (process?.getBuiltinModule?.(name) as T | undefined) ?? null;
}

export function nodeThreads(): NodeThreads | null {
  return nodeModule<NodeThreads>('worker_threads');
}

/** How long a helper may take to start, in milliseconds. */
const START_TIMEOUT = 30_000;

/**
 * Starts a helper and resolves when it is ready.
 *
 * @param onEnd told when it has ended by itself
 * @throws whatever kept it from starting
 */
export async function startHelper(
  start: HelperStart,
  createWorker: ((source: string) => Worker) | undefined,
  onEnd: () => void,
): Promise<HelperThread> {
  const threads = createWorker == null ? nodeThreads() : null;
  return threads == null
    ? startInPage(start, createWorker ?? fromBlob, onEnd)
    : startInNode(threads, start, onEnd);
}

async function startInNode(
  { Worker }: NodeThreads,
  start: HelperStart,
  onEnd: () => void,
): Promise<HelperThread> {
  // Without the flags of the process: it needs none of the modules that they load.
  const worker = new Worker(helperSource, { eval: true, workerData: start, execArgv: [] });
  await withinTime(
    worker,
    new Promise<void>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('it ended at once')));
    }),
  );
  worker.once('exit', onEnd);
  // An error is told by the exit that follows; this only keeps it from being thrown.
  worker.on('error', () => undefined);
  worker.unref();
  return {
    // The loop of a thread that is no more has been idle for −1 ms. Events do not tell while the calling thread waits.
    hasStopped: () => worker.performance.eventLoopUtilization().idle < 0,
    giveUp: () => undefined,
  };
}

/** A browser ends a worker that it has been told to end after 2 s at the latest. */
const TERMINATION = 3000;

async function startInPage(
  start: HelperStart,
  createWorker: (source: string) => Worker,
  onEnd: () => void,
): Promise<HelperThread> {
  const worker = createWorker(helperSource);
  await withinTime(
    worker,
    new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = ({ message }) => reject(new Error(message || 'it could not be loaded'));
      worker.postMessage(start);
    }),
  );
  worker.onerror = () => {
    worker.terminate();
    onEnd();
  };
  let givenUpAt = Infinity;
  return {
    hasStopped: () => {
      const isOver = performance.now() - givenUpAt > TERMINATION;
      if (isOver) onEnd();
      return isOver;
    },
    giveUp: () => {
      if (givenUpAt !== Infinity) return;
      givenUpAt = performance.now();
      worker.terminate();
    },
  };
}

function fromBlob(source: string): Worker {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  try {
    return new Worker(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Waits until a helper has started. One that has not is ended: later it would work where nobody has made room for it. */
async function withinTime(worker: { terminate(): unknown }, started: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it was not ready after ${START_TIMEOUT / 1000} s`)),
      START_TIMEOUT,
    );
  });
  try {
    await Promise.race([started, late]);
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

import type { Tensor } from '@tensorflow/tfjs-core';
import { readOnce } from './read-once.js';
import { RunScope } from './run-scope.js';
import { abortSignal, type Schema } from '../options.js';
import { guardScope } from './scope-guard.js';

/** Numbers on their way to the host: a tensor, or the answer of whoever computes elsewhere. */
export type Reading = Pick<Tensor, 'data' | 'dataSync' | 'dispose'>;

/**
 * A solver, written once: a generator that does its work on the device and yields each small tensor whose
 * values it needs on the host. The driver reads the tensor, disposes it and hands the values back in.
 *
 * Whatever a solver holds on the device it releases in `finally`, so that a driver may stop it at any yield. What it
 * had only just made when it failed, the driver disposes: see {@link RunScope}.
 */
export type SolverSteps<R> = Generator<Reading, R, Float32Array>;

/**
 * Runs a solver to its end with synchronous reads.
 *
 * For use inside `optimizer.minimize`, which is synchronous; not for WebGPU, where synchronous reads fail.
 *
 * @param steps a solver that has not been started
 * @returns what the solver returns, owned by the caller
 */
export function driveSync<R>(steps: SolverSteps<R>): R {
  const scope = new RunScope();
  try {
    let turn = scope.turn(() => steps.next());
    while (!turn.done) {
      const values = readSync(turn.value);
      turn = scope.turn(() => steps.next(values));
    }
    return turn.value;
  } catch (error) {
    return unwind(steps, scope, error);
  }
}

/** How an asynchronous run can be stopped. */
export interface DriveOptions {
  /** Stops the run between two products; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The schema of {@link DriveOptions}. */
export const driveSchema = { signal: abortSignal } satisfies Schema<DriveOptions>;

/**
 * Runs a solver to its end with asynchronous reads, giving way to other tasks so that a page stays responsive.
 *
 * @param steps a solver that has not been started
 * @param options `signal` to stop it; nothing stays on the device then
 * @param where the public function that runs, for errors
 * @param requireStill called after every wait: throws where the parameters of the operator have been assigned to
 * @returns what the solver returns, owned by the caller
 * @throws CurvatureArgumentError if a `tf.tidy` that was open at the beginning ends before the run does
 */
export async function driveAsync<R>(
  steps: SolverSteps<R>,
  options: DriveOptions,
  where: string,
  requireStill: () => void = () => {},
): Promise<R> {
  const { signal } = options;
  const requireScope = guardScope(where);
  const scope = new RunScope();
  try {
    signal?.throwIfAborted();
    let lastTask = performance.now();
    let turn = scope.turn(() => steps.next());
    while (!turn.done) {
      const values = await readOnce(turn.value);
      requireScope();
      requireStill();
      if (performance.now() - lastTask > TASK_MS) {
        await nextTask();
        lastTask = performance.now();
      }
      signal?.throwIfAborted();
      turn = scope.turn(() => steps.next(values));
    }
    return turn.value;
  } catch (error) {
    return unwind(steps, scope, error);
  }
}

/** Work goes on for at most this long before other tasks get their turn: half a frame at 60 Hz. */
const TASK_MS = 8;

/** Throws `error` inside the solver, which runs its `finally` blocks, and out of the driver; disposes what is left. */
function unwind(steps: SolverSteps<unknown>, scope: RunScope, error: unknown): never {
  try {
    steps.throw(error);
  } finally {
    scope.discard();
  }
  throw error;
}

function readSync(tensor: Reading): Float32Array {
  try {
    return tensor.dataSync<'float32'>();
  } finally {
    tensor.dispose();
  }
}

/** As it was when this module was loaded: a test's fake timers do not stop a run. Missing in browsers. */
const { setImmediate } = globalThis as { readonly setImmediate?: (callback: () => void) => void };

/**
 * Resolves in a later task of the event loop. Where there is no `setImmediate`, a message is used, because timers are clamped
 * to 4 ms when nested and animation frames stop in hidden pages. Each has a channel of its own: Node hands out what arrives at
 * one port meanwhile, up to 1000 messages, without a turn for anybody else.
 */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate != null) return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

import type { KernelConfig } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** What is thrown in place of a call that was to fail. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/** Whether an injected fault is at the bottom of an error. */
export function isInjected(error: unknown): boolean {
  return error instanceof InjectedFault || (error instanceof Error && isInjected(error.cause));
}

/** Counts everything that can throw, and lets one of the calls fail. */
class FaultSite {
  private calls = 0;
  private failing = Infinity;
  /** The place of each call, while they are noted. */
  private places: string[] | null = null;

  /** A call of something that can throw. */
  tick(what: string): void {
    this.calls++;
    this.places?.push(`${what} ${new Error().stack}`);
    if (this.calls === this.failing) throw new InjectedFault(`call ${this.calls}, ${what}`);
  }

  /** Where the calls are that `f` comes to. */
  async noting(f: () => Promise<unknown>): Promise<string[]> {
    const places: string[] = [];
    this.places = places;
    try {
      await f();
      return places;
    } finally {
      this.places = null;
    }
  }

  /** Runs with the i-th call failing, none for Infinity. @returns what came of it and how many calls there were */
  async run<T>(failing: number, f: () => T | Promise<T>): Promise<{ outcome: Outcome<T>; calls: number }> {
    [this.calls, this.failing] = [0, failing];
    try {
      return { outcome: { value: await f() }, calls: this.calls };
    } catch (error) {
      return { outcome: { error }, calls: this.calls };
    } finally {
      this.failing = Infinity;
    }
  }
}

/**
 * The places in the code, with the way that led there, of the calls of what can throw: calls of one place differ in how often
 * a loop has gone round.
 */
export async function placesOf(f: () => Promise<unknown>): Promise<string[]> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Infinity;
  try {
    return await faults.noting(f);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The value that a call came to, or what it threw. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

export const faults = new FaultSite();

/**
 * Lets kernels and reads of the present backend count among the calls that can fail, from now on; not those that a
 * kernel makes itself, which leaves to TensorFlow.js what it has begun.
 */
export function makeFallible(): void {
  const backendName = tf.getBackend();
  let isInKernel = false;
  for (const config of tf.getKernelsForBackend(backendName)) {
    const { kernelName, kernelFunc } = config;
    tf.unregisterKernel(kernelName, backendName);
    const fallible: KernelConfig = {
      ...config,
      kernelFunc: (call) => {
        if (isInKernel) return kernelFunc(call);
        faults.tick(kernelName);
        isInKernel = true;
        try {
          return kernelFunc(call);
        } finally {
          isInKernel = false;
        }
      },
    };
    tf.registerKernel(fallible);
  }
  const backend = tf.backend() as unknown as Record<'read' | 'readSync', (dataId: object) => unknown>;
  for (const name of ['read', 'readSync'] as const) {
    const original = backend[name].bind(backend);
    backend[name] = (dataId) => {
      if (!isInKernel) faults.tick(name);
      return original(dataId);
    };
  }
}

/** What no call may change but by what it says it does. */
export function surroundings(): Record<string, unknown> {
  const { state } = tf.engine() as unknown as { state: Record<string, unknown> };
  const { numTensors, numBytes } = tf.memory();
  return {
    numTensors,
    numBytes,
    backend: tf.getBackend(),
    scopes: (state.scopeStack as unknown[]).length,
    scope: state.activeScope,
    tape: (state.activeTape as unknown[] | null)?.length ?? 0,
    gradientDepth: state.gradientDepth,
    kernelDepth: state.kernelDepth,
    random: Math.random,
    assign: tf.Variable.prototype.assign,
    runKernelFunc: (tf.engine() as unknown as { runKernelFunc: unknown }).runKernelFunc,
  };
}

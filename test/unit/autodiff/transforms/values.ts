import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** The numbers of tensors that `f` makes, having checked that nothing else of it stays. */
export function values(f: () => Tensor | Tensor[]): number[] {
  const before = tf.memory().numTensors;
  const numbers = tf.tidy(() => [f()].flat().flatMap((tensor) => Array.from(tensor.dataSync())));
  expect(tf.memory().numTensors, 'tensors').toBe(before);
  return numbers;
}

/** What tells of the engine whether it is as it was. */
export function engineState(): unknown[] {
  const engine = tf.engine();
  const { gradientDepth, kernelDepth, activeTape, scopeStack } = engine.state as unknown as Record<
    string,
    unknown
  >;
  return [
    gradientDepth,
    kernelDepth,
    activeTape ?? null,
    (scopeStack as unknown[]).length,
    ...Reflect.ownKeys(engine),
  ];
}

/** Expects `f` to throw, to leave no tensor and to give the engine back as it was. */
export function expectRefusal(
  f: () => unknown,
  message: RegExp,
  kind?: new (...args: never[]) => Error,
): void {
  const before = tf.memory().numTensors;
  const state = engineState();
  let error: unknown;
  try {
    tf.tidy(() => void f());
  } catch (thrown) {
    error = thrown;
  }
  expect(error, 'error').toBeInstanceOf(kind ?? Error);
  expect((error as Error).message).toMatch(message);
  expect(tf.memory().numTensors, 'tensors').toBe(before);
  expect(engineState()).toEqual(state);
}

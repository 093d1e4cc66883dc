import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { useBackend } from '../wasm-backend.js';

/** Seeded numbers in [-1, 1) with repeats, zeros of both signs and ties, which pooling has to break as cpu does. */
export function values(size: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.round((state / 2 ** 32 - 0.5) * 64) / 32;
  });
}

/** A float32 tensor of {@link values} on the current backend. */
export function sample(shape: number[], seed: number): tf.Tensor {
  return tf.tensor(values(tf.util.sizeFromShape(shape), seed), shape, 'float32');
}

interface Result {
  shape: number[];
  dtype: string;
  data: Float32Array;
}

async function runOn(backend: 'wasm' | 'cpu', f: () => tf.Tensor[]): Promise<Result[]> {
  await useBackend(backend);
  const before = tf.memory().numTensors;
  const tensors = tf.tidy(f);
  const results = tensors.map((t) => ({
    shape: t.shape,
    dtype: t.dtype,
    data: Float32Array.from(t.dataSync()),
  }));
  tf.dispose(tensors);
  expect(tf.memory().numTensors, `tensors left behind on ${backend}`).toBe(before);
  return results;
}

/**
 * Runs `f`, which makes its own inputs, on wasm and on cpu and compares every tensor it returns.
 *
 * @param terms the most products summed into one element. Both backends round each addition, in a different
 *   order; a random walk of such errors stays under 4 ε √terms times the largest partial sum, taken as √terms · max|x|.
 *   With values of at most 1 the bound is 4 ε · terms, and never under 1e-6.
 */
export async function expectSame(f: () => tf.Tensor[], terms: number): Promise<void> {
  const wasm = await runOn('wasm', f);
  const cpu = await runOn('cpu', f);
  const tolerance = Math.max(1e-6, 4 * 2 ** -24 * terms);
  expect(wasm.length).toBe(cpu.length);
  cpu.forEach((expected, i) => {
    const actual = wasm[i] as Result;
    expect(actual.shape, `shape of result ${i}`).toEqual(expected.shape);
    expect(actual.dtype, `dtype of result ${i}`).toEqual(expected.dtype);
    let worst = 0;
    for (let j = 0; j < expected.data.length; j++) {
      const [a, e] = [actual.data[j] as number, expected.data[j] as number];
      if (Object.is(a, e)) continue;
      const error = Math.abs(a - e) / Math.max(1, Math.abs(e));
      worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
    }
    expect(worst, `largest error of result ${i}`).toBeLessThanOrEqual(tolerance);
  });
}

import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect } from 'vitest';
import { useBackend } from './wasm-backend.js';

/** What takes over a resource of a test, and hands it on. */
export type Own = <T extends { dispose(): unknown }>(resource: T) => T;

/**
 * What a test of the suite owns is disposed after it, last first, and the engine then holds what it held
 * before.
 *
 * @param backend that the tests run on
 */
export function ownedByTest(backend: 'cpu' | 'wasm' = 'cpu'): Own {
  let before: tf.MemoryInfo;
  let owned: { dispose(): unknown }[];
  beforeEach(async () => {
    await useBackend(backend);
    before = tf.memory();
    owned = [];
  });
  afterEach(() => {
    for (const resource of owned.reverse()) resource.dispose();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  });
  return (resource) => {
    owned.push(resource);
    return resource;
  };
}

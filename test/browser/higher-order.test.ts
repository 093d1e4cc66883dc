import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { HigherOrderFile } from '../higher-order-case.js';
import { higherOrderErrors } from '../higher-order-case.js';
import { backend, useBackend } from './backend.js';

const files = Object.values(
  import.meta.glob<HigherOrderFile>('../golden/higher-order/*.json', { eager: true, import: 'default' }),
);

describe(`losses that contain derivatives, on ${backend}`, () => {
  beforeAll(useBackend);

  it('are there', () => {
    expect(files).toHaveLength(2);
  });

  it.each(files)('$name', async (file) => {
    const before = tf.memory().numTensors;
    const errors = await higherOrderErrors(file);
    expect(tf.memory().numTensors).toBe(before);
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-4);
  });
});

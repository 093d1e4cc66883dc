import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { HigherOrderFile } from './higher-order-case.js';
import { higherOrderErrors } from './higher-order-case.js';
import { useBackend } from './wasm-backend.js';

const folder = join(import.meta.dirname, 'golden/higher-order');
const files = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as HigherOrderFile,
);

describe.each(['cpu', 'wasm'] as const)('losses that contain derivatives, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(files)('$name', async (file) => {
    const before = tf.memory().numTensors;
    const errors = await higherOrderErrors(file);
    expect(tf.memory().numTensors).toBe(before);
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-4);
  });
});

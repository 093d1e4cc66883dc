import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withCorrections } from '../../src/tfjs/corrections/execute.js';
import { multiplyNoNan } from '../../src/tfjs/kernels/kernel-ops.js';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';

const factors = [Infinity, NaN, 3, -Infinity, 0, NaN, -2];
const masks = [0, 0, 0, -0, 0, 1, 2];
const products = [0, 0, 0, 0, 0, NaN, -4];

describe.each([
  ['cpu', false],
  ['wasm', false],
  ['wasm', true],
] as const)('a product that is 0 by a zero, on %s (our kernels: %s)', (backend, withOurKernels) => {
  let undo: (() => void) | null = null;
  beforeAll(async () => {
    await useBackend(backend);
    if (withOurKernels) undo = await registerWasmTrainingKernels();
  });
  afterAll(() => undo?.());

  // Four at a time and one by one.
  it.each([0, 1, 3, 4, 7, 30])('is right for %s numbers', (n) => {
    const repeated = (list: number[]): tf.Tensor1D =>
      tf.tensor1d(Array.from({ length: n }, (_, i) => list[i % list.length]!));
    const found = tf.tidy(() =>
      withCorrections(() => multiplyNoNan(repeated(factors), repeated(masks))).dataSync(),
    );
    // + 0: −0 is 0.
    expect(Array.from(found, (x) => x + 0)).toEqual(
      Array.from({ length: n }, (_, i) => products[i % products.length]!),
    );
  });
});

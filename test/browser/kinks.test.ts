import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { derivativesOf, largestDifference, matrixOf } from '../kinks/case.js';
import { poolingCases } from '../kinks/pooling-cases.js';
import { sideCases } from '../kinks/side-cases.js';
import { smoothCases } from '../kinks/smooth-cases.js';
import { backend, useBackend } from './backend.js';

// As in test/unit/autodiff/kinks.test.ts: values of size 1 to 20 and a handful of float32 operations.
const tolerance = 2e-5;

describe(`derivatives where pieces meet, on ${backend}`, () => {
  beforeAll(() => useBackend());

  it.each(
    [...smoothCases, ...sideCases, ...poolingCases].map((kinkCase) => [kinkCase.name, kinkCase] as const),
  )('%s', async (_, kinkCase) => {
    const before = tf.memory().numTensors;
    const { gradient, hessian } = await derivativesOf(kinkCase);
    expect(largestDifference(gradient, kinkCase.gradient), `gradient ${gradient}`).toBeLessThan(tolerance);
    matrixOf(kinkCase).forEach((row, i) => {
      expect(largestDifference(hessian[i]!, row), `row ${i}: ${hessian[i]}`).toBeLessThan(tolerance);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

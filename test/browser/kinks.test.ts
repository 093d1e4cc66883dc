import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  derivativesAlong,
  derivativesOf,
  largestDifference,
  largestRelativeError,
  matrixOf,
} from '../kinks/case.js';
import { poolingCases } from '../kinks/pooling-cases.js';
import { sideCases } from '../kinks/side-cases.js';
import { smoothCases } from '../kinks/smooth-cases.js';
import { tailCases, tailPoints } from '../kinks/tail-cases.js';
import { backend, isDevice, useBackend } from './backend.js';

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

describe(`derivatives in the tails, on ${backend}`, () => {
  beforeAll(() => useBackend());

  // Mish takes tanh of a softplus, of which the kernels of GPUs keep few digits where it is small.
  const cases = tailCases.filter(({ name }) => !isDevice || name !== 'a mish layer');

  it.each(cases.map((tailCase) => [tailCase.name, tailCase] as const))('%s', async (_, tailCase) => {
    const { gradient, curvature } = await derivativesAlong(tailCase.f, tailPoints);
    expect(largestRelativeError(gradient, tailPoints.map(tailCase.slope)), `${gradient}`).toBeLessThan(
      tolerance,
    );
    expect(largestRelativeError(curvature, tailPoints.map(tailCase.curvature)), `${curvature}`).toBeLessThan(
      tolerance,
    );
  });
});

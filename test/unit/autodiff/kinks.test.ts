import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { derivativesOf, largestDifference, matrixOf } from '../../kinks/case.js';
import { sideCases } from '../../kinks/side-cases.js';
import { smoothCases } from '../../kinks/smooth-cases.js';
import { useBackend } from '../../wasm-backend.js';

// The values are of size 1 to 20 and come out of a handful of float32 operations, some of them exp and log.
const tolerance = 1e-5;

describe.each(['cpu', 'wasm'] as const)('derivatives where pieces meet, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each([...smoothCases, ...sideCases].map((kinkCase) => [kinkCase.name, kinkCase] as const))(
    '%s',
    async (_, kinkCase) => {
      const before = tf.memory().numTensors;
      const { gradient, hessian } = await derivativesOf(kinkCase);
      expect(largestDifference(gradient, kinkCase.gradient), `gradient ${gradient}`).toBeLessThan(tolerance);
      matrixOf(kinkCase).forEach((row, i) => {
        expect(largestDifference(hessian[i]!, row), `row ${i}: ${hessian[i]}`).toBeLessThan(tolerance);
      });
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});

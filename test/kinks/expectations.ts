import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { KinkCase } from './case.js';
import {
  derivativesAlong,
  derivativesOf,
  largestDifference,
  largestRelativeError,
  matrixOf,
} from './case.js';
import type { TailCase } from './tail-cases.js';
import { tailPoints } from './tail-cases.js';

/** On the present backend gradient and Hessian are those of the case, to an absolute tolerance, and nothing is left. */
export async function expectDerivatives(kinkCase: KinkCase, tolerance: number): Promise<void> {
  const before = tf.memory().numTensors;
  const { gradient, hessian } = await derivativesOf(kinkCase);
  expect(largestDifference(gradient, kinkCase.gradient), `gradient ${gradient}`).toBeLessThan(tolerance);
  matrixOf(kinkCase).forEach((row, i) => {
    expect(largestDifference(hessian[i]!, row), `row ${i}: ${hessian[i]}`).toBeLessThan(tolerance);
  });
  expect(tf.memory().numTensors).toBe(before);
}

/** On the present backend the first two derivatives keep their digits at all {@link tailPoints}, to a relative tolerance. */
export async function expectTail({ f, slope, curvature }: TailCase, tolerance: number): Promise<void> {
  const found = await derivativesAlong(f, tailPoints);
  const errorOfSlope = largestRelativeError(found.gradient, tailPoints.map(slope));
  expect(errorOfSlope, `slope ${found.gradient}`).toBeLessThan(tolerance);
  const errorOfCurvature = largestRelativeError(found.curvature, tailPoints.map(curvature));
  expect(errorOfCurvature, `curvature ${found.curvature}`).toBeLessThan(tolerance);
}

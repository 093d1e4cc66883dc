import type { Tensor1D } from '@tensorflow/tfjs-core';
import { div, randomNormal, sub, tidy } from '@tensorflow/tfjs-core';
import { euclideanNorm, unitVector } from '../rows.js';
import { FiniteDifferenceLinearization } from './finite-difference.js';
import type { HessianOperator } from './hessian.js';
import { knownMagnitude } from './magnitude.js';
import { errorBeyondRounding, ratio, readScalars } from './relative-error.js';

/** How far a product and a difference may be apart: at steps that agree float32 keeps two to three digits. */
export const differenceTolerance = 5e-2;

/** An error of this many times what two steps disagree by is not that of the difference. */
const DISAGREEMENTS = 3;

/** Directions that are tried for one along which the differences at two steps agree. */
const DIRECTIONS = 3;

/** What differences of the gradient say of a product. */
export interface DifferenceErrors {
  /** ‖Hv − difference‖ / ‖Hv‖. */
  readonly centralDifference: number;
  /** How far the differences at two steps are apart, by ‖Hv‖. */
  readonly stepDisagreement: number;
}

/** The errors along v or another direction, whichever has the differences that agree best. */
export async function checkDifference(
  operator: HessianOperator,
  v: Tensor1D,
  seed: number,
): Promise<DifferenceErrors> {
  const { objective, size } = operator;
  const differences = new FiniteDifferenceLinearization(objective);
  let best = { error: NaN, length: NaN, stepDisagreement: Infinity, rounding: 0 };
  try {
    for (let trial = 0; trial < DIRECTIONS; trial++) {
      const direction = trial === 0 ? v.clone() : randomUnit(size, 2 * seed + 2 + 7919 * trial);
      const measured = await errorsAlong(operator, differences, direction);
      const [error, length, measuredLength, disagreement, rounding] = measured;
      const stepDisagreement = ratio(disagreement * measuredLength, length);
      if (trial === 0 || stepDisagreement < best.stepDisagreement) {
        best = { error, length, stepDisagreement, rounding };
      }
      if (DISAGREEMENTS * stepDisagreement <= differenceTolerance) break;
    }
  } finally {
    differences.dispose();
  }
  const { error, length, stepDisagreement, rounding } = best;
  const magnitude = async (): Promise<number> => (await knownMagnitude(operator)) + rounding;
  const tolerance = toleranceFor(stepDisagreement);
  return {
    centralDifference: await errorBeyondRounding(error, length, tolerance, magnitude),
    stepDisagreement,
  };
}

/** ‖Hv − difference‖, ‖Hv‖, ‖difference‖, what the steps disagree by and the rounding; v is disposed. */
async function errorsAlong(
  operator: HessianOperator,
  differences: FiniteDifferenceLinearization,
  v: Tensor1D,
): Promise<[number, number, number, number, number]> {
  try {
    const numbers = await readScalars(() => {
      const { product, disagreement, step } = differences.along(v);
      const hv = operator.matvec(v);
      // Two gradients, each rounded, by the step.
      const roundingOfGradients = div(euclideanNorm([differences.gradient]), step);
      const lengths = [sub(hv, product), hv, product].map((x) => euclideanNorm([x]));
      return [...lengths, disagreement, roundingOfGradients];
    });
    return numbers as [number, number, number, number, number];
  } finally {
    v.dispose();
  }
}

/** How far a product may be from a difference of which only so much is known. */
export function toleranceFor(stepDisagreement: number): number {
  const known = Number.isFinite(stepDisagreement) ? stepDisagreement : 0;
  return Math.max(differenceTolerance, DISAGREEMENTS * known);
}

export function randomUnit(size: number, seed: number): Tensor1D {
  return tidy(() => unitVector(randomNormal([size], 0, 1, 'float32', seed)) as Tensor1D);
}

import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  abs,
  concat,
  div,
  matMul,
  max,
  mul,
  reshape,
  sqrt,
  square,
  stack,
  sum,
  tensor2d,
  tidy,
} from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, requireThat } from '../errors.js';
import type { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { MultipliedRows } from './multiplied-rows.js';
import { withoutSpan } from './multiplied-rows.js';
import type { NormalizedOperator } from './normalized-operator.js';
import { rowsOfMatrix, squareMatrix, whitening } from './dense-ritz.js';
import { release } from './vector-arithmetic.js';

/** A row of which a smaller share is outside of a span lies in it to rounding. */
const WITHIN_SPAN = 1e-5;

/**
 * T times vectors of unit length, which are disposed, as rows owned by the caller.
 *
 * @param preconditioner T; null for the identity
 * @throws CurvatureArgumentError that names `where` for a T that is not positive definite on them
 */
export function* preconditioned(
  preconditioner: NormalizedOperator | null,
  units: readonly Tensor1D[],
  where: string,
): SolverSteps<Tensor2D> {
  const done: Tensor1D[] = [];
  try {
    for (let i = 0; i < units.length; i++) {
      done.push(preconditioner == null ? units[i]!.clone() : yield* preconditioner.multiply(units[i]!));
    }
    if (preconditioner != null) {
      const forms = yield tidy(() => sum(mul(stack([...units]), stack(done)), 1) as Tensor1D);
      const least = Math.min(...forms);
      if (!(least > 0) && forms.every(Number.isFinite)) {
        throw new CurvatureArgumentError(
          where,
          'a positive definite preconditioner T',
          `one with rᵀTr = ${least.toPrecision(3)} ‖r‖²`,
        );
      }
    }
    return stack(done) as Tensor2D;
  } finally {
    release(...units, ...done);
  }
}

/**
 * What rows, which are disposed, have outside of the span of others, as independent rows of unit length, owned by the caller;
 * null where that is nothing.
 */
export function* independentOf(
  rows: Tensor2D,
  spans: readonly MultipliedRows[],
): SolverSteps<Tensor2D | null> {
  const outsideOf = (w: Tensor2D): Tensor2D => spans.reduce((left, span) => withoutSpan(left, span), w);
  let outside: Tensor2D | null = null;
  try {
    outside = tidy(() => outsideOf(unit(rows)));
    const m = rows.shape[0];
    const gram = yield tidy(() => reshape(matMul(outside!, outside!, false, true), [m * m]));
    const worth = Array.from({ length: m }, (_, i) => i).filter(
      (i) => !(Math.sqrt(gram[i * m + i]!) < WITHIN_SPAN),
    );
    if (worth.length === 0) return null;
    const mixed = whitening(squareMatrix(m, gram).selection(worth, worth));
    const weights = rowsOfMatrix(mixed).map((row) => {
      const wide = new Array<number>(m).fill(0);
      worth.forEach((at, i) => (wide[at] = row[i]!));
      return wide;
    });
    return tidy(() => unit(outsideOf(matMul(tensor2d(weights), outside!))));
  } finally {
    release(rows, outside);
  }
}

/** Rows at unit length. */
function unit(rows: Tensor2D): Tensor2D {
  return tidy((): Tensor2D => div(rows, sqrt(sum(square(rows), 1, true))));
}

/**
 * Start vectors and random ones besides, at unit length, owned by the caller.
 *
 * @param count how many there are to be at least
 * @param given the caller's vectors, which come first
 * @throws CurvatureArgumentError that names `where` for one of them that is zero or not finite
 */
export function* startRows(
  count: number,
  size: number,
  given: Tensor1D | Tensor2D | undefined,
  random: SeededRandom,
  where: string,
): SolverSteps<Tensor2D> {
  const numGiven = given == null ? 0 : given.size / size;
  const scaled = tidy((): Tensor2D => {
    const others = Array.from({ length: Math.max(0, count - numGiven) }, () =>
      tensor2d(random.fillNormal(new Float32Array(size)), [1, size]),
    );
    const rows: Tensor2D = concat(given == null ? others : [reshape(given, [numGiven, size]), ...others]);
    // Divided by the largest number of each, no square leaves the range of float32.
    return div(rows, max(abs(rows), 1, true));
  });
  try {
    const squares = yield tidy(() => sum(square(scaled), 1) as Tensor1D);
    const bad = squares.findIndex((one, i) => i < numGiven && !Number.isFinite(one));
    requireThat(bad < 0, where, 'finite start vectors other than zero', `another one as row ${bad}`);
    return unit(scaled);
  } finally {
    release(scaled);
  }
}

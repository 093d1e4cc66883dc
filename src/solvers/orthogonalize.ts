import type { Tensor } from '@tensorflow/tfjs-core';
import type { KrylovBasis, Measured } from './basis.js';
import type { Candidate } from './candidate.js';
import { discard } from './candidate.js';
import { joinNumbers } from './joined-numbers.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { release } from './vector-arithmetic.js';

/** What orthogonalising took off a vector. */
export interface Projection {
  /** Along each row of the basis. */
  readonly coefficients: Float64Array;
  /** ‖w‖₂ of what is left. */
  readonly remainder: number;
}

/** A pass that leaves at least this part of w², sin² 45°, is the last one, as in ARPACK. */
const ENOUGH = 0.5;
/** Passes over all rows. "Twice is enough" (Parlett 1998, §6.9) but for what is rounding alone. */
const MOST_PASSES = 3;

/**
 * Classical Gram-Schmidt, pass after pass until one leaves most of the vector (Daniel, Gragg, Kaufman & Stewart 1976).
 *
 * Of the last pass the norm is known before it is taken off: rows are orthonormal, so ‖w - Vᵀ(Vw)‖² = ‖w‖² - ‖Vw‖², and where
 * most of w is left, nothing cancels. So that pass scales as well, and reads and writes w once.
 *
 * @param basis orthonormal rows; stays as it is
 * @param candidate replaced by what is left of it, at unit length; zero where nothing is. Released if the run is stopped
 *   meanwhile
 * @param coupled a row to begin a pass before the first one at: the candidate has no component but rounding along those
 *   before it. Such a pass costs little, and the first over all rows then takes off rounding only
 * @returns the coefficients along all rows, and the norm of what is left
 */
export function* orthogonalize(
  basis: KrylovBasis,
  candidate: Candidate,
  coupled?: number,
): SolverSteps<Projection> {
  let isDone = false;
  const passes: Measured[] = [];
  try {
    const coefficients = new Float64Array(basis.rows);
    if (coupled != null) {
      passes.push(basis.measure(candidate, basis.startOfBlock(coupled)));
      basis.takeOff(candidate, passes[0]!);
    }
    for (let repeat = 1; ; repeat++) {
      passes.push(basis.measure(candidate));
      const { tensor, measures } = onTheirWay(passes);
      const found = measures(yield tensor);
      for (const { first, dots } of found) dots.forEach((value, i) => (coefficients[first + i]! += value));
      const { dots, square } = found.at(-1)!;
      const rest = dots.reduce((sum, dot) => sum - dot * dot, square);
      const isLast = repeat === MOST_PASSES || !(rest < ENOUGH * square);
      // Not a number where the vector is none.
      const remainder = Math.sqrt(rest > 0 || Number.isNaN(rest) ? rest : 0);
      basis.takeOff(candidate, passes.at(-1)!, !isLast ? 1 : remainder === 0 ? 0 : 1 / remainder);
      releaseAll(passes);
      if (isLast) {
        isDone = true;
        return { coefficients, remainder };
      }
    }
  } finally {
    releaseAll(passes);
    if (!isDone) discard(candidate);
  }
}

interface Found {
  readonly first: number;
  readonly dots: readonly number[];
  readonly square: number;
}

/** What was measured as one small tensor for the host, owned by the caller, and the meaning of its values. */
function onTheirWay(passes: readonly Measured[]): {
  readonly tensor: Tensor;
  readonly measures: (values: Float32Array) => Found[];
} {
  const { tensor, split } = joinNumbers(passes.flatMap(({ numbers }) => numbers));
  const measures = (values: Float32Array): Found[] => {
    const parts = split(values);
    return passes.map(({ first, numbers }) => {
      const all = parts.splice(0, numbers.length).flatMap((part) => Array.from(part));
      return { first, dots: all.slice(0, -1), square: all.at(-1)! };
    });
  };
  return { tensor, measures };
}

function releaseAll(passes: Measured[]): void {
  for (const { numbers } of passes.splice(0)) release(...numbers);
}

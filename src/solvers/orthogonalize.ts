import type { KrylovBasis } from './basis.js';
import type { Candidate } from './candidate.js';
import { discard } from './candidate.js';
import type { SolverSteps } from '../tfjs/drive.js';

/** What orthogonalising took off a vector. */
export interface Projection {
  /** Along each row of the basis. */
  readonly coefficients: Float64Array;
  /** ‖w‖₂ of what is left. */
  readonly remainder: number;
}

/**
 * Classical Gram-Schmidt, pass after pass until one takes off less than half (Daniel, Gragg, Kaufman & Stewart 1976;
 * "twice is enough": Parlett 1998, §6.9).
 *
 * @param basis orthonormal rows; stays as it is
 * @param candidate changed in place; released if the run is stopped meanwhile
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
  try {
    const coefficients = new Float64Array(basis.rows);
    let remainder = 0;
    let firsts = coupled == null ? [0] : [basis.startOfBlock(coupled), 0];
    for (let repeat = 0; repeat < 3; repeat++) {
      const projected = basis.project(candidate, firsts);
      const measures = projected.measures(yield projected.tensor);
      measures.coefficients.forEach((pass, p) =>
        pass.forEach((value, i) => (coefficients[firsts[p]! + i]! += value)),
      );
      remainder = measures.remainder;
      const before = Math.hypot(remainder, ...measures.coefficients.at(-1)!);
      if (!(remainder < before / 2)) break;
      firsts = [0];
    }
    isDone = true;
    return { coefficients, remainder };
  } finally {
    if (!isDone) discard(candidate);
  }
}

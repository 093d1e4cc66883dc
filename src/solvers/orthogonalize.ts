import { concat } from '@tensorflow/tfjs-core';
import type { Candidate, KrylovBasis, Measures } from './basis.js';
import type { SolverSteps } from './drive.js';

/**
 * Gram-Schmidt in two passes, the second against all rows, and a third where the second took off more than half
 * (Daniel, Gragg, Kaufman & Stewart 1976; "twice is enough": Parlett 1998, §6.9). The first pass may leave out
 * rows along which the candidate has no component but rounding: that goes in the second.
 *
 * @param basis orthonormal rows; stays as it is
 * @param candidate changed in place; released if the run is stopped meanwhile
 * @param first row from which on the first pass goes; it has to begin a block. Default 0: all rows
 * @returns the coefficients along all rows, and the norm of what is left
 */
export function* orthogonalize(basis: KrylovBasis, candidate: Candidate, first = 0): SolverSteps<Measures> {
  let isDone = false;
  try {
    const two = [basis.pass(candidate, first), basis.pass(candidate, 0)] as const;
    const split = two[0].size;
    const measures = concat([...two]);
    for (const tensor of two) tensor.dispose();
    const values = yield measures;
    let before = basis.read(values.subarray(0, split), first);
    let after = basis.read(values.subarray(split), 0);
    const { coefficients } = after;
    before.coefficients.forEach((value, i) => (coefficients[first + i]! += value));
    for (let extra = 0; extra < 2 && after.remainder < before.remainder / 2; extra++) {
      before = after;
      after = basis.read(yield basis.pass(candidate, 0), 0);
      after.coefficients.forEach((value, i) => (coefficients[i]! += value));
    }
    isDone = true;
    return { coefficients, remainder: after.remainder };
  } finally {
    if (!isDone) discard(candidate);
  }
}

/** Releases a candidate that is not to become a row. */
export function discard(candidate: Candidate): void {
  for (const tile of candidate.tiles) tile.dispose();
}

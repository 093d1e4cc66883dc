import { NEGLIGIBLE } from '../float32.js';

/** What a check looks for lies beyond the last wanted value by this part of the tolerance. */
export const MARGIN = 0.5;

/**
 * The residual that a pair may have to count as converged: relative to its value, but never below what float32 products show.
 *
 * @param norm a lower bound of ‖A‖
 * @param zero values up to this are zero to rounding
 */
export function convergenceThreshold(value: number, tol: number, norm: number, zero: number): number {
  const size = Math.abs(value);
  return Math.max(size <= zero ? zero : tol * size, NEGLIGIBLE * norm);
}

/**
 * Whether the dense problem of so many rows is solved: where a chain ends, and after every product at first, later every 5 %; but
 * not before there are k rows. Chains that end earlier are followed by others: a zero matrix has n of them.
 */
export function isSolveDue(rows: number, k: number, isChainOver: boolean): boolean {
  return rows >= k && (isChainOver || rows <= 40 || rows % Math.ceil(rows / 20) === 0);
}

/**
 * How many Ritz vectors survive a restart: the wanted ones and half of the others, which keeps the part of the
 * space that converges next (Wu & Simon 2000, §4; as many as ARPACK keeps), but never so many that no room is
 * left. Pairs that have converged are among them: locked, they cost no further product.
 *
 * @param rows Ritz vectors there are
 * @param room how many there may be at most
 */
export function rowsToKeep(rows: number, k: number, room: number): number {
  return Math.max(Math.min(k + Math.floor((rows - k) / 2), room), 1);
}

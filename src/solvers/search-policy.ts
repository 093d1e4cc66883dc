/** What a check looks for lies beyond the last wanted value by this part of the tolerance. */
export const MARGIN = 0.5;

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

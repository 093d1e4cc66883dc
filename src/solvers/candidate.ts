import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { concat, mul, reshape, slice, tidy } from '@tensorflow/tfjs-core';

/**
 * Columns of a tile. Inner products are summed within a tile on the device and over the tiles in turn, so that
 * their error does not grow with n. Every tile more costs kernel calls in each step: 2^18 keeps their error near 1e-6.
 */
const TILE_COLUMNS = 2 ** 18;

/** A vector on its way to become orthogonal to a basis. */
export interface Candidate {
  /** The remainder, cut like the basis into tiles [1, columns]; owned by the holder of the candidate. */
  readonly tiles: Tensor2D[];
}

/**
 * Cuts a vector into a candidate.
 *
 * @param vector shape [n]; disposed here
 */
export function candidateOf(vector: Tensor1D): Candidate {
  const { size } = vector;
  const tiles: Tensor2D[] = [];
  for (let from = 0; from < size; from += TILE_COLUMNS) {
    const columns = Math.min(TILE_COLUMNS, size - from);
    tiles.push(
      tidy(
        () => reshape(columns === size ? vector : slice(vector, [from], [columns]), [1, columns]) as Tensor2D,
      ),
    );
  }
  vector.dispose();
  return { tiles };
}

/**
 * A candidate, times `scale`, as a vector.
 *
 * @param candidate its tiles are disposed here
 * @returns shape [n], owned by the caller
 */
export function vectorOf(candidate: Candidate, scale = 1): Tensor1D {
  const vector = tidy(() =>
    concat(
      candidate.tiles.map((tile) => reshape(scale === 1 ? tile : mul(tile, scale), [tile.size]) as Tensor1D),
    ),
  );
  discard(candidate);
  return vector;
}

/** Releases a candidate that is not to become a row. */
export function discard(candidate: Candidate): void {
  for (const tile of candidate.tiles) tile.dispose();
}

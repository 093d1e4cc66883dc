import type { Tensor2D } from '@tensorflow/tfjs-core';
import { concat, slice } from '@tensorflow/tfjs-core';
import { combineRows } from '../tfjs/kernels/row-products.js';

/**
 * Combinations of rows for one column of tiles, a tile for each band of weights. The tiles are disposed, strip by
 * strip, as they have been used: cut in many, little is held twice.
 *
 * @param bands W by rows, matrices [m_i, rows]
 * @param tiles the rows for some range of columns
 * @param strips how many to cut the columns into
 */
export function combineColumn(
  bands: readonly Tensor2D[],
  tiles: readonly Tensor2D[],
  strips: number,
): Tensor2D[] {
  const columns = tiles[0]!.shape[1];
  const width = Math.ceil(columns / strips);
  const cuts = tiles.map((tile) => (width === columns ? [tile] : cut(tile, width)));
  const combined: Tensor2D[][] = bands.map(() => []);
  cuts[0]!.forEach((_, s) => {
    const strip = cuts.map((parts) => parts[s]!);
    bands.forEach((weights, i) => combined[i]!.push(combineRows(weights, strip)));
    for (const part of strip) part.dispose();
  });
  return combined.map((parts) => {
    if (parts.length === 1) return parts[0]!;
    const tile: Tensor2D = concat(parts, 1);
    for (const part of parts) part.dispose();
    return tile;
  });
}

/** Strips of a tile, which is disposed. */
function cut(tile: Tensor2D, width: number): Tensor2D[] {
  const columns = tile.shape[1];
  const strips: Tensor2D[] = [];
  for (let from = 0; from < columns; from += width) {
    strips.push(slice(tile, [0, from], [-1, Math.min(width, columns - from)]));
  }
  tile.dispose();
  return strips;
}

import type { Tensor2D } from '@tensorflow/tfjs-core';
import { add, concat, matMul, slice, tidy } from '@tensorflow/tfjs-core';

/** While all rows are replaced, tiles wider than this are cut in eight, so that little is held twice. */
const NARROW = 2 ** 13;

/**
 * Combinations of rows for one column of tiles, a tile for each list of weights. The tiles are disposed, strip by
 * strip, as they have been used.
 */
export function combineColumn(
  bands: readonly (readonly Tensor2D[])[],
  tiles: readonly Tensor2D[],
): Tensor2D[] {
  const columns = tiles[0]!.shape[1];
  const width = columns > NARROW ? Math.ceil(columns / 8) : columns;
  const strips = tiles.map((tile) => {
    const cut: Tensor2D[] = [];
    for (let from = 0; from < columns; from += width) {
      cut.push(slice(tile, [0, from], [-1, Math.min(width, columns - from)]));
    }
    tile.dispose();
    return cut;
  });
  const combined: Tensor2D[][] = bands.map(() => []);
  strips[0]!.forEach((_, r) => {
    const strip = strips.map((cut) => cut[r]!);
    bands.forEach((weights, i) => combined[i]!.push(combine(weights, strip)));
    for (const part of strip) part.dispose();
  });
  return combined.map((parts) => {
    const tile: Tensor2D = concat(parts, 1);
    for (const part of parts) part.dispose();
    return tile;
  });
}

/** Σ weights_b tiles_b. */
function combine(weights: readonly Tensor2D[], tiles: readonly Tensor2D[]): Tensor2D {
  let sum: Tensor2D = matMul(weights[0]!, tiles[0]!);
  for (let b = 1; b < tiles.length; b++) {
    const next = tidy((): Tensor2D => add(sum, matMul(weights[b]!, tiles[b]!)));
    sum.dispose();
    sum = next;
  }
  return sum;
}

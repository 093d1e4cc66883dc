import type { PairsInSpan } from './rayleigh-ritz.js';

/** A direction of which a smaller share is outside of the span of others lies in it. */
const NO_DIRECTION = 1e-3;

/**
 * The directions that led from the block before to the new one: the new vectors less their part in the old block, made
 * orthonormal to them and to each other (Hetmaniuk & Lehoucq 2006).
 *
 * @param chosen coefficients of the new vectors
 * @param before how many of the rows were the old block
 */
export function directionsOf(
  chosen: readonly Float64Array[],
  before: number,
  { dual }: PairsInSpan,
): Float64Array[] {
  const found: Float64Array[] = [];
  const others = chosen.map((row) => ({ row, dual: dual(row) }));
  for (const coefficients of chosen) {
    const step = coefficients.map((c, i) => (i < before ? 0 : c));
    const size = Math.sqrt(dot(step, dual(step)));
    // A step may be as short as it likes.
    const direction = step.map((c) => (size > 0 ? c / size : 0));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of others) {
        const along = dot(direction, other.dual);
        direction.forEach((c, i) => (direction[i] = c - along * other.row[i]!));
      }
    }
    const length = Math.sqrt(dot(direction, dual(direction)));
    if (!(length > NO_DIRECTION)) continue;
    const row = direction.map((c) => c / length);
    found.push(row);
    others.push({ row, dual: dual(row) });
  }
  return found;
}

function dot(a: Float64Array, b: readonly number[]): number {
  return a.reduce((total, entry, i) => total + entry * b[i]!, 0);
}

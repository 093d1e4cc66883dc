import type { RitzPairs } from './rayleigh-ritz.js';

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
  { inner }: RitzPairs,
): Float64Array[] {
  const found: Float64Array[] = [];
  for (const coefficients of chosen) {
    const step = coefficients.map((c, i) => (i < before ? 0 : c));
    const size = Math.sqrt(inner(step, step));
    // A step may be as short as it likes.
    const direction = step.map((c) => (size > 0 ? c / size : 0));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of [...chosen, ...found]) {
        const along = inner(direction, other);
        direction.forEach((c, i) => (direction[i] = c - along * other[i]!));
      }
    }
    const length = Math.sqrt(inner(direction, direction));
    if (length > NO_DIRECTION) found.push(direction.map((c) => c / length));
  }
  return found;
}

/** The spacing of float32 numbers next to 1, twice their unit roundoff. */
export const FLOAT32_EPSILON = 2 ** -23;

/** The largest float32 number, some 3.4e38. */
export const LARGEST_FLOAT32 = (2 - FLOAT32_EPSILON) * 2 ** 127;

/** The smallest positive float32 number, a subnormal one. */
export const SMALLEST_FLOAT32 = 2 ** -149;

/**
 * What is a smaller share of the terms that it was left of is rounding, and nothing to go on with: a sum of float32 numbers is off by
 * a few units of its last place, whose number grows as the logarithm of theirs.
 */
export const NEGLIGIBLE = 10 * FLOAT32_EPSILON;

/** What is a smaller share may be rounding that has added up over many operations: of four digits one is left. */
export const DOUBTFUL = 1e3 * FLOAT32_EPSILON;

/** The spacing of float32 numbers next to 1, twice their unit roundoff. */
export const FLOAT32_EPSILON = 2 ** -23;

/** The largest float32 number, some 3.4e38. */
export const LARGEST_FLOAT32 = (2 - FLOAT32_EPSILON) * 2 ** 127;

/** The smallest positive float32 number, a subnormal one. */
export const SMALLEST_FLOAT32 = 2 ** -149;

/**
 * A sum that has cancelled to less than this share of its terms is rounding: a sum of float32 numbers is off by a few units of
 * its last place, and by more where there are more of them, as the logarithm of their number.
 */
export const NEGLIGIBLE = 10 * FLOAT32_EPSILON;

/** A sum below this share of its terms may be rounding that has added up over many operations. */
export const DOUBTFUL = 1e3 * FLOAT32_EPSILON;

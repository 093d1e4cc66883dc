/** The spacing of float32 numbers next to 1, twice their unit roundoff. */
export const FLOAT32_EPSILON = 2 ** -23;

/** The largest float32 number, some 3.4e38. */
export const LARGEST_FLOAT32 = (2 - FLOAT32_EPSILON) * 2 ** 127;

/** The smallest positive float32 number, a subnormal one. */
export const SMALLEST_FLOAT32 = 2 ** -149;

/**
 * Multiply–adds from which on a call is worth dividing. A helper that sleeps takes 6 to 22 µs to come, in which a thread does
 * some 2¹⁸: below twice that, half of the work takes longer to hand over than to do.
 */
export const BREAK_EVEN = 1 << 19;

/**
 * Multiply–adds that a chunk does for each number of a sum of its own. Clearing that and adding it up costs as much as some five
 * of them: a hundredth.
 */
export const WORK_PER_PARTIAL_SUM = 512;

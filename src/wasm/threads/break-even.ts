/**
 * Multiply–adds from which on a call is worth dividing: 120 µs of one thread. To wake a helper takes 60 to 80 µs on a virtual
 * machine; one that is awake pays from 20 µs on where the operands are in its cache, but those of the small calls of a recurrent
 * net, which come from the other core's cache, do not.
 */
export const BREAK_EVEN = 3 << 20;

/**
 * Multiply–adds that a chunk does for each number of a sum of its own. Clearing that and adding it up costs as much as some five
 * of them: a hundredth.
 */
export const WORK_PER_PARTIAL_SUM = 512;

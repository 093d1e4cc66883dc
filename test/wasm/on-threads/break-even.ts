/** Every call that can be divided is, however small, and every sum that can have parts has them. */
export const BREAK_EVEN = 0;
export const WORK_PER_PARTIAL_SUM = 0;

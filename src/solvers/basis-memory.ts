/** What a basis takes by default, at most. */
const BASIS_BYTES = 192 * 2 ** 20;

/** How many rows of so many numbers that is. */
export function rowsThatFit(numbers: number): number {
  return Math.floor(BASIS_BYTES / (4 * numbers));
}

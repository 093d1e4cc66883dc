/** Mean and standard deviation of some numbers. */
export interface Spread {
  readonly mean: number;
  /** Of the numbers as they are, divided by their count; 0 for a single one. */
  readonly standardDeviation: number;
}

/** Mean and standard deviation, in two passes. */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, standardDeviation: Math.sqrt(variance) };
}

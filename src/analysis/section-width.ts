/** How far one can go along a direction, to each side, before the loss has grown by a factor. */
export interface SectionWidth {
  /** t: the width is where the loss exceeds t times the loss at the middle: L(0) + (t − 1)|L(0)|, of use for L(0) < 0 too. */
  readonly threshold: number;
  /** The nearest offset < 0 with a loss above the threshold (or none that is a number); null where there is none. */
  readonly negative: number | null;
  /** The nearest offset > 0 with a loss above the threshold (or none that is a number); null where there is none. */
  readonly positive: number | null;
}

/**
 * Widths of a section on both sides: the first of the measured offsets, going out from the middle, at which the loss
 * is not at most t times its value in the middle, L(0) + (t − 1)|L(0)|. A NaN counts as above.
 *
 * @param offsets ascending
 * @param losses the loss at each offset
 * @param middle the loss at offset 0
 */
export function widthsOf(
  offsets: readonly number[],
  losses: readonly number[],
  middle: number,
  thresholds: readonly number[],
): SectionWidth[] {
  return thresholds.map((threshold) => {
    const isAbove = (i: number): boolean => !(losses[i]! <= middle + (threshold - 1) * Math.abs(middle));
    const above = offsets.filter((_, i) => isAbove(i));
    return {
      threshold,
      negative: above.filter((offset) => offset < 0).at(-1) ?? null,
      positive: above.find((offset) => offset > 0) ?? null,
    };
  });
}

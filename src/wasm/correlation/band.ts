import { extent, staysInside } from '../geometry/axis.js';
import type { Correlation } from '../geometry/windows.js';

/** Bytes of a copied band of input that still leave room for the filter in a second-level cache. */
const BAND_BYTES = 256 << 10;

/** How many output rows to work on at a time so that the input they cover stays in the cache; at least one. */
export function bandRows({ rows, cols, channels }: Correlation, mostPlaces = Infinity): number {
  const rowBytes = 4 * channels * extent(cols, cols.output);
  const fitting = Math.floor((BAND_BYTES / rowBytes - (rows.taps - 1) * rows.dilation - 1) / rows.stride) + 1;
  const byPlaces = Math.floor(mostPlaces / cols.output);
  return Math.max(1, Math.min(rows.output, fitting, byPlaces));
}

/** Bytes of the input that `band` output rows cover, which is copied with its zeros unless all windows stay inside. */
export function bandBytes(correlation: Correlation, band: number): number {
  const { rows, cols, channels } = correlation;
  return isInside(correlation) ? 0 : 4 * channels * extent(rows, band) * extent(cols, cols.output);
}

/** True when no window leaves its image. */
export function isInside({ rows, cols }: Correlation): boolean {
  return staysInside(rows) && staysInside(cols);
}

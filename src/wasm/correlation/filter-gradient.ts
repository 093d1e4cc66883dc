import { bandBytes, bandRows, isInside } from './band.js';
import type { Images } from '../geometry/images.js';
import type { Correlation } from '../geometry/windows.js';
import type { Heap } from '../heap.js';

/** Places of dy summed at a time: a panel of them (4 KiB) stays in the first-level cache beside lines of x. */
const PLACES = 128;

/**
 * The filter gradient [rows.taps, cols.taps, channels, filters] of correlations, written to `dw`:
 *
 *     dw[r, s, i, j] = sum over pairs, b, y, x of x[b, y sh + r dh − ph, x sw + s dw − pw, i] dy[b, y, x, j]
 *
 * `pairs` are the images of x and dy that belong together: one pair in two dimensions, one a depth in three.
 * Cost 2 · taps · channels · filters · places FLOP.
 */
export function filterGradient(
  heap: Heap,
  correlation: Correlation,
  pairs: readonly [x: Images, dy: Images][],
  dw: number,
): void {
  const { rows, cols, batch, channels, filters } = correlation;
  const gradientRows = rows.taps * cols.taps * channels;
  const padded = (filters + 7) & ~7;
  const band = bandRows(correlation, Math.max(PLACES, cols.output));
  const accBytes = 4 * gradientRows * padded;
  const panelBytes = padded === filters ? 0 : 4 * band * cols.output * padded;
  const acc = heap.scratch(accBytes + panelBytes + bandBytes(correlation, band));
  heap.clearBytes(acc, accBytes);
  const panels = acc + accBytes;
  for (const [x, dy] of pairs) {
    heap.functions.filterGradient(
      ...[x.pointer, x.stride, rows.input, cols.input, channels],
      ...[rows.pad, cols.pad, Number(isInside(correlation))],
      ...[dy.pointer, dy.stride, rows.output, cols.output, filters],
      ...[rows.taps, cols.taps, rows.stride, cols.stride, rows.dilation, cols.dilation],
      ...[acc, batch, band, panels, panels + panelBytes],
    );
  }
  heap.functions.copyBlock(acc, 4 * padded, gradientRows, filters, dw, 4 * filters);
}

import type { Heap } from '../heap.js';
import { inputGradientPhases, type Axis, type Phase } from '../geometry.js';
import { bandBytes, correlate, packedBytes } from './correlate.js';
import type { Images } from './filter-gradient.js';

/**
 * The input gradient of a batch of correlations, written to the images of `dx`:
 *
 *     dx[b, u, v, i] (+)= sum over r, s, j of dy[b, (u + ph − r dh) / sh, (v + pw − s dw) / sw, j] w[r, s, i, j]
 *
 * over whole quotients. Each residue of (u, v) modulo the strides is a dense correlation of dy with the taps that
 * reach it, so that a strided convolution costs its own FLOP and no zeros are multiplied.
 * `accumulate` adds to what is there; else dx must be zeroed by the caller where {@link hasEmptyPhase}.
 *
 * @param filter address of w [taps, taps, channels, filters]
 */
export function inputGradient(
  heap: Heap,
  rows: Axis,
  cols: Axis,
  channels: number,
  filters: number,
  batch: number,
  dy: Images,
  filter: number,
  dx: Images,
  accumulate: boolean,
): void {
  const phases = inputGradientPhases(rows).flatMap((row) =>
    inputGradientPhases(cols).map((col) => ({ row, col })),
  );
  const full = phases.filter(({ row, col }) => row.axis.taps > 0 && col.axis.taps > 0);
  const filterBytes = Math.max(
    0,
    ...full.map(({ row, col }) => packedBytes(row.axis.taps * col.axis.taps * filters, channels)),
  );
  const band = Math.max(
    0,
    ...full.map(({ row, col }) => bandBytes(heap, row.axis, col.axis, filters, channels)),
  );
  const packed = heap.scratch(filterBytes + band);
  const col = 4 * channels;
  const row = col * cols.input;
  for (const phase of full) {
    packTaps(heap, phase.row, phase.col, cols.taps, channels, filters, filter, packed);
    const out = {
      pointer: dx.pointer + phase.row.first * row + phase.col.first * col,
      stride: dx.stride,
      row: row * rows.stride,
      col: col * cols.stride,
    };
    const at = packed + filterBytes;
    correlate(
      heap,
      phase.row.axis,
      phase.col.axis,
      filters,
      channels,
      batch,
      dy,
      packed,
      out,
      accumulate,
      at,
    );
  }
}

/** True when some inputs are reached by no tap (a stride larger than the filter): their gradient is zero. */
export function hasEmptyPhase(rows: Axis, cols: Axis): boolean {
  return [rows, cols].some((axis) => inputGradientPhases(axis).some((phase) => phase.axis.taps === 0));
}

/** Packs the taps of one phase, last first, each transposed to [filters, channels]. */
function packTaps(
  heap: Heap,
  row: Phase,
  col: Phase,
  tapsInRow: number,
  channels: number,
  filters: number,
  filter: number,
  packed: number,
): void {
  const panel = 32 * row.axis.taps * col.axis.taps * filters;
  let at = packed;
  for (let i = 0; i < row.axis.taps; i++) {
    for (let j = 0; j < col.axis.taps; j++) {
      const tap = (row.lastTap - i * row.step) * tapsInRow + (col.lastTap - j * col.step);
      heap.functions.packTransposed(
        filter + 4 * tap * channels * filters,
        4 * filters,
        filters,
        channels,
        at,
        panel,
      );
      at += 32 * filters;
    }
  }
}

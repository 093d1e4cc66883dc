import { inputGradientPhases, type Phase } from '../geometry/axis.js';
import type { Images } from '../geometry/images.js';
import type { Correlation } from '../geometry/windows.js';
import type { Heap } from '../heap.js';
import { correlate, reserve } from './correlate.js';

/**
 * The input gradient of correlations, written to the images of `dx`:
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
  correlation: Correlation,
  dy: Images,
  filter: number,
  dx: Images,
  accumulate: boolean,
): void {
  const { rows, cols, channels } = correlation;
  const full = inputGradientPhases(rows)
    .flatMap((row) => inputGradientPhases(cols).map((col) => ({ row, col })))
    .filter(({ row, col }) => row.axis.taps > 0 && col.axis.taps > 0)
    .map(({ row, col }) => ({ row, col, phase: ofPhase(correlation, row, col) }));
  const scratch = reserve(
    heap,
    full.map(({ phase }) => phase),
  );
  const colBytes = 4 * channels;
  const rowBytes = colBytes * cols.input;
  for (const { row, col, phase } of full) {
    packTaps(heap, correlation, row, col, filter, scratch.packed);
    const places = {
      pointer: dx.pointer + row.first * rowBytes + col.first * colBytes,
      stride: dx.stride,
      row: rowBytes * rows.stride,
      col: colBytes * cols.stride,
    };
    correlate(heap, phase, dy, scratch, places, accumulate);
  }
}

/** The correlation of dy that gives the gradient of one residue class of the input. */
function ofPhase({ batch, channels, filters }: Correlation, row: Phase, col: Phase): Correlation {
  return { rows: row.axis, cols: col.axis, batch, channels: filters, filters: channels };
}

/** True when some inputs are reached by no tap (a stride larger than the filter): their gradient is zero. */
export function hasEmptyPhase({ rows, cols }: Correlation): boolean {
  return [rows, cols].some((axis) => inputGradientPhases(axis).some((phase) => phase.axis.taps === 0));
}

/** Packs the taps of one phase, last first, each transposed to [filters, channels]. */
function packTaps(
  heap: Heap,
  { cols, channels, filters }: Correlation,
  row: Phase,
  col: Phase,
  filter: number,
  packed: number,
): void {
  const panel = 32 * row.axis.taps * col.axis.taps * filters;
  let to = packed;
  for (let i = 0; i < row.axis.taps; i++) {
    for (let j = 0; j < col.axis.taps; j++) {
      const tap = (row.lastTap - i * row.step) * cols.taps + (col.lastTap - j * col.step);
      const from = filter + 4 * tap * channels * filters;
      heap.functions.packTransposed(from, 4 * filters, filters, channels, to, panel);
      to += 32 * filters;
    }
  }
}

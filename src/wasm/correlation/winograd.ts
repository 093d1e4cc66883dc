import type { Correlation } from '../geometry/windows.js';
import type { Heap } from '../heap.js';

/** Floats of one transformed block, input and output together, that leave room for U in a 1 MiB second-level cache. */
const BLOCK_FLOATS = 96 << 10;

/** Tiles to transform at a time: a multiple of 4, at least 16 and at most 128. */
function blockTiles(channels: number, filters: number): number {
  const fitting = Math.floor(BLOCK_FLOATS / (16 * (channels + filters)));
  return Math.max(16, Math.min(128, fitting & ~3));
}

/**
 * True for the convolutions that Winograd's F(2 × 2, 3 × 3) serves: 3 × 3 taps, stride 1, no dilation, and enough
 * channels that the transforms pay. It multiplies 2.25 times less; its transforms only add and halve, so results
 * differ from the direct sum by a few float32 roundings.
 */
export function suitsWinograd({ rows, cols, channels, filters }: Correlation): boolean {
  const direct = [rows, cols].every((axis) => axis.taps === 3 && axis.stride === 1 && axis.dilation === 1);
  const places = rows.output * cols.output;
  return direct && places >= 16 && channels >= 8 && channels % 8 === 0 && filters >= 8 && filters % 8 === 0;
}

/**
 * out[b, y, x, :] = sum over r, s of in[b, y + r − top, x + s − left, :] g[r, s, :, :].
 *
 * @param pack writes tap number i of g (row by row) as panels of [channels, filters] to an address
 */
export function winogradCorrelate(
  heap: Heap,
  { rows, cols, batch, channels, filters }: Correlation,
  source: number,
  pack: (tap: number, to: number) => void,
  out: number,
): void {
  const { functions } = heap;
  const tap = 4 * channels * filters;
  const block = blockTiles(channels, filters);
  const transformed = heap.scratch(25 * tap + functions.winogradScratchBytes(block, channels, filters));
  const taps = transformed + 16 * tap;
  for (let i = 0; i < 9; i++) pack(i, taps + i * tap);
  functions.transformFilter(taps, tap, channels * filters, transformed, tap);
  functions.winogradConvolve(
    ...[source, rows.input, cols.input, channels, rows.pad, cols.pad],
    ...[transformed, out, rows.output, cols.output, filters, batch, block, taps + 9 * tap],
  );
}

/** The filter gradient [3, 3, channels, filters] of the same correlation, written to `dw`. */
export function winogradFilterGradient(
  heap: Heap,
  { rows, cols, batch, channels, filters }: Correlation,
  x: number,
  dy: number,
  dw: number,
): void {
  const { functions } = heap;
  const tap = 4 * channels * filters;
  const block = blockTiles(channels, filters);
  const acc = heap.scratch(16 * tap + functions.winogradScratchBytes(block, channels, filters));
  heap.clearBytes(acc, 16 * tap);
  functions.winogradFilterGradient(
    ...[x, rows.input, cols.input, channels, rows.pad, cols.pad],
    ...[dy, rows.output, cols.output, filters, acc, batch, block, acc + 16 * tap],
  );
  functions.transformFilterGradient(acc, tap, channels * filters, dw, tap);
}

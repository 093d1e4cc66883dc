import type { Heap } from '../heap.js';
import { bandRows, extent, staysInside, type Axis } from '../geometry.js';
import type { Images } from './filter-gradient.js';

/** Where the places of the output lie, all distances in bytes. */
export interface Places extends Images {
  readonly row: number;
  readonly col: number;
}

/** `C += …` in the compiled functions. */
const ACCUMULATE = 1;

/** True where the outputs have so few channels that places, not channels, have to fill the columns of a tile. */
function isNarrow(rows: Axis, cols: Axis, filters: number): boolean {
  return filters <= 4 && rows.stride === 1 && cols.stride === 1;
}

/** Bytes of scratch that {@link correlate} needs for its band of input. */
export function bandBytes(heap: Heap, rows: Axis, cols: Axis, channels: number, filters: number): number {
  const band = bandRows(rows, cols, channels, Infinity);
  if (isNarrow(rows, cols, filters)) {
    const taps = [rows.taps, cols.taps, rows.dilation, cols.dilation] as const;
    return heap.functions.narrowScratchBytes(channels, filters, cols.output, ...taps, band);
  }
  if (staysInside(rows) && staysInside(cols)) return 0;
  return 4 * channels * extent(rows, band) * extent(cols, cols.output);
}

/** Bytes of a packed filter of `depth` rows and `filters` columns. */
export function packedBytes(depth: number, filters: number): number {
  return 4 * depth * ((filters + 7) & ~7);
}

/**
 * out[b, y, x, :] (+)= sum over r, s of in[b, y sh + r dh − ph, x sw + s dw − pw, :] B[r, s, :, :].
 *
 * @param packed B in panels of [taps · channels, filters]
 * @param band {@link bandBytes} bytes of scratch
 */
export function correlate(
  heap: Heap,
  rows: Axis,
  cols: Axis,
  channels: number,
  filters: number,
  batch: number,
  source: Images,
  packed: number,
  out: Places,
  accumulate: boolean,
  band: number,
): void {
  const places = [out.pointer, out.stride, out.row, out.col, rows.output, cols.output, filters] as const;
  const rest = [batch, bandRows(rows, cols, channels, Infinity), accumulate ? ACCUMULATE : 0, band] as const;
  const images = [source.pointer, source.stride, rows.input, cols.input, channels] as const;
  if (isNarrow(rows, cols, filters)) {
    const taps = [rows.taps, cols.taps, rows.dilation, cols.dilation] as const;
    heap.functions.convolveNarrow(...images, rows.pad, cols.pad, packed, ...taps, ...places, ...rest);
    return;
  }
  const inside = Number(staysInside(rows) && staysInside(cols));
  const steps = [rows.taps, cols.taps, rows.stride, cols.stride, rows.dilation, cols.dilation] as const;
  heap.functions.convolve(...images, rows.pad, cols.pad, inside, packed, ...steps, ...places, ...rest);
}

import { bandBytes, bandRows, isInside } from './band.js';
import type { Images } from '../geometry/images.js';
import type { Correlation } from '../geometry/windows.js';
import type { Heap } from '../heap.js';

/** Where the places of the output lie, all distances in bytes. */
export interface Places extends Images {
  readonly row: number;
  readonly col: number;
}

/** Addresses of a packed filter and of a band of input. */
interface CorrelationScratch {
  readonly packed: number;
  readonly band: number;
}

/** `C += …` in the compiled functions. */
const ACCUMULATE = 1;

/** Scratch that is enough for {@link correlate} of each of these. */
export function reserve(heap: Heap, correlations: readonly Correlation[]): CorrelationScratch {
  const filter = Math.max(0, ...correlations.map(filterBytes));
  const band = Math.max(0, ...correlations.map((correlation) => scratchBytes(heap, correlation)));
  const packed = heap.scratch(filter + band);
  return { packed, band: packed + filter };
}

/** Bytes of a filter in panels of 8 columns. */
function filterBytes({ rows, cols, channels, filters }: Correlation): number {
  return 4 * rows.taps * cols.taps * channels * ((filters + 7) & ~7);
}

function scratchBytes(heap: Heap, correlation: Correlation): number {
  const band = bandRows(correlation);
  if (!isNarrow(correlation)) return bandBytes(correlation, band);
  const { cols, channels, filters } = correlation;
  return heap.functions.narrowScratchBytes(channels, filters, cols.output, ...dilatedTaps(correlation), band);
}

/** True where the outputs have so few channels that places, not channels, have to fill the columns of a tile. */
function isNarrow({ rows, cols, filters }: Correlation): boolean {
  return filters <= 4 && rows.stride === 1 && cols.stride === 1;
}

function dilatedTaps({ rows, cols }: Correlation): [number, number, number, number] {
  return [rows.taps, cols.taps, rows.dilation, cols.dilation];
}

/**
 * out[b, y, x, :] (+)= sum over r, s of in[b, y sh + r dh − ph, x sw + s dw − pw, :] B[r, s, :, :].
 *
 * @param scratch holds B in panels of [taps · channels, filters]
 */
export function correlate(
  heap: Heap,
  correlation: Correlation,
  source: Images,
  scratch: CorrelationScratch,
  out: Places,
  accumulate: boolean,
): void {
  const { rows, cols, batch, channels, filters } = correlation;
  const images = [
    source.pointer,
    source.stride,
    rows.input,
    cols.input,
    channels,
    rows.pad,
    cols.pad,
  ] as const;
  const places = [out.pointer, out.stride, out.row, out.col, rows.output, cols.output, filters] as const;
  const rest = [batch, bandRows(correlation), accumulate ? ACCUMULATE : 0, scratch.band] as const;
  if (isNarrow(correlation)) {
    const taps = dilatedTaps(correlation);
    heap.functions.convolveNarrow(...images, scratch.packed, ...taps, ...places, ...rest);
    return;
  }
  const steps = [rows.taps, cols.taps, rows.stride, cols.stride, rows.dilation, cols.dilation] as const;
  const inside = Number(isInside(correlation));
  heap.functions.convolve(...images, inside, scratch.packed, ...steps, ...places, ...rest);
}

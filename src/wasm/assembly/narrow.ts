import { narrowBlocks } from './internal/narrow-blocks';
import { ACCUMULATE } from './internal/tile';
import { transposeBlock } from './internal/transpose-block';

/** Floats that a block of results may reach beyond the places asked for. */
const SLACK: i32 = 24;

/**
 * Floats of one plane of input: a band of output rows and what it reaches, in an odd number of cache lines, so that the
 * planes do not fall into one set of the cache.
 */
@inline
function planeFloats(ow: i32, kh: i32, kw: i32, dh: i32, dw: i32, band: i32): i32 {
  const floats = (band + (kh - 1) * dh) * (ow + (kw - 1) * dw);
  return (((floats + 15) >> 4) | 1) << 4;
}

/** Bytes of scratch for {@link convolveNarrow}. */
export function narrowScratchBytes(c: i32, co: i32, ow: i32, kh: i32, kw: i32, dh: i32, dw: i32, band: i32): i32 {
  const plane = planeFloats(ow, kh, kw, dh, dw, band);
  return (4 * kh * kw * c + c * plane + co * (plane + SLACK) + SLACK + (kw - 1) * dw) << 2;
}

/**
 * {@link convolve} with stride 1 for at most 4 output channels, which would leave most of a tile of 8 columns empty:
 *
 *     dst[b, y, x, :] (+)= sum over r, s of src[b, y + r dh - top, x + s dw - left, :] B[r, s, :, :]
 *
 * Here places are the columns. A band of input is transposed, once, into a plane for each channel with zeros around;
 * as each row of a plane goes on where the last one ends, a block of places may run over the ends of rows, and
 * what it computes between them is left out when the results are interleaved.
 */
export function convolveNarrow(
  src: usize, srcImage: usize, h: i32, w: i32, c: i32, top: i32, left: i32,
  packed: usize, kh: i32, kw: i32, dh: i32, dw: i32,
  dst: usize, dstImage: usize, dstRow: usize, dstCol: usize, oh: i32, ow: i32, co: i32,
  batch: i32, band: i32, flags: i32, scratch: usize,
): void {
  const pw = ow + (kw - 1) * dw;
  // What is zero behind a row is zero before the next one: rows share it.
  const columns = min(w, pw - left) - max(0, -left);
  const pitch = min(pw, max(ow, columns + max(0, max(left, pw - left - w))));
  const plane = (<usize>planeFloats(ow, kh, kw, dh, dw, band)) << 2;
  const fours = scratch;
  const taps = kh * kw * c;
  for (let i = 0; i < taps; i++) v128.store(fours + ((<usize>i) << 4), v128.load(packed + ((<usize>i) << 5)));
  scratch += (<usize>taps) << 4;
  const results = scratch + <usize>c * plane + ((<usize>(SLACK + (kw - 1) * dw)) << 2);
  const result = plane + ((<usize>SLACK) << 2);
  // Zeros beside an image stay: only its own columns are written below.
  if (left > 0 || pw - left > w) memory.fill(scratch, 0, results - scratch);
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < oh; y += band) {
      const rows = min(band, oh - y);
      splitChannels(src, h, w, c, y - top, -left, rows + (kh - 1) * dh, pw, pitch, scratch, plane);
      narrowBlocks(scratch, plane, c, kh, (<usize>(dh * pitch)) << 2, kw, (<usize>dw) << 2, fours, results, result, co, rows * pitch);
      joinChannels(results, result, co, rows, ow, pitch, dst + <usize>y * dstRow, dstRow, dstCol, flags);
    }
    src += srcImage;
    dst += dstImage;
  }
}

/** The window of an image [h, w, c] at (y0, x0) as planes: columns outside are left alone, rows outside are zero. */
function splitChannels(
  src: usize, h: i32, w: i32, c: i32, y0: i32, x0: i32, ph: i32, pw: i32, pitch: i32, planes: usize, plane: usize,
): void {
  const from = max(0, x0);
  const count = min(w, x0 + pw) - from;
  const cell = (<usize>c) << 2;
  const row = (<usize>pitch) << 2;
  for (let y = y0; y < y0 + ph; y++) {
    if (y >= 0 && y < h) {
      if (count > 0) {
        const to = planes + ((<usize>(from - x0)) << 2);
        transposeBlock(src + <usize>(y * w + from) * cell, cell, to, plane, count, c);
      }
    } else {
      for (let i = 0; i < c; i++) memory.fill(planes + <usize>i * plane, 0, (<usize>pw) << 2);
    }
    planes += row;
  }
}

/** Interleaves planes of results. */
function joinChannels(
  results: usize, result: usize, co: i32, rows: i32, ow: i32, pitch: i32, dst: usize, dstRow: usize, dstCol: usize,
  flags: i32,
): void {
  for (let y = 0; y < rows; y++) {
    for (let i = 0; i < co; i++) {
      let from = results + <usize>i * result;
      let to = dst + ((<usize>i) << 2);
      for (let x = 0; x < ow; x++) {
        const v = load<f32>(from);
        store<f32>(to, flags & ACCUMULATE ? load<f32>(to) + v : v);
        from += 4;
        to += dstCol;
      }
    }
    results += (<usize>pitch) << 2;
    dst += dstRow;
  }
}

import { packRows } from './pack';
import { inputOfRows } from './internal/input-of-rows';
import { ACCUMULATE, tile } from './internal/tile';

/**
 * Adds the filter gradient of a batch of 2-D correlations to `acc`, [kh · kw · c, cop] with cop = co rounded up to 8:
 *
 *     acc[r, s, i, j] += sum over b, y, x of src[b, y sh + r dh - top, x sw + s dw - left, i] dy[b, y, x, j]
 *
 * A band of `band` output rows at a time: src is copied with its zeros to `scratch` unless every window is `inside` its
 * image, and dy packed into panels at `panels` (band · ow · cop floats) unless co is a multiple of 8, when it is read where
 * it lies. Each band is summed on its own and then added, which keeps rounding from growing with the number of places.
 */
export function filterGradient(
  src: usize, srcImage: usize, h: i32, w: i32, c: i32, top: i32, left: i32, inside: bool,
  dy: usize, dyImage: usize, oh: i32, ow: i32, co: i32,
  kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32,
  acc: usize, batch: i32, band: i32, panels: usize, scratch: usize,
): void {
  const cell = (<usize>c) << 2;
  const pw = (ow - 1) * sw + (kw - 1) * dw + 1;
  const rowBytes = <usize>(inside ? w : pw) * cell;
  const runs = dw == 1 ? 1 : kw;
  const run = dw == 1 ? kw * c : c;
  const cop = (co + 7) & ~7;
  const dyRow = (<usize>co) << 2;
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < oh; y += band) {
      const rows = min(band, oh - y);
      const places = rows * ow;
      const from = dy + <usize>(y * ow) * dyRow;
      // Rows of whole panels are read where they lie.
      const direct = co == cop;
      if (!direct) packRows(from, dyRow, places, co, panels, (<usize>places) << 5);
      const base = inputOfRows(src, h, w, cell, top, left, inside, kh, sh, dh, pw, y, rows, scratch);
      addRows(base, kh * runs * run, run, runs, rowBytes * dh, cell * dw, rows, rowBytes * sh, ow, cell * sw, direct ? from : panels, direct ? dyRow : 32, direct ? 32 : (<usize>places) << 5, acc, cop);
    }
    src += srcImage;
    dy += dyImage;
  }
}

/** All `count` rows of the gradient, four at a time: row i reads input `i mod run` of tap `i / run`. */
function addRows(
  a: usize, count: i32, run: i32, runs: i32, tapRow: usize, tapCol: usize, rows: i32, rowStride: usize, cols: i32,
  colStride: usize, panels: usize, bStep: usize, bPanel: usize, acc: usize, cop: i32,
): void {
  const ld = (<usize>cop) << 2;
  for (let i = 0; i < count; i += 4) {
    const left = min(4, count - i);
    const a0 = rowAt(a, i, run, runs, tapRow, tapCol);
    const a1 = left > 1 ? rowAt(a, i + 1, run, runs, tapRow, tapCol) : a0;
    const a2 = left > 2 ? rowAt(a, i + 2, run, runs, tapRow, tapCol) : a0;
    const a3 = left > 3 ? rowAt(a, i + 3, run, runs, tapRow, tapCol) : a0;
    const c0 = acc + <usize>i * ld;
    const c1 = left > 1 ? c0 + ld : c0;
    const c2 = left > 2 ? c1 + ld : c0;
    const c3 = left > 3 ? c2 + ld : c0;
    tile(a0, a1, a2, a3, rows, rowStride, 1, 0, cols, colStride, panels, bStep, bPanel, c0, c1, c2, c3, left, cop, ACCUMULATE);
  }
}

@inline
function rowAt(a: usize, i: i32, run: i32, runs: i32, tapRow: usize, tapCol: usize): usize {
  const tap = i / run;
  return a + <usize>(tap / runs) * tapRow + <usize>(tap % runs) * tapCol + ((<usize>(i % run)) << 2);
}

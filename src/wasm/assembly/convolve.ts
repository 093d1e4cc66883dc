import { inputOfRows } from './internal/input-of-rows';
import { tile } from './internal/tile';

/**
 * A batch of 2-D correlations as implicit matrix products, all strides free:
 *
 *     dst[b, y, x, :] (+)= sum over r, s of src[b, y sh + r dh - top, x sw + s dw - left, :] B[r, s, :, :]
 *
 * `packed` holds B as panels of [kh · kw · c, co]. Images of src lie `srcImage` bytes apart, places of dst
 * `dstImage`, `dstRow` and `dstCol`. Without `inside` (every window lies within its image) a band of `band` output
 * rows is first copied with its zeros into `scratch`, so that the inner loop knows no edges.
 */
export function convolve(
  src: usize, srcImage: usize, h: i32, w: i32, c: i32, top: i32, left: i32, inside: bool,
  packed: usize, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32,
  dst: usize, dstImage: usize, dstRow: usize, dstCol: usize, oh: i32, ow: i32, co: i32,
  batch: i32, band: i32, flags: i32, scratch: usize,
): void {
  const cell = (<usize>c) << 2;
  const pw = (ow - 1) * sw + (kw - 1) * dw + 1;
  const rowBytes = <usize>(inside ? w : pw) * cell;
  // A row of the window is one run of memory unless columns are dilated.
  const runs = dw == 1 ? 1 : kw;
  const run = dw == 1 ? kw * c : c;
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < oh; y += band) {
      const rows = min(band, oh - y);
      const base = inputOfRows(src, h, w, cell, top, left, inside, kh, sh, dh, pw, y, rows, scratch);
      convolveRows(
        base, rowBytes * sh, cell * sw, kh, rowBytes * dh, runs, cell * dw, run, packed, dst + <usize>y * dstRow,
        dstRow, dstCol, rows, ow, co, flags,
      );
    }
    src += srcImage;
    dst += dstImage;
  }
}

/** Walks the output places of some rows four at a time. */
function convolveRows(
  a: usize, aRow: usize, aCol: usize, n1: i32, s1: usize, n2: i32, s2: usize, n: i32, packed: usize,
  c: usize, cRow: usize, cCol: usize, rows: i32, ow: i32, co: i32, flags: i32,
): void {
  const panel = (<usize>(n1 * n2 * n)) << 5;
  let x = 0;
  let pa = a;
  let pc = c;
  for (let left = rows * ow; left > 0; left -= 4) {
    const a0 = pa;
    const c0 = pc;
    x++;
    pa += aCol;
    pc += cCol;
    if (x == ow) {
      x = 0;
      pa = a += aRow;
      pc = c += cRow;
    }
    let a1 = a0;
    let c1 = c0;
    if (left > 1) {
      a1 = pa;
      c1 = pc;
      x++;
      pa += aCol;
      pc += cCol;
      if (x == ow) {
        x = 0;
        pa = a += aRow;
        pc = c += cRow;
      }
    }
    let a2 = a0;
    let c2 = c0;
    if (left > 2) {
      a2 = pa;
      c2 = pc;
      x++;
      pa += aCol;
      pc += cCol;
      if (x == ow) {
        x = 0;
        pa = a += aRow;
        pc = c += cRow;
      }
    }
    let a3 = a0;
    let c3 = c0;
    if (left > 3) {
      a3 = pa;
      c3 = pc;
      x++;
      pa += aCol;
      pc += cCol;
      if (x == ow) {
        x = 0;
        pa = a += aRow;
        pc = c += cRow;
      }
    }
    tile(a0, a1, a2, a3, n1, s1, n2, s2, n, 4, packed, 32, panel, c0, c1, c2, c3, min(4, left), co, flags);
  }
}

import { copy, zero } from './copy';

/**
 * Copies the window of an image [h, w, cell] that starts at (y0, x0) and has `ph` × `pw` cells, zeros where it hangs
 * over the edge. `cell` is in bytes, a multiple of 4. (y0, x0) may be negative.
 */
export function copyWindow(
  dst: usize, src: usize, h: i32, w: i32, cell: i32, y0: i32, x0: i32, ph: i32, pw: i32,
): void {
  const from = min(max(0, x0), w);
  const to = max(from, min(w, x0 + pw));
  const left = <usize>min(pw, max(0, from - x0)) * cell;
  const body = <usize>(to - from) * cell;
  const right = <usize>pw * cell - left - body;
  for (let y = y0; y < y0 + ph; y++) {
    if (y < 0 || y >= h) {
      zero(dst, left + body + right);
    } else {
      zero(dst, left);
      copy(dst + left, src + <usize>(y * w + from) * cell, body);
      zero(dst + left + body, right);
    }
    dst += left + body + right;
  }
}

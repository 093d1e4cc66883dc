import { copyWindow } from './pad';

/**
 * Where the windows of `rows` output rows, from row y on, find their input: in the image itself if every window is `inside`
 * it, else in a copy with its zeros, written to `scratch`, whose rows have `pw` cells.
 */
@inline
export function inputOfRows(
  src: usize, h: i32, w: i32, cell: usize, top: i32, left: i32, inside: bool,
  kh: i32, sh: i32, dh: i32, pw: i32, y: i32, rows: i32, scratch: usize,
): usize {
  if (inside) return src + <usize>((y * sh - top) * w - left) * cell;
  copyWindow(scratch, src, h, w, <i32>cell, y * sh - top, -left, (rows - 1) * sh + (kh - 1) * dh + 1, pw);
  return scratch;
}

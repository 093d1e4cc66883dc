/**
 * Copies the window of an image [h, w, cell] that starts at (y0, x0) and has `ph` × `pw` cells, zeros where it hangs
 * over the edge. `cell` is in bytes, a multiple of 4. (y0, x0) may be negative.
 */
export function copyWindow(
  dst: usize,
  src: usize,
  h: i32,
  w: i32,
  cell: i32,
  y0: i32,
  x0: i32,
  ph: i32,
  pw: i32,
): void {
  const from = min(max(0, x0), w);
  const to = max(from, min(w, x0 + pw));
  const left = <usize>min(pw, max(0, from - x0)) * cell;
  const body = <usize>(to - from) * cell;
  const right = <usize>pw * cell - left - body;
  for (let y = 0; y < ph; y++) {
    const sy = y0 + y;
    if (sy < 0 || sy >= h) {
      memory.fill(dst, 0, <usize>pw * cell);
      dst += <usize>pw * cell;
    } else {
      zero(dst, left);
      dst += left;
      memory.copy(dst, src + <usize>(sy * w + from) * cell, body);
      dst += body;
      zero(dst, right);
      dst += right;
    }
  }
}

/** A few cells: a loop is quicker than the call behind `memory.fill`. */
function zero(dst: usize, bytes: usize): void {
  const end = dst + bytes;
  for (; dst + 16 <= end; dst += 16) v128.store(dst, f32x4.splat(0));
  for (; dst < end; dst += 4) store<f32>(dst, 0);
}

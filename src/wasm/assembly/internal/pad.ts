/** Up to this many bytes a loop is quicker than the call behind `memory.copy` and `memory.fill`. */
const SHORT: usize = 1024;

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

@inline
function copy(dst: usize, src: usize, bytes: usize): void {
  if (bytes > SHORT) {
    memory.copy(dst, src, bytes);
  } else {
    const end = dst + bytes;
    for (; dst + 16 <= end; dst += 16) {
      v128.store(dst, v128.load(src));
      src += 16;
    }
    for (; dst < end; dst += 4) {
      store<u32>(dst, load<u32>(src));
      src += 4;
    }
  }
}

@inline
function zero(dst: usize, bytes: usize): void {
  if (bytes > SHORT) {
    memory.fill(dst, 0, bytes);
  } else {
    const end = dst + bytes;
    for (; dst + 16 <= end; dst += 16) v128.store(dst, f32x4.splat(0));
    for (; dst < end; dst += 4) store<u32>(dst, 0);
  }
}

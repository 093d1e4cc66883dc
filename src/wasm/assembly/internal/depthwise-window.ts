import { copyWindow } from './pad';

/**
 * One image [h, w, c] as the windows of a depthwise filter meet it: `height` × `width` cells from (−top, −left) on, zeros where
 * they hang over the edge, each channel `mult` times. With `inside`, which wants one output for a channel, that is the image
 * itself, else a copy in `scratch`.
 */
@inline
export function depthwiseWindow(
  x: usize, h: i32, w: i32, c: i32, mult: i32, top: i32, left: i32, inside: bool, height: i32, width: i32, scratch: usize,
): usize {
  if (inside) return x - (<usize>((top * w + left) * c) << 2);
  if (mult == 1) copyWindow(scratch, x, h, w, c << 2, -top, -left, height, width);
  else copyRepeated(scratch, x, h, w, c, mult, -top, -left, height, width);
  return scratch;
}

/** {@link copyWindow} with each channel `mult` times. */
function copyRepeated(dst: usize, src: usize, h: i32, w: i32, c: i32, mult: i32, y0: i32, x0: i32, ph: i32, pw: i32): void {
  for (let y = y0; y < y0 + ph; y++) {
    for (let x = x0; x < x0 + pw; x++) {
      const inside = y >= 0 && y < h && x >= 0 && x < w;
      const cell = src + ((<usize>(y * w + x) * c) << 2);
      for (let i = 0; i < c; i++) {
        const v: f32 = inside ? load<f32>(cell + (<usize>i << 2)) : 0;
        let m = 0;
        for (; m + 4 <= mult; m += 4) {
          v128.store(dst, f32x4.splat(v));
          dst += 16;
        }
        for (; m < mult; m++) {
          store<f32>(dst, v);
          dst += 4;
        }
      }
    }
  }
}

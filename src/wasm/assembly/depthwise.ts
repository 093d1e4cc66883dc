import { fma } from './internal/fma';
import { copyWindow } from './internal/pad';

/**
 * dst[y, x, i · mult + m] = window[y, x, i]: copies the window of an image [h, w, c] that starts at (y0, x0), zeros
 * where it hangs over the edge, each channel `mult` times, so that a depthwise filter meets one channel per output.
 */
export function expandWindow(
  dst: usize,
  src: usize,
  h: i32,
  w: i32,
  c: i32,
  mult: i32,
  y0: i32,
  x0: i32,
  ph: i32,
  pw: i32,
): void {
  if (mult == 1) {
    copyWindow(dst, src, h, w, c << 2, y0, x0, ph, pw);
    return;
  }
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

/**
 * Adds one image to the filter gradient dw [kh, kw, q] of a depthwise correlation with one input channel per output:
 * dw[r, s, i] += sum over y, x of window[y sh + r dh, x sw + s dw, i] dy[y, x, i]. A window row has `pw` cells.
 */
export function depthwiseFilterGradient(
  window: usize,
  pw: i32,
  dy: usize,
  dw: usize,
  oh: i32,
  ow: i32,
  q: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dilationH: i32,
  dilationW: i32,
): void {
  const cell = <usize>q << 2;
  for (let r = 0; r < kh; r++) {
    for (let s = 0; s < kw; s++) {
      let i = 0;
      for (; i + 4 <= q; i += 4) {
        let sum = f32x4.splat(0);
        for (let y = 0; y < oh; y++) {
          let p = window + <usize>((y * sh + r * dilationH) * pw + s * dilationW) * cell + (<usize>i << 2);
          let g = dy + <usize>(y * ow) * cell + (<usize>i << 2);
          for (let x = 0; x < ow; x++) {
            sum = fma(v128.load(p), v128.load(g), sum);
            p += cell * sw;
            g += cell;
          }
        }
        v128.store(dw, f32x4.add(v128.load(dw), sum));
        dw += 16;
      }
      for (; i < q; i++) {
        let sum: f32 = 0;
        for (let y = 0; y < oh; y++) {
          let p = window + <usize>((y * sh + r * dilationH) * pw + s * dilationW) * cell + (<usize>i << 2);
          let g = dy + <usize>(y * ow) * cell + (<usize>i << 2);
          for (let x = 0; x < ow; x++) {
            sum += load<f32>(p) * load<f32>(g);
            p += cell * sw;
            g += cell;
          }
        }
        store<f32>(dw, load<f32>(dw) + sum);
        dw += 4;
      }
    }
  }
}

/**
 * The transpose of the forward pass for one image: window[y sh + r dh, x sw + s dw, i] += dy[y, x, i] w[r, s, i].
 * The caller has zeroed the window.
 */
export function depthwiseScatter(
  dy: usize,
  filter: usize,
  window: usize,
  pw: i32,
  oh: i32,
  ow: i32,
  q: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dilationH: i32,
  dilationW: i32,
): void {
  const cell = <usize>q << 2;
  for (let y = 0; y < oh; y++) {
    for (let r = 0; r < kh; r++) {
      for (let x = 0; x < ow; x++) {
        let f = filter + <usize>(r * kw) * cell;
        for (let s = 0; s < kw; s++) {
          let p = window + <usize>((y * sh + r * dilationH) * pw + x * sw + s * dilationW) * cell;
          let g = dy + <usize>(y * ow + x) * cell;
          let i = 0;
          for (; i + 4 <= q; i += 4) {
            v128.store(p, fma(v128.load(g), v128.load(f), v128.load(p)));
            p += 16;
            g += 16;
            f += 16;
          }
          for (; i < q; i++) {
            store<f32>(p, load<f32>(p) + load<f32>(g) * load<f32>(f));
            p += 4;
            g += 4;
            f += 4;
          }
        }
      }
    }
  }
}

/** dx[y, x, i] = sum over m of window[y + top, x + left, i · mult + m], zero where that lies outside `ph` × `pw`. */
export function foldWindow(
  window: usize,
  ph: i32,
  pw: i32,
  dx: usize,
  h: i32,
  w: i32,
  c: i32,
  mult: i32,
  top: i32,
  left: i32,
): void {
  for (let y = top; y < top + h; y++) {
    for (let x = left; x < left + w; x++) {
      const inside = y >= 0 && y < ph && x >= 0 && x < pw;
      let p = window + ((<usize>(y * pw + x) * (c * mult)) << 2);
      for (let i = 0; i < c; i++) {
        let sum: f32 = 0;
        if (inside) {
          for (let m = 0; m < mult; m++) {
            sum += load<f32>(p);
            p += 4;
          }
        }
        store<f32>(dx, sum);
        dx += 4;
      }
    }
  }
}

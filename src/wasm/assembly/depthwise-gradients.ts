import { depthwiseWindow } from './internal/depthwise-window';
import { fma } from './internal/fma';
import { copyWindow } from './internal/pad';

/**
 * Adds the filter gradient of a batch of depthwise correlations to dw [kh, kw, c · mult]:
 *
 *     dw[r, s, i] += sum over b, v, u of x[b, v sh + r dh − top, u sw + s dw − left, i / mult] dy[b, v, u, i]
 *
 * Windows are read as in {@link depthwise}.
 */
export function depthwiseFilterGradient(
  x: usize, h: i32, w: i32, c: i32, mult: i32, top: i32, left: i32, inside: bool, dy: usize, gradient: usize,
  oh: i32, ow: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, batch: i32, scratch: usize,
): void {
  const width = (ow - 1) * sw + (kw - 1) * dw + 1;
  for (let b = 0; b < batch; b++) {
    const window = depthwiseWindow(x, h, w, c, mult, top, left, inside, (oh - 1) * sh + (kh - 1) * dh + 1, width, scratch);
    addImage(window, inside ? w : width, dy, gradient, oh, ow, c * mult, kh, kw, sh, sw, dh, dw);
    x += <usize>(h * w * c) << 2;
    dy += <usize>(oh * ow * c * mult) << 2;
  }
}

/** Adds one image, whose rows have `pw` cells of q channels. */
function addImage(
  window: usize, pw: i32, dy: usize, gradient: usize,
  oh: i32, ow: i32, q: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32,
): void {
  const cell = <usize>q << 2;
  for (let r = 0; r < kh; r++) {
    for (let s = 0; s < kw; s++) {
      let i = 0;
      for (; i + 4 <= q; i += 4) {
        let sum = f32x4.splat(0);
        for (let y = 0; y < oh; y++) {
          let p = window + <usize>((y * sh + r * dh) * pw + s * dw) * cell + (<usize>i << 2);
          let g = dy + <usize>(y * ow) * cell + (<usize>i << 2);
          for (let x = 0; x < ow; x++) {
            sum = fma(v128.load(p), v128.load(g), sum);
            p += cell * sw;
            g += cell;
          }
        }
        v128.store(gradient, f32x4.add(v128.load(gradient), sum));
        gradient += 16;
      }
      for (; i < q; i++) {
        let sum: f32 = 0;
        for (let y = 0; y < oh; y++) {
          let p = window + <usize>((y * sh + r * dh) * pw + s * dw) * cell + (<usize>i << 2);
          let g = dy + <usize>(y * ow) * cell + (<usize>i << 2);
          for (let x = 0; x < ow; x++) {
            sum += load<f32>(p) * load<f32>(g);
            p += cell * sw;
            g += cell;
          }
        }
        store<f32>(gradient, load<f32>(gradient) + sum);
        gradient += 4;
      }
    }
  }
}

/**
 * The input gradient of a batch of depthwise correlations, the transpose of {@link depthwise}. `scratch` holds a padded image in
 * output channels.
 */
export function depthwiseInputGradient(
  dy: usize, filter: usize, dx: usize, h: i32, w: i32, c: i32, mult: i32, top: i32, left: i32,
  oh: i32, ow: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, batch: i32, scratch: usize,
): void {
  const q = c * mult;
  const height = (oh - 1) * sh + (kh - 1) * dh + 1;
  const width = (ow - 1) * sw + (kw - 1) * dw + 1;
  for (let b = 0; b < batch; b++) {
    memory.fill(scratch, 0, <usize>(height * width * q) << 2);
    scatter(dy, filter, scratch, width, oh, ow, q, kh, kw, sh, sw, dh, dw);
    if (mult == 1) copyWindow(dx, scratch, height, width, c << 2, top, left, h, w);
    else fold(scratch, height, width, dx, h, w, c, mult, top, left);
    dy += <usize>(oh * ow * q) << 2;
    dx += <usize>(h * w * c) << 2;
  }
}

/** window[v sh + r dh, u sw + s dw, i] += dy[v, u, i] w[r, s, i] for one image. */
function scatter(
  dy: usize, filter: usize, window: usize, pw: i32,
  oh: i32, ow: i32, q: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32,
): void {
  const cell = <usize>q << 2;
  for (let y = 0; y < oh; y++) {
    for (let r = 0; r < kh; r++) {
      for (let x = 0; x < ow; x++) {
        let f = filter + <usize>(r * kw) * cell;
        for (let s = 0; s < kw; s++) {
          let p = window + <usize>((y * sh + r * dh) * pw + x * sw + s * dw) * cell;
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
function fold(window: usize, ph: i32, pw: i32, dx: usize, h: i32, w: i32, c: i32, mult: i32, top: i32, left: i32): void {
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

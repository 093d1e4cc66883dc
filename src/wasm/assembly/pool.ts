import { addToMaximum, storeMaximum } from './internal/first-maximum';
import { poolWindow } from './internal/pool-window';
import { spread } from './internal/spread';
import { firstTap, lastTap } from './internal/window';

// Pooling of [batch, d, h, w, c] to [batch, od, oh, ow, c] and its gradients: by depth, height and width k cells to a window,
// s between two windows, d between two cells, p in front of the input. In two dimensions the depth is 1. Cells outside the
// input do not count.

const MAXIMUM: i32 = 0;
const AVERAGE: i32 = 1;
const ARGMAX: i32 = 2;
const MAXIMUM_GRADIENT: i32 = 3;
const AVERAGE_GRADIENT: i32 = 4;

/**
 * Maximum (`average` false) or average pooling of x into y. The average divides by the cells inside the input, or by `least` if
 * they are fewer; NaN is never a maximum.
 */
export function pool(
  x: usize, y: usize,
  batch: i32, c: i32, d: i32, h: i32, w: i32, od: i32, oh: i32, ow: i32,
  kd: i32, kh: i32, kw: i32, sd: i32, sh: i32, sw: i32, dd: i32, dh: i32, dw: i32, pd: i32, ph: i32, pw: i32,
  average: bool, least: i32,
): void {
  if (average) walk(AVERAGE, x, 0, y, 0, batch, c, d, h, w, od, oh, ow, kd, kh, kw, sd, sh, sw, dd, dh, dw, pd, ph, pw, least);
  else walk(MAXIMUM, x, 0, y, 0, batch, c, d, h, w, od, oh, ow, kd, kh, kw, sd, sh, sw, dd, dh, dw, pd, ph, pw, least);
}

/**
 * Maximum pooling with the flat index of each window's first maximum: (row · w + col) · c + channel, plus the image's offset
 * with `batchInIndex`; −1 where no number compares.
 */
export function maxPoolWithArgmax(
  x: usize, pooled: usize, index: usize,
  batch: i32, c: i32, d: i32, h: i32, w: i32, od: i32, oh: i32, ow: i32,
  kd: i32, kh: i32, kw: i32, sd: i32, sh: i32, sw: i32, dd: i32, dh: i32, dw: i32, pd: i32, ph: i32, pw: i32,
  batchInIndex: bool,
): void {
  walk(ARGMAX, x, 0, pooled, index, batch, c, d, h, w, od, oh, ow, kd, kh, kw, sd, sh, sw, dd, dh, dw, pd, ph, pw, batchInIndex);
}

/** The gradient of maximum pooling: that of a window goes to its first maximum. Overwrites dx. */
export function maxPoolGradient(
  x: usize, dy: usize, dx: usize,
  batch: i32, c: i32, d: i32, h: i32, w: i32, od: i32, oh: i32, ow: i32,
  kd: i32, kh: i32, kw: i32, sd: i32, sh: i32, sw: i32, dd: i32, dh: i32, dw: i32, pd: i32, ph: i32, pw: i32,
): void {
  walk(MAXIMUM_GRADIENT, x, dx, dy, 0, batch, c, d, h, w, od, oh, ow, kd, kh, kw, sd, sh, sw, dd, dh, dw, pd, ph, pw, 0);
}

/**
 * The gradient of average pooling: each window spreads dy / (its cells inside the input) over those cells, because the
 * forward kernels divide by that number. Overwrites dx.
 */
export function averagePoolGradient(
  dy: usize, dx: usize,
  batch: i32, c: i32, d: i32, h: i32, w: i32, od: i32, oh: i32, ow: i32,
  kd: i32, kh: i32, kw: i32, sd: i32, sh: i32, sw: i32, dd: i32, dh: i32, dw: i32, pd: i32, ph: i32, pw: i32,
): void {
  walk(AVERAGE_GRADIENT, 0, dx, dy, 0, batch, c, d, h, w, od, oh, ow, kd, kh, kw, sd, sh, sw, dd, dh, dw, pd, ph, pw, 0);
}

/**
 * Does to every window what `kind` says, chosen when the module is compiled: x and dx are images, y and index hold a cell for
 * a window. `extra` is `least` or `batchInIndex`.
 */
@inline
function walk(
  kind: i32, x: usize, dx: usize, y: usize, index: usize,
  batch: i32, c: i32, d: i32, h: i32, w: i32, od: i32, oh: i32, ow: i32,
  kd: i32, kh: i32, kw: i32, sd: i32, sh: i32, sw: i32, dd: i32, dh: i32, dw: i32, pd: i32, ph: i32, pw: i32,
  extra: i32,
): void {
  const cell = <usize>c << 2;
  const row = cell * w;
  const slice = row * h;
  const image = slice * d;
  const s1 = slice * dd;
  const s2 = row * dh;
  const s3 = cell * dw;
  for (let b = 0; b < batch; b++) {
    if (kind >= MAXIMUM_GRADIENT) memory.fill(dx, 0, image);
    for (let z = 0; z < od; z++) {
      const z0 = z * sd - pd;
      const t0 = firstTap(z0, dd);
      const n1 = lastTap(z0, dd, kd, d) - t0;
      for (let v = 0; v < oh; v++) {
        const v0 = v * sh - ph;
        const r0 = firstTap(v0, dh);
        const n2 = lastTap(v0, dh, kh, h) - r0;
        const line = <usize>(z0 + t0 * dd) * slice + <usize>(v0 + r0 * dh) * row;
        for (let u = 0; u < ow; u++) {
          const u0 = u * sw - pw;
          const q0 = firstTap(u0, dw);
          const n3 = lastTap(u0, dw, kw, w) - q0;
          const at = line + <usize>(u0 + q0 * dw) * cell;
          if (kind == MAXIMUM) poolWindow(x + at, y, c, n1, n2, n3, s1, s2, s3, extra, false);
          if (kind == AVERAGE) poolWindow(x + at, y, c, n1, n2, n3, s1, s2, s3, extra, true);
          if (kind == ARGMAX) {
            const first = <i32>((at + (extra ? b * image : 0)) >> 2);
            storeMaximum(x + at, y, index, c, n1, n2, n3, s1, s2, s3, first);
          }
          if (kind == MAXIMUM_GRADIENT) addToMaximum(x + at, dx + at, y, c, n1, n2, n3, s1, s2, s3);
          if (kind == AVERAGE_GRADIENT) spread(dx + at, y, c, n1, n2, n3, s1, s2, s3);
          y += cell;
          index += cell;
        }
      }
    }
    x += image;
    dx += image;
  }
}
